# shellcheck shell=bash disable=SC2034 # bin/compile and its other files read what this one sets
# Composer, of Debian's packages with a PHP of its own, and what it installs.

readonly TOOLS=/tmp/paas-php-tools

install_composer() {
  DOING='The installation of Composer'
  header 'Installing Composer'
  debian_install "$CACHE_DIR/composer-packages" "$TOOLS" composer >/tmp/composer.log
  grep 'Using the packages' /tmp/composer.log || true
  # Debian's packages name each other by where they are otherwise.
  grep -rlE "['\"]/usr/share/" "$TOOLS/usr/share/php" | xargs -r sed -i -E "s#(['\"])/usr/share/#\1$TOOLS/usr/share/#g"
  detail "$(tools_php "$TOOLS/usr/bin/composer" --version --no-ansi 2>&1 | head -n 1)"
  DOING=
}

# PHP of the tools, with the extensions that Composer needs and nothing of the app's.
tools_php() {
  local directory=("$TOOLS"/usr/lib/php/2*)
  env -u PHPRC -u PHP_INI_SCAN_DIR LD_LIBRARY_PATH="$TOOLS/usr/lib/$(uname -m)-linux-gnu" \
    "$TOOLS/usr/bin/php$PHP_STACK_SERIES" -n -d "extension_dir=${directory[0]}" -d extension=phar.so -d extension=iconv.so \
    -d extension=mbstring.so -d extension=intl.so -d extension=ctype.so -d extension=tokenizer.so \
    -d "include_path=.:$TOOLS/usr/share/php" "$@"
}

# composer ARGUMENT...: by the app's PHP, since it checks that for what packages require.
composer() {
  COMPOSER_HOME=/tmp/composer COMPOSER_CACHE_DIR=$CACHE_DIR/composer COMPOSER_NO_INTERACTION=1 COMPOSER_MEMORY_LIMIT=-1 \
    COMPOSER_ROOT_VERSION=${COMPOSER_ROOT_VERSION:-1.0.0} \
    php -d "include_path=.:$TOOLS/usr/share/php" "$TOOLS/usr/bin/composer" --no-ansi "$@"
}

install_packages() {
  detail "$(php -r 'echo "PHP ", PHP_VERSION, " with ", implode(", ", array_map("strtolower", get_loaded_extensions()));' | fold -s -w 100 | head -n 8 |
    sed '2,$s/^/       /')"
  [[ -f composer.json ]] || return 0
  header 'Installing dependencies'
  DOING='composer install'
  if [[ -n ${COMPOSER_GITHUB_OAUTH_TOKEN:-} ]]; then
    composer config --global github-oauth.github.com "$COMPOSER_GITHUB_OAUTH_TOKEN" >/dev/null 2>&1
  fi
  indented composer install --no-dev --prefer-dist --optimize-autoloader --no-interaction --no-progress
  DOING=
}

# Heroku: the script `compile` of composer.json, after everything is there.
run_compile_script() {
  if [[ -f composer.json ]] && jq -e '.scripts.compile' composer.json >/dev/null; then
    header "Running 'composer compile'"
    DOING="The script 'compile' of composer.json"
    indented composer run-script --no-dev compile
    DOING=
  fi
}

# On the PATH, and where Procfiles name them.
install_boot_scripts() {
  local name up
  mkdir -p "$BIN_DIR"
  up=$(realpath --relative-to="$BIN_DIR" .heroku/php/bin)
  cp "$BUILDPACK_DIR/scripts/boot" .heroku/php/bin/heroku-php
  chmod +x .heroku/php/bin/heroku-php
  for name in heroku-php-apache2 heroku-php-nginx; do
    ln -sfn heroku-php ".heroku/php/bin/$name"
    ln -sfn "$up/$name" "$BIN_DIR/$name"
  done
}
