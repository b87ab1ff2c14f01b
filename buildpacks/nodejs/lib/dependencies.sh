# shellcheck shell=bash
# node_modules: installed by the app's package manager, or taken from the last build when nothing that decides what is
# in it has changed.

# Of everything that decides what is in node_modules. Empty: more than the lock file does.
MODULES_KEY=

install_dependencies() {
  if [[ -d node_modules ]]; then
    rm -rf "$CACHE_DIR/modules"
    provide_headers
    warning 'node_modules is checked in; its native addons are rebuilt, and what is missing is installed.'
    detail
    # shellcheck disable=SC2154 # provide_headers exports it
    indented npm rebuild --nodedir="$npm_config_nodedir"
    indented npm install --include=dev
    return
  fi
  if may_reuse_modules; then
    MODULES_KEY=$(modules_key)
    if [[ -f $CACHE_DIR/modules/key && $(<"$CACHE_DIR/modules/key") == "$MODULES_KEY" ]]; then
      detail "Using node_modules of the last build: ${LOCK_FILE} has not changed"
      if restore_modules; then
        return
      fi
      detail 'They cannot be unpacked: installing them'
      rm -rf node_modules
    fi
  fi
  rm -rf "$CACHE_DIR/modules" "$RESTORED_DIR/modules"
  open_package_cache
  trim_package_cache
  no_package_compiles || provide_headers
  case $PACKAGE_MANAGER in
    npm) install_with_npm ;;
    yarn) install_with_yarn ;;
    pnpm) install_with_pnpm ;;
  esac
  if [[ -n $MODULES_KEY && -d node_modules ]]; then
    header 'Caching build'
    detail '- node_modules'
    mkdir -p "$CACHE_DIR/modules"
    # Compressed: restoring the cache then writes little, and what is in here is written once, to where it belongs.
    pack_archive node_modules >"$CACHE_DIR/modules/packed"
    echo "$MODULES_KEY" >"$CACHE_DIR/modules/key"
  fi
}

# Unpacked already, where the build was waited for.
restore_modules() {
  if [[ -d $RESTORED_DIR/modules/node_modules ]]; then
    mv "$RESTORED_DIR/modules/node_modules" .
  else
    unpack_archive "$CACHE_DIR/modules/packed" .
  fi
}

install_with_npm() {
  local arguments=(install)
  use_npm_cache
  if [[ -n $LOCK_FILE && -z ${USE_NPM_INSTALL:-} ]]; then
    detail 'Installing node modules'
    arguments=(ci)
  else
    detail 'Installing node modules (package.json)'
  fi
  # devDependencies are there for the build, and pruned after it.
  if ((${NPM_VERSION%%.*} >= 7)); then arguments+=(--include=dev); else arguments+=(--production=false); fi
  [[ -z ${NPM_CONFIG_PRODUCTION:-} ]] || arguments=("${arguments[0]}")
  indented npm "${arguments[@]}"
}

install_with_yarn() {
  use_yarn_cache
  detail 'Installing node modules (yarn.lock)'
  if yarn_is_classic; then
    local arguments=(--production=false)
    [[ -z ${YARN_PRODUCTION:-}${NPM_CONFIG_PRODUCTION:-} ]] || arguments=()
    [[ -z $LOCK_FILE ]] || arguments+=(--frozen-lockfile)
    indented yarn install --ignore-engines --prefer-offline --non-interactive "${arguments[@]}"
  else
    export YARN_ENABLE_TELEMETRY=0
    indented yarn install ${LOCK_FILE:+--immutable}
  fi
}

install_with_pnpm() {
  detail 'Installing node modules (pnpm-lock.yaml)'
  local arguments=(--prod=false)
  [[ -z $LOCK_FILE ]] || arguments+=(--frozen-lockfile)
  indented pnpm_with_store install "${arguments[@]}"
}

prune_dependencies() {
  header 'Pruning devDependencies'
  if [[ $NODE_ENV != production ]]; then
    detail "Skipping because NODE_ENV is not 'production'"
  elif [[ -n ${NPM_CONFIG_PRODUCTION:-}${YARN_PRODUCTION:-} ]]; then
    detail 'Skipping because NPM_CONFIG_PRODUCTION or YARN_PRODUCTION is set'
  elif [[ $HAS_DEV_DEPENDENCIES != true ]]; then
    detail 'There are none'
  elif may_prune_as_before; then
    detail 'Removing what the last build removed'
    prune_as_before
  else
    open_package_cache
    before_pruning
    prune_with_"$PACKAGE_MANAGER"
    remember_pruning || rm -rf "$CACHE_DIR/modules/pruned"
  fi
}

prune_with_npm() {
  local arguments=(--omit=dev)
  ((${NPM_VERSION%%.*} >= 7)) || arguments=(--production)
  use_npm_cache
  # Nothing is fetched to remove something.
  indented npm prune --offline "${arguments[@]}"
}

# What npm notes of each of its runs lies elsewhere: a build without a change leaves the cache as it is.
use_npm_cache() {
  export npm_config_cache=$CACHE_DIR/packages/npm npm_config_logs_dir=/tmp/npm-logs npm_config_update_notifier=false
}

use_yarn_cache() {
  export YARN_CACHE_FOLDER=$CACHE_DIR/packages/yarn YARN_GLOBAL_FOLDER=$CACHE_DIR/packages/yarn-global
}

prune_with_yarn() {
  use_yarn_cache
  if yarn_is_classic; then
    indented yarn install --ignore-engines --prefer-offline --non-interactive --frozen-lockfile --ignore-scripts --production
  elif ((${PACKAGE_MANAGER_VERSION%%.*} >= 4)); then
    indented yarn workspaces focus --all --production
  else
    detail "Skipping because yarn $PACKAGE_MANAGER_VERSION cannot do it without a plugin"
  fi
}

prune_with_pnpm() {
  indented pnpm_with_store prune --prod --config.ignore-scripts=true
}

# Both names: pnpm 11 no longer reads npm's.
pnpm_with_store() {
  npm_config_store_dir=$CACHE_DIR/packages/pnpm pnpm_config_store_dir=$CACHE_DIR/packages/pnpm pnpm "$@"
}

yarn_is_classic() { [[ $PACKAGE_MANAGER_VERSION == 1.* ]]; }

# --- pruning these same modules as the last build did: package managers take seconds to find out what to remove ---

readonly PRUNING=/tmp/pruning

# What is installed must be what was, whatever the app's scripts have done to it meanwhile.
may_prune_as_before() {
  local directory=$CACHE_DIR/modules/pruned
  [[ -n $MODULES_KEY && -f $directory/complete && $(installed_packages) == "$(<"$directory/packages")" ]]
}

prune_as_before() {
  xargs --no-run-if-empty -d '\n' rm -rf -- <"$CACHE_DIR/modules/pruned/removed"
  tar -xf "$CACHE_DIR/modules/pruned/changed.tar"
}

before_pruning() {
  rm -rf "$PRUNING" && mkdir "$PRUNING"
  installed_packages >"$PRUNING/packages"
  installed_files >"$PRUNING/files"
  decisive_files >"$PRUNING/decisive"
}

# Fails where it cannot be told what pruning did: Yarn 1 also looks into packages that stay, and npm tidies up a lock file by
# the way.
remember_pruning() {
  local directory=$CACHE_DIR/modules/pruned
  [[ -f $CACHE_DIR/modules/key && $PACKAGE_MANAGER != yarn && -f $LOCK_FILE && $(decisive_files) == "$(<"$PRUNING/decisive")" ]] || return 1
  rm -rf "$directory" && mkdir "$directory" || return 1
  installed_files | LC_ALL=C comm -23 "$PRUNING/files" - >"$directory/removed" || return 1
  find node_modules -ignore_readdir_race '(' -type f -o -type l ')' -cnewer "$PRUNING/decisive" -print0 | LC_ALL=C sort -z |
    tar --null --no-recursion --files-from - -cf "$directory/changed.tar" || return 1
  cp "$PRUNING/packages" "$directory/packages" && touch "$directory/complete"
}

# A script of the app's may have removed one.
decisive_files() { sha256sum package.json ${LOCK_FILE:+"$LOCK_FILE"} 2>/dev/null || true; }

installed_files() { find node_modules -ignore_readdir_race 2>/dev/null | LC_ALL=C sort || true; }

# Every package, and what packages can be run by.
installed_packages() {
  find node_modules -ignore_readdir_race -regextype posix-extended '(' -type d -o -path '*/.bin/*' -o -type l ')' \
    '(' -name node_modules -o -regex '(.*/)?node_modules/(@[^/]+/|\.bin/|\.pnpm/)?[^/]+' ')' 2>/dev/null | LC_ALL=C sort || true
}

# Whether the lock file alone decides what is in node_modules: no scripts of the app's that run at installation, no
# packages from its own source.
may_reuse_modules() {
  local script
  [[ -n $LOCK_FILE && $NODE_MODULES_CACHE == true && $HAS_LOCAL_PACKAGES == false && -z ${USE_NPM_INSTALL:-} ]] || return 1
  [[ ! -e pnpm-workspace.yaml && ! -e binding.gyp && ! -e .pnpmfile.cjs && ! -e patches && ! -e .yarnrc.yml ]] || return 1
  for script in preinstall install postinstall prepublish preprepare prepare postprepare dependencies heroku-prebuild; do
    ! has_script $script || return 1
  done
}

# Whether npm's lock file says of every package for this system that it runs nothing when it is installed.
no_package_compiles() {
  [[ $LOCK_FILE == package-lock.json && ! -e binding.gyp && $SCRIPTS != *install* ]] &&
    jq -e '(.lockfileVersion | IN(2, 3)) and
      all(.packages[]; .hasInstallScript != true or
        (.os != null and (.os | index("linux") == null and all(.[]; startswith("!") | not))))' package-lock.json &>/dev/null
}

modules_key() {
  {
    echo "v2 ${STACK:-} node-$NODE_VERSION $PACKAGE_MANAGER-$PACKAGE_MANAGER_VERSION $NODE_ENV"
    echo "$DEPENDENCY_FIELDS"
    env | grep -iE '^(npm|yarn|pnpm)_' | grep -vE '^npm_config_(cache|nodedir|logs_dir|update_notifier)=' | LC_ALL=C sort || true
    cat "$LOCK_FILE"
    cat .npmrc .yarnrc 2>/dev/null || true
  } | sha256sum
}

# --- what package managers download: as one file, since most builds need nothing of it, and not for ever ---

open_package_cache() {
  if [[ ! -d $CACHE_DIR/packages && -f $CACHE_DIR/packages.tar ]]; then
    tar -C "$CACHE_DIR" -xf "$CACHE_DIR/packages.tar"
  fi
}

trim_package_cache() {
  local size
  [[ -d $CACHE_DIR/packages ]] || return 0
  size=$(du -sm "$CACHE_DIR/packages" | cut -f1)
  if ((size > 512)) || [[ $NODE_MODULES_CACHE != true ]]; then
    rm -rf "$CACHE_DIR/packages" "$CACHE_DIR/packages.tar"
  fi
}

# The same as before stays as it was, so that the cache has not changed.
close_package_cache() {
  local packages=$CACHE_DIR/packages
  if needs_no_downloads || [[ $NODE_MODULES_CACHE != true ]]; then
    rm -f "$packages.tar"
  elif [[ -d $packages && ( ! -f $packages.tar || -n $(find "$packages" -type f -newer "$packages.tar" -print -quit) ) ]]; then
    tar -C "$CACHE_DIR" -cf "$packages.tar" packages
  fi
  rm -rf "$packages"
}

# Whether the next build, if it is of the same packages, asks no package manager for anything.
needs_no_downloads() {
  [[ -f $CACHE_DIR/modules/key && ( -f $CACHE_DIR/modules/pruned/complete || ! -d $PRUNING ) ]]
}
