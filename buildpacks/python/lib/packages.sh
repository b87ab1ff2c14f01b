# shellcheck shell=bash disable=SC2034 # bin/compile and its other files read what this one sets
# The app's packages: pip, Pipenv, Poetry or uv, whichever its files are of.

# Of those that are not in the stack.
declare -rA TOOL_VERSIONS=([uv]=0.13.9 [poetry]=2.5.1 [pipenv]=2026.10.3)

choose_package_manager() {
  local file found=()
  for file in Pipfile.lock requirements.txt poetry.lock uv.lock; do
    [[ ! -f $file ]] || found+=("$file")
  done
  if [[ ${#found[@]} -gt 1 ]]; then
    fail "Multiple Python package manager files were found: ${found[*]}" 'Keep the one that you use, and remove the others.'
  fi
  PACKAGES_FILE=${found[0]:-}
  case $PACKAGES_FILE in
    requirements.txt) PACKAGE_MANAGER=pip ;;
    Pipfile.lock) PACKAGE_MANAGER=pipenv ;;
    poetry.lock) PACKAGE_MANAGER=poetry ;;
    uv.lock) PACKAGE_MANAGER=uv ;;
    *) no_packages_file ;;
  esac
}

no_packages_file() {
  local file
  for file in requeriments.txt requirement.txt requirments.txt Requirements.txt; do
    [[ ! -f $file ]] || fail "The file $file has a wrong name." "Rename it: git mv $file requirements.txt"
  done
  if [[ -f Pipfile ]]; then
    fail 'There is a Pipfile, but no Pipfile.lock.' 'Make it with: pipenv lock, and commit it.'
  fi
  fail "Couldn't find any supported Python package manager files." \
    'A Python app must have one of these in its root directory: requirements.txt, uv.lock, poetry.lock, Pipfile.lock' \
    'An app without packages has an empty requirements.txt.'
}

install_packages() {
  DOING='Installing the packages'
  trim_package_cache
  export PIP_CACHE_DIR=$CACHE_DIR/packages/pip UV_CACHE_DIR=$CACHE_DIR/packages/uv POETRY_CACHE_DIR=$CACHE_DIR/packages/poetry
  case $PACKAGE_MANAGER in
    pip)
      if [[ -n ${REUSED:-} ]]; then
        header "Using packages of the last build: $PACKAGES_FILE has not changed"
      else
        header "Installing dependencies using 'pip install -r requirements.txt'"
        indented pip install --no-input -r requirements.txt
      fi
      ;;
    pipenv)
      if [[ -n ${REUSED:-} ]]; then
        header "Using packages of the last build: $PACKAGES_FILE has not changed"
      else
        provide_tool pipenv
        header "Installing dependencies using 'pipenv install --deploy'"
        indented with_tool pipenv install --deploy
      fi
      ;;
    poetry)
      provide_tool poetry
      header "Installing dependencies using 'poetry sync --only main'"
      indented with_tool poetry sync --only main --no-interaction --no-ansi
      ;;
    uv)
      provide_tool uv
      header "Installing dependencies using 'uv sync --locked --no-default-groups'"
      UV_PROJECT_ENVIRONMENT=$PYTHON_HOME UV_PYTHON_DOWNLOADS=never UV_NO_PROGRESS=1 UV_COMPILE_BYTECODE=1 \
        PYC_INVALIDATION_MODE=CHECKED_HASH indented uv sync --locked --no-default-groups --no-editable
      ;;
  esac
  DOING=
  save_environment
}

# Poetry and Pipenv run on the stack's Python, and install into the app's.
with_tool() {
  local name=$1
  shift
  PYTHONPATH=/tmp/python-tools/$name PIPENV_VERBOSITY=-1 POETRY_VIRTUALENVS_CREATE=false \
    PIPENV_NOSPIN=1 /usr/bin/python3 -m "$name" "$@"
}

# provide_tool NAME: unpacked at /tmp/python-tools, from the cache if that has it; uv on the PATH, too. What has many files
# is one in the cache: making a file costs more than what is in it.
provide_tool() {
  local name=$1 version=${TOOL_VERSIONS[$1]}
  local directory=/tmp/python-tools/$name packed=$CACHE_DIR/tools/$name-$version.tar
  if [[ -d $directory ]]; then
    return
  fi
  mkdir -p "$directory"
  if [[ -f $packed ]]; then
    tar -xf "$packed" -C "$directory"
  else
    header "Installing $name $version"
    rm -rf "$CACHE_DIR/tools/$name"-*
    local pip=(/usr/share/python-wheels/pip-*.whl)
    indented /usr/bin/python3 "${pip[0]}/pip" install --quiet --no-cache-dir --no-compile --target "$directory" "$name==$version"
    tar -cf "$packed" -C "$directory" .
  fi
  if [[ $name == uv ]]; then
    PATH=$directory/bin:$PATH
  fi
}

# --- the environment of the last build ---

# Whether $PACKAGES_FILE alone decides what is installed: nothing from the app's own source, no other files.
may_reuse_environment() {
  case $PACKAGE_MANAGER in
    pip) ! grep -aqE '^[[:space:]]*(-|\.|/|file:)|@ *file:' requirements.txt ;;
    pipenv) ! jq -e '[.. | objects | select(has("path") or has("editable") or has("file"))] | length > 0' Pipfile.lock >/dev/null ;;
    *) return 1 ;;
  esac
}

environment_key() {
  {
    echo "v1 ${STACK:-} $FULL_VERSION $PACKAGE_MANAGER"
    env | grep -E '^(PIP|PIPENV)_' | grep -v '^PIP_CACHE_DIR=' | LC_ALL=C sort || true
    cat "$PACKAGES_FILE"
  } | sha256sum
}

restore_environment() {
  REUSED=
  rm -rf "$PYTHON_HOME"
  if ! may_reuse_environment || [[ ! -f $CACHE_DIR/environment.key || $(<"$CACHE_DIR/environment.key") != "$(environment_key)" ]]; then
    rm -rf "$RESTORED_DIR/environment"
    return 1
  fi
  # Unpacked already, where the build was waited for.
  if [[ -d $RESTORED_DIR/environment ]]; then
    mv "$RESTORED_DIR/environment" "$PYTHON_HOME"
  else
    mkdir -p "$PYTHON_HOME"
    tar -xf "$CACHE_DIR/environment.tar" -C "$PYTHON_HOME"
  fi
  REUSED=1
}

save_environment() {
  if [[ -z ${REUSED:-} ]]; then
    rm -f "$CACHE_DIR/environment.tar" "$CACHE_DIR/environment.key"
    if may_reuse_environment; then
      header 'Saving cache'
      tar -cf "$CACHE_DIR/environment.tar" -C "$PYTHON_HOME" .
      environment_key >"$CACHE_DIR/environment.key"
    fi
  fi
}

# What package managers download is kept too, but not for ever.
trim_package_cache() {
  [[ -d $CACHE_DIR/packages ]] || return 0
  local size
  size=$(du -sm "$CACHE_DIR/packages" | cut -f1)
  if ((size > 512)); then
    rm -rf "$CACHE_DIR/packages"
  fi
}
