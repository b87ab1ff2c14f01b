#!/bin/sh
# Somebody's editor: replaces hi with hello.
sed -i s/hi/hello/ "$1"
