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
  if ! no_package_compiles || ! only_translates "$1"; then
    provide_headers
  fi
  if [[ $PACKAGE_MANAGER == npm ]]; then
    indented npm run "$@"
  else
    local script=$1
    shift
    [[ ${1:-} != -- ]] || shift
    indented "$PACKAGE_MANAGER" run "$script" "$@"
  fi
}

# only_translates SCRIPT: whether it, and what goes before and after it, runs nothing but tools that make JavaScript and style
# sheets of other files.
only_translates() {
  jq -e --arg name "$1" '[.scripts["pre" + $name, $name, "post" + $name] // empty | tostring | split("&&")[]] | all(
    test("^ *(astro|babel|esbuild|gatsby|nest|next|ng|nuxi|nuxt|parcel|postcss|react-scripts|remix|rollup|sass|svelte-kit|swc|tailwindcss|tsc|tsup|vite|vue-cli-service|vue-tsc|webpack)( [^&;|`$<>()]*)?$"))' package.json >/dev/null
}
