# shellcheck shell=bash disable=SC2034 # bin/compile and its other files read what this one sets
# Which programs, and building them.

# Without modules, Go finds packages by where they lie.
enter_workspace() {
  if [[ -z $IMPORT_PATH ]]; then
    return
  fi
  export GO111MODULE=off
  local place=$GO_WORKSPACE/src/$IMPORT_PATH
  rm -rf "$GO_WORKSPACE"
  mkdir -p "$place"
  cp -a "$BUILD_DIR/." "$place"
  if [[ -d Godeps/_workspace ]]; then
    export GOPATH=$place/Godeps/_workspace:$GOPATH
  fi
  cd "$place" || return
}

leave_workspace() { cd "$BUILD_DIR" || return; }

# Sets PACKAGES: what is asked for, or every program of the app.
choose_packages() {
  local line
  PACKAGES=()
  if [[ ${#SPECS[@]} -gt 0 ]]; then
    PACKAGES=("${SPECS[@]}")
    return
  fi
  DOING='Looking for programs'
  while read -r line; do
    [[ -z $line ]] || PACKAGES+=("$line")
  done < <(go list -tags heroku -find -f '{{ if eq .Name "main" }}{{ .ImportPath }}{{ end }}' ./... 2>"$CACHE_DIR/list.log")
  if [[ ${#PACKAGES[@]} -gt 0 ]]; then
    header 'Detected the following main packages to install:'
    printf '       %s\n' "${PACKAGES[@]}"
  else
    head -n 10 "$CACHE_DIR/list.log" | sed 's/^/       /'
    warning 'Installing package '"'.'"' (default)'
    detail "No main packages were found in the app, so there may be nothing to run. To say what to build, put into go.mod:"
    detail '// +heroku install ./cmd/...'
    PACKAGES=(.)
  fi
  rm -f "$CACHE_DIR/list.log"
}

build_programs() {
  local arguments=(-tags heroku)
  if [[ -n ${GO_LINKER_SYMBOL:-} ]]; then
    arguments+=(-ldflags "-X $GO_LINKER_SYMBOL=${GO_LINKER_VALUE:-${SOURCE_VERSION:-}}")
  fi
  mkdir -p "$GOBIN"
  touch "$CACHE_DIR/before"
  header "Running: go install ${arguments[*]} ${PACKAGES[*]}"
  DOING='go install'
  # -trimpath: the same program, wherever it was built.
  indented go install -trimpath "${arguments[@]}" "${PACKAGES[@]}"
  mapfile -t PROGRAMS < <(find "$GOBIN" -maxdepth 1 -type f -perm -u+x -newer "$CACHE_DIR/before" -printf '%f\n' | LC_ALL=C sort)
  rm -f "$CACHE_DIR/before"
  forget_old_results
}

# Go keeps all that it ever compiled for days, and the whole cache is fetched and kept with every build.
forget_old_results() {
  find "$GOCACHE" -type f -mtime +3 -delete 2>/dev/null || true
  if [[ $(du -sm "$GOCACHE" | cut -f 1) -gt 500 ]]; then
    go clean -cache
  fi
}

# In a dyno, programs are found by their names, too.
write_profile() {
  mkdir -p .profile.d
  # shellcheck disable=SC2016 # the dyno expands it
  echo 'export PATH="$PATH:$HOME/bin"' >.profile.d/go.sh
}

# Heroku: one line for each program, in the slug. Of one program alone, it is the app.
write_procfile() {
  if [[ -f Procfile || ${#PROGRAMS[@]} -eq 0 ]]; then
    return
  fi
  local program
  if [[ ${#PROGRAMS[@]} -eq 1 ]]; then
    echo "web: bin/${PROGRAMS[0]}" >Procfile
  else
    for program in "${PROGRAMS[@]}"; do
      [[ ! $program =~ ^[A-Za-z0-9_-]+$ ]] || echo "$program: bin/$program"
    done >Procfile
  fi
  header 'There is no Procfile, so this one is used:'
  indented cat Procfile
}
