# shellcheck shell=bash
# Debian's packages without root: apt-get with a state directory of its own, and `dpkg -x` into a directory of the app.
# What is installed is only what the stack's run image does not have, so that it is there in the dyno, too.
# shellcheck shell=bash

readonly APT=/tmp/paas-apt
# Packages of an earlier build are used again until then; after that, they are looked up anew for the sake of security.
readonly DEBIAN_DAYS=7
# Lines for sources.list, besides the stack's own.
DEBIAN_REPOSITORIES=()
# What apt-get install gets besides.
DEBIAN_INSTALL_OPTIONS=(--no-install-recommends)
# Packages that others depend on for the sake of their installation only: neither kept nor unpacked.
DEBIAN_LEFT_OUT=()

# debian_install CACHE ROOT PACKAGE...: packages by name (`name`, `name=version`), with all that they depend on, or by the
# URL of a .deb, without. CACHE belongs to this list of packages alone.
debian_install() {
  local cache=$1 root=$2 key archive
  shift 2
  key=$(debian_key "$@")
  if [[ -f $cache/key && $(<"$cache/key") == "$key" && -n $(find "$cache/key" -mtime "-$DEBIAN_DAYS") ]]; then
    detail 'Using the packages of the last build'
  else
    rm -rf "$cache"
    mkdir -p "$cache/archives/partial"
    debian_download "$cache/archives" "$@"
    for archive in "${DEBIAN_LEFT_OUT[@]}"; do
      rm -f "$cache/archives/$archive"_*.deb
    done
    rm -rf "$cache/archives/partial" "$cache/archives/lock"
    echo "$key" >"$cache/key"
  fi
  mkdir -p "$root"
  for archive in "$cache"/archives/*.deb; do
    if [[ -f $archive ]]; then
      detail "Installing $(basename "$archive")"
      dpkg -x "$archive" "$root"
    fi
  done
}

debian_key() {
  {
    echo "v1 ${STACK:-} ${DEBIAN_MIRROR:-} ${DEBIAN_INSTALL_OPTIONS[*]}"
    printf '%s\n' "${DEBIAN_REPOSITORIES[@]}" "$@"
    printf 'without %s\n' "${DEBIAN_LEFT_OUT[@]}"
    cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null || true
  } | sha256sum
}

debian_download() {
  local archives=$1 word packages=()
  shift
  for word in "$@"; do
    case $word in
      *://*) debian_fetch "$archives" "$word" ;;
      *) packages+=("$word") ;;
    esac
  done
  if [[ ${#packages[@]} -gt 0 ]]; then
    debian_update
    apt_get -o "Dir::Cache::archives=$archives" -y --download-only --reinstall --allow-downgrades --allow-change-held-packages \
      "${DEBIAN_INSTALL_OPTIONS[@]}" install "${packages[@]}" >"$APT/log" 2>&1 || debian_no_package
  fi
}

debian_fetch() {
  local archives=$1 url=$2 name
  name=${url%%[?#]*}
  name=${name##*/}
  # Two URLs may end alike.
  name=${name%.deb}-$(sha256sum <<<"$url" | cut -c -8).deb
  detail "Fetching $(without_credentials "$url")"
  if ! curl --silent --show-error --fail --location --globoff --proto =https,http --retry 3 --max-time 300 \
    --output "$archives/$name" -- "$url" 2>"$archives/partial/log" ||
    ! dpkg-deb --info "$archives/$name" >/dev/null 2>>"$archives/partial/log"; then
    fail "No Debian package could be fetched from $(without_credentials "$url")" \
      "$(without_credentials "$(tail -n 1 "$archives/partial/log")")"
  fi
}

apt_get() {
  local options=(
    -q -o Debug::NoLocking=true -o Acquire::Languages=none -o Acquire::Retries=3 -o Acquire::http::Timeout=30
    -o APT::Update::Error-Mode=any -o "Dir::State=$APT/state" -o "Dir::State::status=$APT/status" -o "Dir::Cache=$APT/cache"
    -o "Dir::Log=$APT" -o "Dir::Etc::sourcelist=$APT/sources.list" -o "Dir::Etc::sourceparts=$APT/sources.list.d"
  )
  [[ -z ${SSL_CERT_FILE:-} ]] || options+=(-o "Acquire::https::CAInfo=$SSL_CERT_FILE")
  LC_ALL=C DEBIAN_FRONTEND=noninteractive apt-get "${options[@]}" "$@"
}

# debian_candidate PACKAGE: the version that would be installed. The lists have been read.
debian_candidate() { apt_cache policy "$1" | sed -nE 's/^ +Candidate: //p'; }

apt_cache() {
  local options=(
    -o "Dir::State=$APT/state" -o "Dir::State::status=$APT/status" -o "Dir::Cache=$APT/cache"
    -o "Dir::Etc::sourcelist=$APT/sources.list" -o "Dir::Etc::sourceparts=$APT/sources.list.d"
  )
  LC_ALL=C apt-cache "${options[@]}" "$@"
}

# Reads the lists, unless a buildpack before this one has read the same.
debian_update() {
  local sources
  mkdir -p "$APT"/{state/lists/partial,cache/archives/partial}
  rm -rf "$APT"/sources.list{,.d}
  mkdir "$APT/sources.list.d"
  cat /etc/apt/sources.list 2>/dev/null >"$APT/sources.list" || true
  cp /etc/apt/sources.list.d/* "$APT/sources.list.d/" 2>/dev/null || true
  if [[ -n ${DEBIAN_MIRROR:-} ]]; then
    # Of the security archive, too: http://deb.debian.org/debian-security.
    find "$APT"/sources.list{,.d} -type f -exec sed -i -E "s#https?://deb\.debian\.org/debian#${DEBIAN_MIRROR%/}#g" {} +
  fi
  printf '%s\n' "${DEBIAN_REPOSITORIES[@]}" >"$APT/sources.list.d/app.list"
  sources=$(cat "$APT"/sources.list "$APT"/sources.list.d/* | sha256sum)
  if [[ -f $APT/read && $(<"$APT/read") == "$sources" ]]; then
    return
  fi
  debian_status >"$APT/status"
  if ! apt_get update >"$APT/log" 2>&1; then
    local reasons=()
    mapfile -t reasons < <(without_credentials "$(<"$APT/log")" | grep -E '^(E|W|Err):' | cut -c -200 | head -n 4)
    if grep -q 'is not signed' "$APT/log"; then
      reasons+=('' 'A repository without a known key can be trusted all the same: deb [trusted=yes] http://…')
    fi
    fail 'The lists of packages could not be read.' "${reasons[@]}"
  fi
  echo "$sources" >"$APT/read"
}

# What counts as installed: what the run image has, and of the build image what only serves compiling. With the build
# image's own list, a library that is there by accident would be missing in the dyno; without the compilers in it, every
# -dev package would bring another C library into the slug.
debian_status() {
  local build=/var/lib/dpkg/status run=/var/lib/dpkg/status.run
  if [[ ! -f $run ]]; then
    cat "$build"
    return
  fi
  awk 'BEGIN { RS = ""; FS = "\n"; ORS = "\n\n" }
    FNR == NR { there[$1] = 1; print; next }
    !($1 in there) && /\nSection: (lib)?devel\n/ {
      gsub(/\n(Pre-Depends|Depends|Recommends|Suggests|Conflicts|Breaks|Replaces|Enhances):[^\n]*/, "")
      # Or apt takes that of the archive, which differs now, for newer.
      sub(/\nStatus: install/, "\nStatus: hold")
      print
    }' "$run" "$build"
}

debian_no_package() {
  local missing=() lines=()
  mapfile -t missing < <(sed -nE "s/^E: Unable to locate package //p; s/^E: Package '([^']+)' has no installation.*/\1/p" "$APT/log" | sort -u)
  if [[ ${#missing[@]} -gt 0 ]]; then
    # A buildpack that chose the names itself has better words for it.
    ! declare -F explain_missing_packages >/dev/null || explain_missing_packages "${missing[@]}"
    fail "There is no package ${missing[*]} in the lists of ${STACK:-the stack}." \
      'Names differ between distributions and between their versions: https://packages.debian.org finds them.'
  fi
  mapfile -t lines < <(without_credentials "$(<"$APT/log")" | sed -E 's/^[[:space:]]+//' | grep -v '^$' | cut -c -200 | tail -n 6)
  fail 'The packages could not be had.' "${lines[@]}"
}

# The directory of libraries: x86_64-linux-gnu.
debian_architecture() { gcc -print-multiarch 2>/dev/null || echo "$(uname -m)-linux-gnu"; }
