# shellcheck shell=bash
# What users see: Heroku's forms, byte for byte. All buildpacks here but Node.js's share it.

header() { echo "-----> $*"; }

detail() { echo "       $*"; }

warning() { echo " !     $*"; }

# Indents what a command prints, as it prints it.
indented() { "$@" 2>&1 | sed -u 's/^/       /'; }

# without_credentials TEXT: URLs in it without user names, tokens and queries.
without_credentials() { sed -E 's#(https?://)[^/@[:space:]]*@#\1#g; s#(https?://[^?[:space:]]*)\?[^[:space:]]*#\1#g' <<<"$1"; }

# fail LINE...: says what is wrong, then ends the build. The status tells the trap that there is no more to say.
fail() {
  echo
  warning "Error: $1"
  shift
  local line
  if [[ $# -gt 0 ]]; then
    warning
    for line in "$@"; do
      warning "$line"
    done
  fi
  echo
  exit "$EXPLAINED"
}

readonly EXPLAINED=42

explain_failure() {
  trap - ERR
  [[ $1 != "$EXPLAINED" ]] || exit 1
  echo
  warning "Error: ${DOING:-The build} failed; the output above says why."
  echo
  exit 1
}
