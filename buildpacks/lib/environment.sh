# shellcheck shell=bash disable=SC2034 # bin/compile and its other files read what this one sets
# Config vars and hooks of the app, for languages whose tools look at the environment while they build.

# export_config_vars NAME...: every config var but these and those that would break any build.
export_config_vars() {
  local file name broken=" PATH GIT_DIR CPATH CPPATH LD_PRELOAD LIBRARY_PATH LD_LIBRARY_PATH $* "
  for file in "$ENV_DIR"/*; do
    name=${file##*/}
    if [[ -f $file && $broken != *" $name "* ]]; then
      export "$name=$(<"$file")"
    fi
  done
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
