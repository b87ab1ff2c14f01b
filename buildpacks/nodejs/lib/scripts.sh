# shellcheck shell=bash
# The app's own steps, by their names in package.json.

run_prebuild() {
  if has_script heroku-prebuild; then
    header 'Prebuild'
    run_script heroku-prebuild
  fi
}

# heroku-postbuild takes the place of build.
run_build() {
  header 'Build'
  if has_script heroku-postbuild; then
    detail 'Running heroku-postbuild'
    run_script heroku-postbuild
  elif has_script build; then
    detail "Running build${NODE_BUILD_FLAGS:+ (with flags $NODE_BUILD_FLAGS)}"
    local flags=()
    read -ra flags <<<"${NODE_BUILD_FLAGS:-}"
    run_script build ${flags[@]+-- "${flags[@]}"}
  fi
}

run_cleanup() {
  if has_script heroku-cleanup; then
    header 'Cleanup'
    run_script heroku-cleanup
  fi
}

run_script() {
  provide_headers
  if [[ $PACKAGE_MANAGER == npm ]]; then
    indented npm run "$@"
  else
    local script=$1
    shift
    [[ ${1:-} != -- ]] || shift
    indented "$PACKAGE_MANAGER" run "$script" "$@"
  fi
}
