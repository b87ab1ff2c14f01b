# shellcheck shell=bash disable=SC2034 # bin/compile and its other files read what this one sets
# PHP itself, its extensions, and Apache.

PHP_HOME=$BUILD_DIR/.heroku/php
# Besides what is compiled in and what comes with php8.4-cli: Heroku's defaults.
readonly PHP_DEFAULT_EXTENSIONS=(opcache readline curl mbstring sqlite xml zip)
# What only scripts of packages, apxs, or modules that are not loaded want: a third of it all.
readonly PHP_LEFT_OUT=(perl perl-modules-5.40 libperl5.40 libgdbm6t64 libgdbm-compat4t64 liblua5.4-0 libaprutil1-ldap
  libaprutil1-dbd-sqlite3 systemd libsystemd-shared psmisc sensible-utils ucf libtext-charwidth-perl libtext-wrapi18n-perl)

# Sets SERIES, 8.4 where that will do.
choose_version() {
  local series constraints
  constraints=$(printf ', %s' "${PHP_CONSTRAINTS[@]}")
  SERIES=$PHP_STACK_SERIES
  if satisfied "$(tools_php -r 'echo PHP_VERSION;')"; then
    return
  fi
  if [[ -n $PHP_URL ]]; then
    for series in "${PHP_OTHER_SERIES[@]}"; do
      if satisfied "$series.99"; then
        SERIES=$series
        return
      fi
    done
  fi
  fail "This app requires PHP ${constraints:2}, and there is PHP $PHP_STACK_SERIES." \
    "What composer.json and the packages in composer.lock ask for has to allow $PHP_STACK_SERIES:" '' \
    "    composer require 'php:^$PHP_STACK_SERIES' && composer update" '' \
    'Whoever runs this server can offer other versions (see docs/buildpacks.md, PHP).'
}

# satisfied VERSION: whether it is what every constraint allows.
satisfied() {
  local status=0 message
  # shellcheck disable=SC2016 # PHP's own variables
  message=$(tools_php -r '
    require "Composer/Semver/autoload.php";
    foreach (array_slice($argv, 2) as $constraint) {
      try {
        if (!Composer\Semver\Semver::satisfies($argv[1], $constraint)) { exit(1); }
      } catch (UnexpectedValueException $error) {
        echo $constraint;
        exit(2);
      }
    }' -- "$1" "${PHP_CONSTRAINTS[@]}") || status=$?
  [[ $status != 2 ]] || fail "Invalid PHP version in composer.json: ${message:0:100}" \
    "Give a version such as ^$PHP_STACK_SERIES."
  return "$status"
}

install_php() {
  local packages=() extension wanted=()
  header "Installing PHP $SERIES and Apache"
  DOING='The installation of PHP'
  rm -rf "$PHP_HOME"
  mkdir -p "$PHP_HOME"/{bin,etc/conf.d}
  if [[ $SERIES == "$PHP_STACK_SERIES" ]]; then
    packages=("php$SERIES-cli" "php$SERIES-fpm")
    wanted=("${PHP_DEFAULT_EXTENSIONS[@]}")
    for extension in "${EXTENSIONS[@]}"; do
      provided "$extension" || wanted+=("$extension")
    done
    for extension in "${wanted[@]}"; do
      extension=$(debian_extension "$extension")
      [[ -z $extension ]] || packages+=("php$SERIES-$extension")
    done
    mapfile -t packages < <(printf '%s\n' "${packages[@]}" | sort -u)
  else
    fetch_php
  fi
  # shellcheck disable=SC2034 # debian_install reads it
  local DEBIAN_LEFT_OUT=("${PHP_LEFT_OUT[@]}")
  debian_install "$CACHE_DIR/packages" "$PHP_HOME" apache2-bin media-types "${packages[@]}"
  rm -rf "${PHP_HOME:?}"/usr/share/{doc,man,lintian,bug,locale,perl5,debconf} "${PHP_HOME:?}"/{var,usr/include,usr/lib/systemd}
  ln -sfn "../usr/bin/php$SERIES" "$PHP_HOME/bin/php"
  ln -sfn "../usr/sbin/php-fpm$SERIES" "$PHP_HOME/bin/php-fpm"
  write_ini
  DOING=
}

# As the nginx buildpack does, without what that puts where apps see it.
install_web_server() {
  local before=()
  mapfile -t before < <(find bin config bin/nginx config/mime.types -prune 2>/dev/null || true)
  install_nginx "$CACHE_DIR/nginx"
  local path
  for path in bin/nginx config/mime.types bin config; do
    [[ " ${before[*]} " == *" $path "* ]] || rm -df "$path"
  done
}

# The package that has the extension, without its first part; nothing for what every PHP of Debian's has.
debian_extension() {
  case $1 in
    core | standard | date | hash | json | pcre | reflection | spl | session | random | filter | libxml | openssl | zlib | sodium | pcntl) ;;
    calendar | ctype | exif | ffi | fileinfo | ftp | gettext | iconv | pdo | phar | posix | shmop | sockets) ;;
    sysvmsg | sysvsem | sysvshm | tokenizer) ;;
    mysqli | mysqlnd | pdo_mysql) echo mysql ;;
    pdo_pgsql) echo pgsql ;;
    sqlite | sqlite3 | pdo_sqlite) echo sqlite3 ;;
    dom | simplexml | xml | xmlreader | xmlwriter | xsl) echo xml ;;
    pdo_odbc) echo odbc ;;
    pdo_dblib) echo sybase ;;
    pdo_firebird) echo interbase ;;
    zend-opcache) echo opcache ;;
    *) echo "${1//_/-}" ;;
  esac
}

# debian.sh calls it with the packages that it does not find.
explain_missing_packages() {
  local names=() package
  for package in "$@"; do
    names+=("ext-${package#php"$SERIES"-}")
  done
  fail "Extensions that the app requires are not there for PHP $SERIES: ${names[*]}" \
    'composer.json, or a package in composer.lock, names them under "require".' \
    "Those that Debian has as php$SERIES-NAME can be had: https://packages.debian.org finds them." '' \
    'To see what asks for it: composer why ext-NAME'
}

fetch_php() {
  local url arch
  case $(uname -m) in aarch64) arch=arm64 ;; *) arch=amd64 ;; esac
  url=${PHP_URL//%SERIES%/$SERIES} url=${url//%ARCH%/$arch}
  local curl=(curl --silent --show-error --fail --location --proto '=https,http' --retry 3 --retry-max-time 60 --max-time 300)
  detail "Fetching $(without_credentials "$url")"
  if ! "${curl[@]}" --output /tmp/php.tar.gz -- "$url" 2>/tmp/php.log ||
    ! "${curl[@]}" --output /tmp/php.sha256 -- "$url.sha256" 2>/tmp/php.log; then
    fail "PHP $SERIES could not be had from $(without_credentials "$url")" "$(without_credentials "$(tail -n 1 /tmp/php.log)")" '' \
      "The stack's own is $PHP_STACK_SERIES: composer require 'php:^$PHP_STACK_SERIES' && composer update"
  fi
  [[ $(sha256sum </tmp/php.tar.gz | cut -d ' ' -f 1) == "$(tr -d '[:space:]' </tmp/php.sha256 | cut -c -64)" ]] ||
    fail "The archive of PHP $SERIES from $(without_credentials "$url") is not the one that its checksum is of."
  tar -xzf /tmp/php.tar.gz -C "$PHP_HOME" --no-same-owner
  [[ -x $PHP_HOME/usr/bin/php$SERIES && -x $PHP_HOME/usr/sbin/php-fpm$SERIES ]] ||
    fail "The archive of PHP $SERIES from $(without_credentials "$url") has no usr/bin/php$SERIES or no usr/sbin/php-fpm$SERIES."
}

# Debian's packages enable extensions in scripts, which do not run here. Every extension that is there is loaded, in
# Debian's order.
write_ini() {
  local directory=("$PHP_HOME"/usr/lib/php/2*) file name template kind priority
  cp "$BUILDPACK_DIR/lib/php.ini" "$PHP_HOME/etc/php.ini"
  # shellcheck disable=SC2016 # PHP fills it in.
  echo 'extension_dir = "${PHP_HOME}/usr/lib/php/'"${directory[0]##*/}"'"' >"$PHP_HOME/etc/conf.d/00-directory.ini"
  for file in "${directory[0]}"/*.so; do
    name=$(basename "$file" .so) kind=extension priority=20
    for template in "$PHP_HOME"/usr/share/php*/*/"$name.ini"; do
      [[ ! -f $template ]] || priority=$(sed -nE 's/^; *priority=([0-9]+).*/\1/p' "$template")
      ! grep -qsE '^zend_extension' "$template" || kind=zend_extension
    done
    # Off, as Debian has them for good reason: ffi lets PHP do what C does.
    [[ $name != ffi || " ${EXTENSIONS[*]} " == *' ffi '* ]] || continue
    echo "$kind = $name.so" >"$PHP_HOME/etc/conf.d/${priority:-20}-$name.ini"
  done
}
