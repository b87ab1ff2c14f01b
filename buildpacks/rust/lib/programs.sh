# shellcheck shell=bash disable=SC2034 # bin/compile and its other files read what this one sets
# Building the app's programs, and what is kept of that.

build_programs() {
  local flags=(--release) more=()
  if [[ -f Cargo.lock ]]; then
    flags+=(--locked)
  else
    warning 'Warning: there is no Cargo.lock, so every build gets the newest packages, and may break one day.'
    warning 'To make one: cargo generate-lockfile. Commit it, and take it out of .gitignore.'
  fi
  read -ra more <<<"${RUST_CARGO_BUILD_FLAGS:-}"
  flags+=("${more[@]}")
  # The app's own: another version of it may have left one in git.
  rm -rf target
  header "Running: cargo build ${flags[*]}"
  DOING='cargo build'
  indented run_cargo build "${flags[@]}" --message-format json-render-diagnostics
}

# Its messages are for us, and what it says besides is for the user.
run_cargo() { rust cargo "$@" >"$CACHE_DIR/messages"; }

# What is built for running on this machine, and nothing else of what cargo makes.
keep_programs() {
  local program programs=()
  mapfile -t programs < <(jq -r 'select(.reason == "compiler-artifact" and .executable and (.target.kind | index("bin"))) | .executable' \
    "$CACHE_DIR/messages")
  if [[ ${#programs[@]} == 0 ]]; then
    fail 'This builds no program.' 'An app needs a src/main.rs, or a [[bin]] in its Cargo.toml. In a workspace, see default-members,' \
      'or set the config var RUST_CARGO_BUILD_FLAGS: --bin NAME'
  fi
  mkdir -p target/release
  for program in "${programs[@]}"; do
    cp "$program" target/release/
    detail "target/release/${program##*/}"
  done
}

# Cargo goes by the times of files, and those of a source are of its commit, which may be older than the last build. So only
# what is not the app's own is kept compiled.
forget_own_results() {
  local own=()
  # `path+file:///app#name@0.1.0`; before Rust 1.77, `name 0.1.0 (path+file:///app)`.
  mapfile -t own < <(jq -r 'select(.package_id // "" | contains("path+file:")) | .package_id | split(" ")[0]' "$CACHE_DIR/messages" | sort -u)
  rm -f "$CACHE_DIR/messages"
  if [[ $(du -sm "$CARGO_TARGET_DIR" | cut -f 1) -gt 1500 ]] ||
    ! rust cargo clean --quiet --release --offline "${own[@]/#/--package=}" 2>/dev/null; then
    rm -rf "$CARGO_TARGET_DIR"
  fi
  # Unpacked from the archives beside them.
  rm -rf "$CARGO_HOME/registry/src"
}
