# shellcheck shell=bash disable=SC2034 # bin/compile and its other files read what this one sets
# The app's gems.

readonly KEPT=vendor/bundle

# With those of the last build, of which bundler keeps what still fits.
install_gems() {
  local key kept=$CACHE_DIR/gems
  key="v1 ${STACK:-} $(ruby --version)"
  if [[ -d $KEPT ]]; then
    warning "Removing $KEPT, which is in git: gems are installed where the app runs."
    rm -rf "$KEPT"
  fi
  if [[ -f $kept.tar && $(<"$kept.key") == "$key" ]]; then
    mkdir -p "$KEPT"
    tar -xf "$kept.tar" -C "$KEPT"
  fi
  rm -rf .bundle/config
  header "Installing dependencies using bundler $(bundle --version | grep -oE '[0-9]+\.[0-9.]+')"
  detail "Running: BUNDLE_WITHOUT='$BUNDLE_WITHOUT' BUNDLE_PATH=$BUNDLE_PATH BUNDLE_BIN=$BUNDLE_BIN BUNDLE_DEPLOYMENT=$BUNDLE_DEPLOYMENT bundle install -j4"
  DOING='bundle install'
  indented bundle install -j4
  indented bundle clean
  # What is only for installing: the gems' archives, and the results of their compiling.
  rm -rf "$KEPT"/ruby/*/cache
  if [[ $BUNDLE_PATH == "$KEPT" ]]; then
    tar -cf "$kept.tar" -C "$KEPT" .
    echo "$key" >"$kept.key"
  fi
}
