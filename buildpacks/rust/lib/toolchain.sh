# shellcheck shell=bash disable=SC2034 # bin/compile and its other files read what this one sets
# Which Rust, and getting it.

readonly RUST_ROOT=/tmp/rust

# What is compiled is kept in the cache; the places are the same in every build, so that programs are, too.
set_environment() {
  export_config_vars CARGO_HOME CARGO_TARGET_DIR CARGO_BUILD_TARGET_DIR RUSTUP_HOME RUSTUP_TOOLCHAIN RUSTC CARGO
  export CARGO_HOME=$CACHE_DIR/cargo CARGO_TARGET_DIR=$CACHE_DIR/target CARGO_INCREMENTAL=0
  export CARGO_TERM_COLOR=never CARGO_TERM_PROGRESS_WHEN=never
  mkdir -p "$CARGO_HOME"
  rm -f "$CARGO_HOME/config.toml"
  if [[ -n ${CRATES_MIRROR:-} ]]; then
    printf '[source.crates-io]\nreplace-with = "mirror"\n[source.mirror]\nregistry = "sparse+%s/"\n' "${CRATES_MIRROR%/}" \
      >"$CARGO_HOME/config.toml"
  fi
}

# Sets VERSION: 1.85.1; empty: the stack's. What a toolchain file says, or else the least that Cargo.toml and its members want.
choose_version() {
  local said lines=() origin asked least stack
  stack=$(stack_version)
  VERSION=
  said=$(python3 "$BUILDPACK_DIR/lib/toolchain.py") || fail "$said"
  mapfile -t lines <<<"$said"
  origin=${lines[0]} asked=${lines[1]:-} least=${lines[2]:-}
  # A full name, of this machine's: `1.84.0-x86_64-unknown-linux-gnu`.
  asked=${asked%"-$(uname -m)-unknown-linux-gnu"}
  if [[ -z $asked || $asked == stable ]]; then
    if [[ -z $least ]] || is_at_least "$stack" "$least"; then
      header "Using the stack's Rust, $stack"
      return
    fi
    origin="Cargo.toml (rust-version)" asked=$least
  fi
  if [[ ! $asked =~ ^1\.[0-9]{1,3}(\.[0-9]{1,3})?$ ]]; then
    fail "The toolchain in $origin cannot be had here: ${asked:0:100}" \
      "Give a version such as 1.85 or 1.85.0, or \"stable\" for the stack's $stack."
  fi
  if [[ $stack == "$asked" || $stack == "$asked".* ]]; then
    header "Using the stack's Rust, $stack, specified in $origin"
    return
  fi
  header "Using Rust $asked specified in $origin"
  [[ $asked == *.*.* ]] && VERSION=$asked || VERSION=$asked.0
}

is_at_least() { [[ $(printf '%s\n' "$1" "$2" | sort -V | head -n 1) == "$2" ]]; }

# Of Debian's package: 1.85.0. Looked up as seldom as the packages themselves.
stack_version() {
  local known=$CACHE_DIR/stack-version
  if [[ ! -s $known || -z $(find "$known" -mtime "-$DEBIAN_DAYS") ]]; then
    debian_update >&2
    debian_candidate rustc | sed -E 's/^([0-9.]+).*/\1/' >"$known"
  fi
  cat "$known"
}

install_rust() {
  header "Installing Rust ${VERSION:-from the stack}"
  DOING='The installation of Rust'
  rm -rf "$RUST_ROOT"
  if [[ -z $VERSION ]]; then
    rm -rf "$CACHE_DIR"/rust-*
    debian_install "$CACHE_DIR/packages" "$RUST_ROOT" "${RUST_PACKAGES[@]}" >"$CACHE_DIR/install.log"
    rm -f "$CACHE_DIR/install.log"
    LIBRARIES=$RUST_ROOT/usr/lib/$(debian_architecture)
    PATH=$RUST_ROOT/usr/bin:$PATH
  else
    rm -rf "$CACHE_DIR/packages"
    install_archive
    LIBRARIES=$RUST_ROOT/lib
    PATH=$RUST_ROOT/bin:$PATH
  fi
  # For these programs alone: what they start is the stack's.
  detail "$(rust rustc --version)"
}

# rust COMMAND...: with the libraries of the toolchain.
rust() { LD_LIBRARY_PATH=$LIBRARIES "$@"; }

install_archive() {
  local url kept=$CACHE_DIR/rust-$VERSION.tar.xz
  url=${RUST_URL//%VERSION%/$VERSION} url=${url//%MACHINE%/$(uname -m)}
  local curl=(curl --silent --show-error --fail --location --proto '=https,http' --retry 3 --retry-max-time 60 --max-time 600)
  if [[ ! -f $kept ]]; then
    rm -f "$CACHE_DIR"/rust-*
    if ! "${curl[@]}" --output "$CACHE_DIR/fetched" -- "$url" 2>"$CACHE_DIR/fetch.log" ||
      ! "${curl[@]}" --output "$CACHE_DIR/fetch.sha256" -- "$url.sha256" 2>"$CACHE_DIR/fetch.log"; then
      no_such_rust
    fi
    [[ $(sha256sum <"$CACHE_DIR/fetched" | cut -d ' ' -f 1) == "$(cut -c -64 "$CACHE_DIR/fetch.sha256")" ]] ||
      fail "The archive of Rust $VERSION from $(without_credentials "$url") is not the one that its checksum is of."
    mv "$CACHE_DIR/fetched" "$kept"
    rm -f "$CACHE_DIR"/fetch.*
  fi
  mkdir /tmp/rust-unpacked
  tar -xJf "$kept" -C /tmp/rust-unpacked --strip-components 1 --no-same-owner
  /tmp/rust-unpacked/install.sh --prefix="$RUST_ROOT" --components=rustc,cargo,"rust-std-$(uname -m)-unknown-linux-gnu" \
    --disable-ldconfig >/dev/null
  rm -rf /tmp/rust-unpacked
}

no_such_rust() {
  local lines=()
  mapfile -t lines < <(without_credentials "$(<"$CACHE_DIR/fetch.log")" | cut -c -200 | tail -n 2)
  rm -f "$CACHE_DIR"/fetch*
  fail "Rust $VERSION could not be had." "${lines[@]}" '' \
    "Without it there is Rust $(stack_version), which comes with the stack: delete rust-toolchain.toml, or put into it:" '' \
    '    [toolchain]' '    channel = "stable"' '' \
    'Whoever runs this server can set a mirror of the archives (see docs/buildpacks.md, Mirrors).'
}
