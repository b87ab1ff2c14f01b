# shellcheck shell=bash
# Django's static files (Heroku: a failure of collectstatic fails the build).

collect_static_files() {
  local manage
  "$PYTHON_HOME/bin/python" -c 'import importlib.util, sys; sys.exit(importlib.util.find_spec("django") is None)' || return 0
  manage=$(find . -maxdepth 3 -type f -name manage.py -not -path './.heroku/*' -not -path './node_modules/*' | LC_ALL=C sort | head -n 1)
  if [[ -z $manage ]]; then
    return 0
  fi
  manage=${manage#./}
  if [[ -n ${DISABLE_COLLECTSTATIC:-} && $DISABLE_COLLECTSTATIC != 0 ]]; then
    header 'Skipping Django collectstatic since the env var DISABLE_COLLECTSTATIC is set.'
    return
  fi
  header "\$ python $manage collectstatic --noinput"
  PYTHONPATH=$BUILD_DIR indented python "$manage" collectstatic --noinput ||
    fail 'Unable to generate Django static files.' \
      "The 'python $manage collectstatic --noinput' command to generate static files failed." \
      'If the app needs a config var for it, set it. If it has no static files, skip the step:' '' \
      '    paas config:set DISABLE_COLLECTSTATIC=1'
}
