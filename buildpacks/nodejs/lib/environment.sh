# shellcheck shell=bash
# Config vars and defaults. What config vars say wins over the defaults.

set_environment() {
  export_config_vars
  export NPM_CONFIG_LOGLEVEL=${NPM_CONFIG_LOGLEVEL:-error}
  export NODE_MODULES_CACHE=${NODE_MODULES_CACHE:-true}
  export NODE_ENV=${NODE_ENV:-production}
  export NODE_VERBOSE=${NODE_VERBOSE:-false}
  export NODE_OPTIONS=${NODE_OPTIONS:---max_old_space_size=2560}
  export NPM_CONFIG_UPDATE_NOTIFIER=false NPM_CONFIG_FUND=false NPM_CONFIG_AUDIT=false
  export CI=${CI:-true}
  REGISTRY=${NPM_CONFIG_REGISTRY:-https://registry.npmjs.org}
  export REGISTRY=${REGISTRY%/}
}

# Every config var but those that would break the build itself.
export_config_vars() {
  local file name
  for file in "$ENV_DIR"/*; do
    name=${file##*/}
    if [[ -f $file && ! $name =~ ^(PATH|GIT_DIR|CPATH|CPPATH|LD_PRELOAD|LIBRARY_PATH|LANG|BUILD_DIR)$ ]]; then
      export "$name=$(<"$file")"
    fi
  done
}

list_environment() {
  detail
  local name
  for name in NPM_CONFIG_LOGLEVEL NODE_VERBOSE NODE_ENV NODE_MODULES_CACHE; do
    detail "$name=${!name}"
  done
  detail
}

# For the dyno, and for the buildpacks after this one.
write_profile() {
  cp "$BUILDPACK_DIR"/profile/*.sh .profile.d/
  cat >"$BUILDPACK_DIR/export" <<SH
export PATH="$BUILD_DIR/.heroku/node/bin:$BUILD_DIR/.heroku/yarn/bin:\$PATH:$BUILD_DIR/node_modules/.bin"
export NODE_HOME="$BUILD_DIR/.heroku/node"
export NODE_OPTIONS="\${NODE_OPTIONS:---max_old_space_size=2560}"
SH
}
