# shellcheck shell=bash
# The Aptfile, as heroku-buildpack-apt reads it: names of packages and URLs of .deb files, separated by blanks or lines;
# lines of sources.list behind `:repo:`; comments.
# shellcheck shell=bash

# Sets PACKAGES, and DEBIAN_REPOSITORIES.
read_aptfile() {
  local line words
  PACKAGES=()
  while read -r line || [[ -n $line ]]; do
    line=${line%$'\r'}
    if [[ $line == :repo:* ]]; then
      DEBIAN_REPOSITORIES+=("${line#:repo:}")
      continue
    fi
    # A comment begins a line or follows a blank: URLs have fragments.
    line=$(sed -E 's/(^|[[:space:]])#.*//' <<<"$line")
    read -ra words <<<"$line"
    PACKAGES+=("${words[@]}")
  done <"$1"
  local word
  for word in "${PACKAGES[@]}"; do
    if [[ $word != *://* && ! $word =~ ^[a-zA-Z0-9][a-zA-Z0-9.+:=~/_-]*$ ]]; then
      fail "The Aptfile has what is no name of a package: $(without_credentials "${word:0:100}")" 'It names packages, one a line.'
    fi
  done
}

install_packages() {
  if [[ ${#PACKAGES[@]} == 0 ]]; then
    header 'The Aptfile names no packages'
    mkdir -p .apt
    return
  fi
  header "Installing packages: $(without_credentials "${PACKAGES[*]}")"
  # Heroku: recommended packages come along.
  # shellcheck disable=SC2034 # lib/debian.sh reads it
  DEBIAN_INSTALL_OPTIONS=()
  debian_install "$CACHE_DIR" .apt "${PACKAGES[@]}"
}
