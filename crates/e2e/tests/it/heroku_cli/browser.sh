#!/bin/sh
# Somebody's browser: logs in on the page that it is given, with the password in PASSWORD.
echo "$1" >> "$HOME/browsed"
if [ -n "$PASSWORD" ]; then
  curl --silent --show-error --fail --output /dev/null --cacert "$NODE_EXTRA_CA_CERTS" \
    --data-urlencode email=owner@localhost --data-urlencode "password=$PASSWORD" "$1"
fi
