# shellcheck shell=bash
# What users see: Heroku's forms, byte for byte.

header() { echo "-----> $*"; }

detail() { echo "       $*"; }

warning() { echo " !     $*"; }

# Indents what a command prints, as it prints it.
indented() { "$@" 2>&1 | sed -u 's/^/       /'; }

# fail LINE...: says what is wrong, then ends the build. The status tells the trap that there is no more to say.
fail() {
  header 'Build failed'
  local line
  for line in "$@"; do
    warning "$line"
  done
  exit "$EXPLAINED"
}

readonly EXPLAINED=42

explain_failure() {
  trap - ERR
  [[ $1 != "$EXPLAINED" ]] || exit 1
  header 'Build failed'
  detail
  detail 'The command above failed. Things to look at:'
  detail
  detail "- run the same command in a fresh checkout: does it pass there, with NODE_ENV=$NODE_ENV?"
  detail '- are lock file and package.json committed together?'
  detail '- is a version in "engines" that your code does not work with?'
  exit 1
}
