# shellcheck shell=bash disable=SC2034 # bin/compile and its other files read what this one sets
# What the app says of itself, in composer.json and composer.lock.

# Sets EXTENSIONS, the names that something of the app or its packages requires; PHP_CONSTRAINTS; BIN_DIR.
read_manifest() {
  EXTENSIONS=() PHP_CONSTRAINTS=() BIN_DIR=vendor/bin
  if [[ ! -f composer.json ]]; then
    warning 'Warning: There is no composer.json. The app is served as it is, by the newest PHP of the stack.'
    return
  fi
  check_json composer.json
  [[ ! -f composer.lock ]] || check_json composer.lock
  if [[ ! -f composer.lock && -n $(jq -r '(.require // {}) | keys[] | select(contains("/"))' composer.json) ]]; then
    fail 'There is a composer.json that requires packages, but no composer.lock.' \
      'Without it, every build could get other versions. In the directory of the app:' '' '    composer update' '' \
      'Then commit composer.lock, and see to it that .gitignore does not name it.'
  fi
  mapfile -t EXTENSIONS < <(required 'keys[] | select(startswith("ext-")) | .[4:] | ascii_downcase' | sort -u)
  mapfile -t PHP_CONSTRAINTS < <(required '.php // empty, ."php-64bit" // empty' | sort -u)
  BIN_DIR=$(jq -r '.config["bin-dir"] // ((.config["vendor-dir"] // "vendor") + "/bin")' composer.json)
  BIN_DIR=${BIN_DIR%/}
  if [[ $BIN_DIR == /* || /$BIN_DIR/ == */../* || ! $BIN_DIR =~ ^[A-Za-z0-9._/-]+$ ]]; then
    fail "composer.json has programs installed at ${BIN_DIR:0:100}, which is no directory of the app." \
      'Change config.bin-dir or config.vendor-dir.'
  fi
}

# required FILTER: of every `require` of the app and of the packages that it runs with.
required() {
  local lock=/dev/null
  [[ ! -f composer.lock ]] || lock=composer.lock
  jq -r "[.require?, .platform?, .packages[]?.require?][] | select(type == \"object\") | $1" composer.json "$lock"
}

# provided NAME: whether a package stands in for the extension (a polyfill).
provided() {
  [[ -f composer.lock ]] && jq -e --arg name "ext-$1" 'any(.packages[]?.provide? // {}; has($name))' composer.lock >/dev/null
}

check_json() {
  jq -e 'type == "object"' "$1" >/dev/null 2>&1 ||
    fail "$1 cannot be read: it is no valid JSON." 'To see where: composer validate'
}
