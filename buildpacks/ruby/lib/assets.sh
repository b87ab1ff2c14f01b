# shellcheck shell=bash
# rake assets:precompile, where the app has that task.

precompile_assets() {
  if ! has_gem rake || [[ ! -f Rakefile && ! -f rakefile && ! -f Rakefile.rb && ! -f rakefile.rb ]]; then
    return
  fi
  if ! bundle exec rake -P >"$CACHE_DIR/tasks" 2>"$CACHE_DIR/tasks.log"; then
    if has_gem railties; then
      head -n 10 "$CACHE_DIR/tasks.log" | sed 's/^/       /'
      fail 'Could not detect rake tasks.' 'Rails needs them for its assets. To see why: bundle exec rake -P'
    fi
    warning 'Warning: the tasks of the Rakefile cannot be listed, so no assets are precompiled:'
    head -n 10 "$CACHE_DIR/tasks.log" | sed 's/^/       /'
    rm -f "$CACHE_DIR"/tasks*
    return
  fi
  local has_task='' has_clean=''
  ! grep -qx 'rake assets:precompile' "$CACHE_DIR/tasks" || has_task=1
  ! grep -qx 'rake assets:clean' "$CACHE_DIR/tasks" || has_clean=1
  rm -f "$CACHE_DIR"/tasks*
  if [[ -z $has_task ]]; then
    return
  fi
  if [[ -n $(find public/assets -maxdepth 1 \( -name 'manifest-*.json' -o -name '.sprockets-manifest-*.json' -o -name .manifest.json \) -print -quit 2>/dev/null) ]]; then
    header 'Assets are precompiled in git: nothing to do'
    return
  fi
  restore_assets
  header 'Preparing app for Rails asset pipeline'
  detail 'Running: rake assets:precompile'
  indented bundle exec rake assets:precompile || fail 'Precompiling assets failed.'
  if [[ -n $has_clean ]]; then
    detail 'Running: rake assets:clean'
    indented bundle exec rake assets:clean || fail 'Cleaning assets failed.'
  fi
  local made=() directory
  for directory in public/assets tmp/cache/assets; do
    [[ ! -d $directory ]] || made+=("$directory")
  done
  tar -cf "$CACHE_DIR/assets.tar" "${made[@]}" 2>/dev/null || rm -f "$CACHE_DIR/assets.tar"
}

# What pages of the last release still ask for, and what need not be compiled again.
restore_assets() {
  [[ ! -f $CACHE_DIR/assets.tar ]] || tar -xf "$CACHE_DIR/assets.tar" 2>/dev/null || true
}
