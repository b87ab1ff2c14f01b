# shellcheck shell=bash disable=SC2034
# Where PHP comes from. Whoever runs a server for apps of other versions changes this file, or sets PHP_MIRROR.

# The stack's: Debian's packages, with Debian's security updates.
readonly PHP_STACK_SERIES=8.4
# Any other: an archive laid out as Debian's packages are (usr/bin/php8.3, usr/sbin/php-fpm8.3, usr/lib/php/DATE/*.so, with
# every library and extension that apps are to have), and its SHA-256 at the same address with .sha256 added. Nobody offers
# such archives to the public, so without PHP_MIRROR there are none.
readonly PHP_URL=${PHP_MIRROR:+${PHP_MIRROR%/}/php-%SERIES%.${STACK:-debian-13}-%ARCH%.tar.gz}
# Which ones are tried, the best first.
readonly PHP_OTHER_SERIES=(8.5 8.3 8.2 8.1)
