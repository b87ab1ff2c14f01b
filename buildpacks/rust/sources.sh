# shellcheck shell=bash disable=SC2034
# Where Rust comes from. Whoever runs a server without the internet, or builds on another kind of machine, changes this file.

# Debian's packages, whose version is the stack's.
readonly RUST_PACKAGES=(rustc cargo)
# Any other version: an archive, and its SHA-256 at the same address with .sha256 added. RUST_MIRROR is the part before dist/.
readonly RUST_URL=${RUST_MIRROR:-https://static.rust-lang.org}/dist/rust-%VERSION%-%MACHINE%-unknown-linux-gnu.tar.xz
