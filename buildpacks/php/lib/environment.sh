# shellcheck shell=bash
# What the build and the dyno get.

# From here on, `php` is the app's.
set_environment() {
  export_config_vars PHPRC PHP_HOME PHP_INI_SCAN_DIR COMPOSER COMPOSER_HOME COMPOSER_CACHE_DIR COMPOSER_VENDOR_DIR COMPOSER_BIN_DIR
  # shellcheck source=/dev/null
  HOME=$BUILD_DIR source "$BUILDPACK_DIR/profile/php.sh"
}

# For the dyno, and for the buildpacks after this one.
write_profile() {
  mkdir -p .profile.d
  cp "$BUILDPACK_DIR/profile/php.sh" .profile.d/php.sh
  # Where composer.json says so, programs of packages are elsewhere.
  [[ $BIN_DIR == vendor/bin ]] || echo "export PATH=\"\$HOME/$BIN_DIR:\$PATH\"" >>.profile.d/php.sh
  sed "s#\$HOME#$BUILD_DIR#g" .profile.d/php.sh >"$BUILDPACK_DIR/export"
}

# Heroku: in the slug, not only as the default.
write_procfile() {
  if [[ ! -f Procfile ]]; then
    warning "NOTICE: No Procfile, using 'web: heroku-php-apache2'."
    echo 'web: heroku-php-apache2' >Procfile
  fi
}
