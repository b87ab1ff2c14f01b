# shellcheck shell=bash
# From /app/.heroku, where everything was installed, into the slug.

move_into_place() {
  local name
  # Packages of the app's own source, installed as editable, point at it.
  find "$PYTHON_HOME" -type f \( -name '*.pth' -o -name '*.egg-link' -o -name '__editable__*' \) \
    -exec sed -i "s#$BUILD_DIR#/app#g" {} +
  if [[ $BUILD_DIR == /app ]]; then
    return
  fi
  for name in python cpython; do
    rm -rf ".heroku/$name"
    if [[ -d /app/.heroku/$name ]]; then
      mv "/app/.heroku/$name" ".heroku/$name"
      # The next buildpack finds it where the dyno will.
      ln -s "$BUILD_DIR/.heroku/$name" "/app/.heroku/$name"
    fi
  done
}
