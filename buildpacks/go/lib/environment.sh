# Config vars, hooks, and where Go keeps things. The places are the same in every build, so that programs are, too.

readonly GO_ROOT=/tmp/go
readonly GO_WORKSPACE=/tmp/gopath

set_environment() {
  local file name
  for file in "$ENV_DIR"/*; do
    name=${file##*/}
    if [[ -f $file && ! $name =~ ^(PATH|GIT_DIR|LD_PRELOAD|LD_LIBRARY_PATH|GOROOT|GOPATH|GOBIN|GOCACHE|GOMODCACHE|GOTOOLCHAIN|GOMEMLIMIT|GOGC)$ ]]; then
      export "$name=$(<"$file")"
    fi
  done
  export GOPATH=$GO_WORKSPACE GOBIN=$BUILD_DIR/bin GOCACHE=$CACHE_DIR/build GOMODCACHE=$CACHE_DIR/modules
  # What is downloaded can be deleted; the version is what was chosen here, not what Go would fetch by itself.
  export GOFLAGS="${GOFLAGS:+$GOFLAGS }-modcacherw" GOTOOLCHAIN=local
  export PATH=$GO_ROOT/bin:$PATH
}

# run_hook NAME: bin/NAME of the app, if there is one.
run_hook() {
  if [[ -f $BUILD_DIR/bin/$1 ]]; then
    header "Running bin/$1 hook"
    chmod +x "$BUILD_DIR/bin/$1"
    DOING="The bin/$1 hook"
    indented "$BUILD_DIR/bin/$1"
  fi
}
