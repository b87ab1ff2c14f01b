# shellcheck shell=bash
# node_modules: installed by the app's package manager, or taken from the last build when nothing that decides what is
# in it has changed.

install_dependencies() {
  if [[ -d node_modules ]]; then
    provide_headers
    warning 'node_modules is checked in; its native addons are rebuilt, and what is missing is installed.'
    detail
    # shellcheck disable=SC2154 # provide_headers exports it
    indented npm rebuild --nodedir="$npm_config_nodedir"
    indented npm install --include=dev
    return
  fi
  local key=
  if may_reuse_modules; then
    key=$(modules_key)
    if [[ -f $CACHE_DIR/modules/key && $(<"$CACHE_DIR/modules/key") == "$key" ]]; then
      detail "Using node_modules of the last build: ${LOCK_FILE} has not changed"
      tar -xf "$CACHE_DIR/modules/node_modules.tar"
      return
    fi
  fi
  rm -rf "$CACHE_DIR/modules"
  trim_package_cache
  no_package_compiles || provide_headers
  case $PACKAGE_MANAGER in
    npm) install_with_npm ;;
    yarn) install_with_yarn ;;
    pnpm) install_with_pnpm ;;
  esac
  if [[ -n $key && -d node_modules ]]; then
    header 'Caching build'
    detail '- node_modules'
    mkdir -p "$CACHE_DIR/modules"
    tar -cf "$CACHE_DIR/modules/node_modules.tar" node_modules
    echo "$key" >"$CACHE_DIR/modules/key"
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
  export YARN_CACHE_FOLDER=$CACHE_DIR/packages/yarn YARN_GLOBAL_FOLDER=$CACHE_DIR/packages/yarn-global
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
  else
    prune_with_"$PACKAGE_MANAGER"
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

prune_with_yarn() {
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

# Whether npm's lock file says of every package that it runs nothing when it is installed.
no_package_compiles() {
  [[ $LOCK_FILE == package-lock.json ]] && grep -Eq '"lockfileVersion": *[23]' package-lock.json &&
    ! grep -q '"hasInstallScript"' package-lock.json && [[ ! -e binding.gyp && $SCRIPTS != *install* ]]
}

modules_key() {
  {
    echo "v1 ${STACK:-} node-$NODE_VERSION $PACKAGE_MANAGER-$PACKAGE_MANAGER_VERSION $NODE_ENV"
    echo "$DEPENDENCY_FIELDS"
    env | grep -iE '^(npm|yarn|pnpm)_' | grep -vE '^npm_config_(cache|nodedir|logs_dir|update_notifier)=' | LC_ALL=C sort || true
    cat "$LOCK_FILE"
    cat .npmrc .yarnrc 2>/dev/null || true
  } | sha256sum
}

# What package managers download is kept too, but not for ever.
trim_package_cache() {
  local size
  [[ -d $CACHE_DIR/packages ]] || return 0
  size=$(du -sm "$CACHE_DIR/packages" | cut -f1)
  if ((size > 512)) || [[ $NODE_MODULES_CACHE != true ]]; then
    rm -rf "$CACHE_DIR/packages"
  fi
}
