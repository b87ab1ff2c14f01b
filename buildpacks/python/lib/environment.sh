# Config vars, hooks, and what the dyno gets.

# Every config var but those that would break the build itself.
set_environment() {
  local file name
  for file in "$ENV_DIR"/*; do
    name=${file##*/}
    if [[ -f $file && ! $name =~ ^(PATH|GIT_DIR|CPATH|CPPATH|LD_PRELOAD|LIBRARY_PATH|LD_LIBRARY_PATH|PYTHONHOME|PYTHONPATH|VIRTUAL_ENV)$ ]]; then
      export "$name=$(<"$file")"
    fi
  done
  export LANG=${LANG:-C.UTF-8} PYTHONUNBUFFERED=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 PIP_PROGRESS_BAR=off
  export VIRTUAL_ENV=$PYTHON_HOME PATH=$PYTHON_HOME/bin:$PATH
}

# run_hook NAME: bin/NAME of the app, if there is one.
run_hook() {
  if [[ -f bin/$1 ]]; then
    header "Running bin/$1 hook"
    chmod +x "bin/$1"
    DOING="The bin/$1 hook"
    indented "./bin/$1"
  fi
}

# For the dyno, and for the buildpacks after this one.
write_profile() {
  cp "$BUILDPACK_DIR"/profile/*.sh .profile.d/
  cat >"$BUILDPACK_DIR/export" <<SH
export PATH="$PYTHON_HOME/bin:\$PATH"
export PYTHONUNBUFFERED=true
export LANG="\${LANG:-C.UTF-8}"
SH
}
