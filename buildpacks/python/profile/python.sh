# shellcheck shell=bash
export PATH="$HOME/.heroku/python/bin:$PATH"
export PYTHONUNBUFFERED=true
export LANG=${LANG:-C.UTF-8}
export PYTHONPATH=${PYTHONPATH:-$HOME}
# The router is the only one that connects; its X-Forwarded-* can be believed.
export FORWARDED_ALLOW_IPS=${FORWARDED_ALLOW_IPS:-*}
export GUNICORN_CMD_ARGS=${GUNICORN_CMD_ARGS:---access-logfile -}
