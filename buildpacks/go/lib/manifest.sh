# shellcheck shell=bash disable=SC2034 # bin/compile and its other files read what this one sets
# What the app says of itself: in go.mod, or in the file of one of the tools that there were before.

# Sets MANIFEST; IMPORT_PATH, where there are no modules; ASKED, the version that is asked for, ORIGIN, where, and AT_LEAST,
# when a newer one will do; SPECS, the packages to build.
read_manifest() {
  IMPORT_PATH='' ASKED='' ORIGIN='' AT_LEAST='' SPECS=()
  if [[ -f go.mod ]]; then
    MANIFEST=go.mod
    read_go_mod
  elif [[ -f Godeps/Godeps.json ]]; then
    MANIFEST=Godeps/Godeps.json
    check_json
    IMPORT_PATH=$(json .ImportPath) ASKED=$(json .GoVersion)
    mapfile -t SPECS < <(json '.Packages[]?')
  elif [[ -f vendor/vendor.json ]]; then
    MANIFEST=vendor/vendor.json
    check_json
    IMPORT_PATH=$(json .rootPath) ASKED=$(json .heroku.goVersion)
    mapfile -t SPECS < <(json '.heroku.install[]?')
  elif [[ -f Gopkg.lock ]]; then
    MANIFEST=Gopkg.toml
    IMPORT_PATH=$(heroku_metadata root-package) ASKED=$(heroku_metadata go-version)
  elif [[ -f glide.yaml ]]; then
    MANIFEST=glide.yaml
    IMPORT_PATH=$(sed -nE 's/^package:[[:space:]]*//p' glide.yaml | tr -d "\"'" | head -n 1)
  else
    fail 'This app has Go code under src/, and nothing that says how to build it.' \
      'Go programs are modules now. In the directory of the app:' '' '    go mod init example.com/app && go mod tidy' '' \
      'Then commit go.mod and go.sum.'
  fi
  if [[ -n ${GOVERSION:-} ]]; then
    ASKED=$GOVERSION ORIGIN='the config var GOVERSION' AT_LEAST=''
  elif [[ -n $ASKED && -z $ORIGIN ]]; then
    ORIGIN=$MANIFEST
  fi
  if [[ -n ${GO_INSTALL_PACKAGE_SPEC:-} ]]; then
    read -ra SPECS <<<"$GO_INSTALL_PACKAGE_SPEC"
  fi
  if [[ $MANIFEST != go.mod ]]; then
    read_old_manifest
  fi
}

# `// +heroku goVersion go1.22`, or else the toolchain, or else the language's version: both of these are the least that will
# do.
read_go_mod() {
  local line
  ASKED=$(sed -nE 's#^[[:space:]]*//[[:space:]]*\+heroku[[:space:]]+goVersion[[:space:]]+([^[:space:]]+).*#\1#p' go.mod | head -n 1)
  [[ -n $ASKED ]] || AT_LEAST=1
  [[ -n $ASKED ]] || ASKED=$(sed -nE 's/^[[:space:]]*toolchain[[:space:]]+([^[:space:]]+).*/\1/p' go.mod | head -n 1)
  [[ -n $ASKED ]] || ASKED=$(sed -nE 's/^[[:space:]]*go[[:space:]]+([^[:space:]]+).*/\1/p' go.mod | head -n 1)
  while read -r line; do
    read -ra SPECS <<<"$line"
  done < <(sed -nE 's#^[[:space:]]*//[[:space:]]*\+heroku[[:space:]]+install[[:space:]]+(.*)#\1#p' go.mod)
}

# All of these need the path that the app's packages are imported by.
read_old_manifest() {
  warning "Warning: $MANIFEST is of a tool that is no longer maintained. To move on: go mod init && go mod tidy"
  if [[ ! $IMPORT_PATH =~ ^[A-Za-z0-9._~-]+(/[A-Za-z0-9._~-]+)*$ || /$IMPORT_PATH/ == */../* ]]; then
    fail "$MANIFEST does not say by which path the app's packages are imported." \
      'Go programs are modules now. In the directory of the app:' '' '    go mod init example.com/app && go mod tidy' '' \
      'Then commit go.mod and go.sum.'
  fi
}

json() { jq -r "$1 // empty" "$MANIFEST"; }

check_json() { jq empty "$MANIFEST" 2>/dev/null || fail "$MANIFEST cannot be read: it is no valid JSON."; }

# A key of `[metadata.heroku]` in Gopkg.toml.
heroku_metadata() {
  awk -v key="$1" '/^[[:space:]]*\[/ { inside = /metadata\.heroku/ } inside && $1 == key { print $3 }' Gopkg.toml 2>/dev/null |
    tr -d "\"'" | head -n 1
}
