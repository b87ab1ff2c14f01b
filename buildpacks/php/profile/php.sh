# shellcheck shell=bash
export PHP_HOME="$HOME/.heroku/php"
export PHPRC="$PHP_HOME/etc"
export PHP_INI_SCAN_DIR="$PHP_HOME/etc/conf.d"
export PATH="$PHP_HOME/bin:$HOME/vendor/bin:$PATH"
LD_LIBRARY_PATH="$PHP_HOME/usr/lib/$(uname -m)-linux-gnu${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
export LD_LIBRARY_PATH
