# shellcheck shell=bash disable=SC2034 # bin/compile and its other files read what this one sets
# nginx of Debian's packages, in .heroku/nginx of the app; with it, `run`, which starts it.
# shellcheck shell=bash

# install_nginx CACHE
install_nginx() {
  local root=.heroku/nginx
  DOING='Installing nginx'
  header 'Installing nginx'
  debian_install "$1" "$root" nginx libnginx-mod-http-headers-more-filter
  rm -rf "$root"/usr/share/{doc,man,lintian,bug}
  cc -shared -fPIC -O2 -o "$root/ignore_sigterm.so" "$BUILDPACK_DIR/../lib/ignore_sigterm.c"
  cp "$BUILDPACK_DIR/../lib/run-nginx" "$root/run"
  chmod +x "$root/run"
  mkdir -p bin config
  ln -sfn ../.heroku/nginx/usr/sbin/nginx bin/nginx
  [[ -f config/mime.types ]] || cp "$root/etc/nginx/mime.types" config/mime.types
  detail "$("$root/usr/sbin/nginx" -v 2>&1 | sed 's/^nginx version: //')"
  DOING=
}

# provide_erb TEMPLATE CACHE: Ruby of Debian's packages, if the template needs more than lib/run-nginx itself knows, and the
# app has no Ruby.
provide_erb() {
  local rendered
  rendered=$("$BUILDPACK_DIR/../lib/run-nginx" --render "$1")
  if command -v erb >/dev/null || [[ $rendered != *'<%'* ]]; then
    return
  fi
  header "Installing Ruby for $1"
  debian_install "$2" .heroku/nginx/ruby ruby
  rm -rf .heroku/nginx/ruby/usr/share/{doc,man,ri}
}
