# shellcheck shell=bash
# Where Go keeps things. The places are the same in every build, so that programs are, too.

readonly GO_ROOT=/tmp/go
readonly GO_WORKSPACE=/tmp/gopath

set_environment() {
  export_config_vars GOROOT GOPATH GOBIN GOCACHE GOMODCACHE GOTOOLCHAIN GOMEMLIMIT GOGC
  export GOPATH=$GO_WORKSPACE GOBIN=$BUILD_DIR/bin GOCACHE=$CACHE_DIR/build GOMODCACHE=$CACHE_DIR/modules
  # What is downloaded can be deleted; the version is what was chosen here, not what Go would fetch by itself.
  export GOFLAGS="${GOFLAGS:+$GOFLAGS }-modcacherw" GOTOOLCHAIN=local
  export PATH=$GO_ROOT/bin:$PATH
}
