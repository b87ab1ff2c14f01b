# shellcheck shell=bash disable=SC2034 # bin/compile and its other files read what this one sets
# What package.json says, read once.

read_package_json() {
  local assignments
  if ! assignments=$(jq -r "$PACKAGE_JSON_FIELDS" package.json 2>"$CACHE_DIR/../package-json.log"); then
    local reason
    reason=$(<"$CACHE_DIR/../package-json.log")
    rm -f "$CACHE_DIR/../package-json.log"
    fail 'Unable to parse package.json:' "${reason#jq: }"
  fi
  rm -f "$CACHE_DIR/../package-json.log"
  # jq's @sh has quoted every value.
  eval "$assignments"
}

# The last line is what an installation depends on besides the lock file.
PACKAGE_JSON_FIELDS='
if type != "object" then error("package.json is not an object") else . end
| def text: if type == "string" then . else "" end;
  def table: if type == "object" then . else {} end;
"NODE_RANGE=\(.engines | table | .node | text | @sh)",
"NPM_RANGE=\(.engines | table | .npm | text | @sh)",
"YARN_RANGE=\(.engines | table | .yarn | text | @sh)",
"PNPM_RANGE=\(.engines | table | .pnpm | text | @sh)",
"PACKAGE_MANAGER_FIELD=\(.packageManager | text | split("+")[0] // "" | @sh)",
"SCRIPTS=\(" " + (.scripts | table | keys | join(" ")) + " " | @sh)",
"HAS_DEV_DEPENDENCIES=\(.devDependencies | table | length > 0 | @sh)",
"HAS_LOCAL_PACKAGES=\((.workspaces != null) or ([.dependencies, .devDependencies, .optionalDependencies | table | .[] | text | test("^(file|link|portal|workspace):|^[.~/]")] | any) | @sh)",
"DEPENDENCY_FIELDS=\([.dependencies, .devDependencies, .optionalDependencies, .peerDependencies, .overrides, .resolutions, .pnpm, .engines, .packageManager] | tojson | @sh)"
'

# has_script NAME: whether package.json has it under "scripts".
has_script() { [[ $SCRIPTS == *" $1 "* ]]; }

# The lock file decides; without one it is npm.
choose_package_manager() {
  local locks=() file
  for file in package-lock.json npm-shrinkwrap.json yarn.lock pnpm-lock.yaml; do
    [[ ! -f $file ]] || locks+=("$file")
  done
  # npm itself prefers the shrinkwrap of the two.
  if [[ ${locks[*]} == 'package-lock.json npm-shrinkwrap.json' ]]; then
    locks=(npm-shrinkwrap.json)
  fi
  if [[ ${#locks[@]} -gt 1 ]]; then
    fail "Several lock files found: $(join ', ' "${locks[@]}")" '' \
      'Each belongs to another package manager, and only one of them can install this app. Which one' \
      'do you use? Remove the lock files of the others:' '' '    git rm FILE && git commit -m "Remove the other lock file"'
  fi
  LOCK_FILE=${locks[0]:-}
  case $LOCK_FILE in
    yarn.lock) PACKAGE_MANAGER=yarn ;;
    pnpm-lock.yaml) PACKAGE_MANAGER=pnpm ;;
    '') PACKAGE_MANAGER=npm && case $PACKAGE_MANAGER_FIELD in yarn@*) PACKAGE_MANAGER=yarn ;; pnpm@*) PACKAGE_MANAGER=pnpm ;; esac ;;
    *) PACKAGE_MANAGER=npm ;;
  esac
}

join() {
  local separator=$1 first=$2
  shift 2
  printf '%s' "$first" "${@/#/$separator}"
}
