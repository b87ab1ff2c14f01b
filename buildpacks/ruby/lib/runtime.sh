# shellcheck shell=bash disable=SC2034 # bin/compile and its other files read what this one sets
# Getting Ruby, and what makes it run from where it lies.

readonly RUBY_HOME=/app/.heroku/ruby

install_ruby() {
  header "Installing Ruby ${VERSION:-of the stack}"
  DOING='The installation of Ruby'
  rm -rf "$RUBY_HOME"
  if [[ -n $VERSION ]]; then
    rm -rf "$CACHE_DIR/packages"
    mkdir -p "$RUBY_HOME"
    tar -xzf "$CACHE_DIR/ruby-$VERSION.tgz" -C "$RUBY_HOME" --no-same-owner
  else
    rm -f "$CACHE_DIR"/ruby-*.tgz
    debian_install "$CACHE_DIR/packages" "$RUBY_HOME" "${RUBY_PACKAGES[@]}" >"$CACHE_DIR/install.log"
    rm -f "$CACHE_DIR/install.log"
    relocate
  fi
}

# Debian's programs begin with the interpreter's path.
relocate() {
  local program
  for program in "$RUBY_HOME"/usr/bin/*; do
    if [[ -f $program && ! -L $program && $(head -c 2 "$program") == '#!' ]]; then
      sed -i -E '1s,^#! */usr/bin/ruby[0-9.]*,#!/usr/bin/env ruby,' "$program"
    fi
  done
}

# runtime_environment: a line for each variable, NAME=VALUE, that Ruby needs wherever it runs. `$NAME` is the reader's own.
runtime_environment() {
  if [[ -n $VERSION ]]; then
    echo "PATH=$RUBY_HOME/bin:\$PATH"
    return
  fi
  local usr=$RUBY_HOME/usr libraries series directories
  libraries=$usr/lib/$(debian_architecture)
  series=$(cd "$usr/lib/ruby" && echo [0-9]*)
  directories=("$usr/lib/ruby/vendor_ruby" "$libraries/ruby/vendor_ruby/$series" "$usr/lib/ruby/$series" "$libraries/ruby/$series")
  echo "PATH=$usr/bin:\$PATH"
  echo "LD_LIBRARY_PATH=$libraries\${LD_LIBRARY_PATH:+:\$LD_LIBRARY_PATH}"
  echo "RUBYLIB=$(IFS=: && echo "${directories[*]}")\${RUBYLIB:+:\$RUBYLIB}"
  echo "GEM_PATH=$usr/lib/ruby/gems/$series:$usr/share/rubygems-integration/all\${GEM_PATH:+:\$GEM_PATH}"
}

# What the app's environment is without a word from it. Heroku's.
app_environment() {
  cat <<'LINES'
LANG=${LANG:-C.UTF-8}
RACK_ENV=${RACK_ENV:-production}
MALLOC_ARENA_MAX=${MALLOC_ARENA_MAX:-2}
PUMA_PERSISTENT_TIMEOUT=${PUMA_PERSISTENT_TIMEOUT:-95}
BUNDLE_WITHOUT=${BUNDLE_WITHOUT:-development:test}
BUNDLE_PATH=${BUNDLE_PATH:-vendor/bundle}
BUNDLE_BIN=${BUNDLE_BIN:-vendor/bundle/bin}
BUNDLE_DEPLOYMENT=${BUNDLE_DEPLOYMENT:-1}
BUNDLE_VERSION=${BUNDLE_VERSION:-system}
LINES
  if has_gem railties; then
    cat <<'LINES'
RAILS_ENV=${RAILS_ENV:-production}
RAILS_SERVE_STATIC_FILES=${RAILS_SERVE_STATIC_FILES:-enabled}
RAILS_LOG_TO_STDOUT=${RAILS_LOG_TO_STDOUT:-enabled}
LINES
    echo "SECRET_KEY_BASE=\${SECRET_KEY_BASE:-$(<"$CACHE_DIR/secret_key_base")}"
  fi
}

set_environment() {
  export_config_vars RUBYLIB RUBYOPT GEM_HOME GEM_PATH BUNDLE_GEMFILE
  # The same secret in every build, or each release would log everybody out.
  if [[ ! -s $CACHE_DIR/secret_key_base ]]; then
    od -An -tx1 -N64 /dev/urandom | tr -d ' \n' >"$CACHE_DIR/secret_key_base"
  fi
  exports >/tmp/ruby-environment.sh
  # shellcheck source=/dev/null
  source /tmp/ruby-environment.sh
}

exports() { { runtime_environment && app_environment; } | sed -E 's/^([A-Z_]+)=(.*)/export \1="\2"/'; }

has_gem() { grep -qE "^    $1 \(" Gemfile.lock; }

# Only what runs: headers are for gems, which have been compiled.
move_into_place() {
  rm -rf "$RUBY_HOME"/usr/{include,share/doc,share/man,share/ri,lib/pkgconfig,lib/*/pkgconfig} "$RUBY_HOME"/usr/lib/*/*.a
  rm -rf .heroku/ruby
  mv "$RUBY_HOME" .heroku/ruby
  # For buildpacks after this one.
  ln -s "$BUILD_DIR/.heroku/ruby" "$RUBY_HOME"
}

write_profile() {
  # shellcheck disable=SC2016 # the dyno expands it
  { cat /tmp/ruby-environment.sh && echo 'export PATH="$HOME/bin:$HOME/vendor/bundle/bin:$PATH"'; } >.profile.d/ruby.sh
  cp /tmp/ruby-environment.sh "$BUILDPACK_DIR/export"
}

warn_without_procfile() {
  if [[ ! -f Procfile ]]; then
    warning 'No Procfile detected, using the default web server.'
    warning 'We recommend explicitly declaring how to boot your server process via a Procfile.'
  fi
}
