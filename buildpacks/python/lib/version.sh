# shellcheck shell=bash
# Which Python: the stack's own, unless the app asks for another, which uv gets from the internet or from a mirror.

STACK_VERSION=$(/usr/bin/python3 -c 'import platform; print(platform.python_version())')

# Sets VERSION to what is asked for: 3.13 or 3.13.2.
choose_version() {
  local origin=
  VERSION=
  if [[ -f runtime.txt ]]; then
    origin=runtime.txt VERSION=$(head -n 1 runtime.txt | tr -d '[:space:]\357\273\277')
    VERSION=${VERSION#python-}
  elif [[ -f .python-version ]]; then
    origin=.python-version VERSION=$(sed -E 's/#.*//; s/[[:space:]]//g; /^$/d' .python-version | head -n 1)
  elif [[ -f Pipfile.lock ]]; then
    origin=Pipfile.lock VERSION=$(jq -r '._meta.requires | .python_full_version // .python_version // ""' Pipfile.lock)
  fi
  if [[ -z $VERSION ]]; then
    VERSION=${STACK_VERSION%.*}
    header "No Python version was specified. Using the buildpack default: Python $VERSION"
    detail "To stay on it, put it into a file: echo $VERSION > .python-version"
    return
  fi
  if [[ ! $VERSION =~ ^3\.[0-9]+(\.[0-9]+)?$ ]]; then
    fail "Invalid Python version in $origin: ${VERSION:0:100}" "Give a major version, such as ${STACK_VERSION%.*}."
  fi
  header "Using Python $VERSION specified in $origin"
  if [[ $origin == runtime.txt ]]; then
    warning 'runtime.txt is deprecated: put the version into a file .python-version instead.'
  fi
}

# Makes the environment at $PYTHON_HOME, or takes it from the last build if it fits this one.
install_python() {
  local interpreter=/usr/bin/python3
  FULL_VERSION=$STACK_VERSION
  if [[ ${VERSION%.*} == 3 && $VERSION == "${STACK_VERSION%.*}" || ${VERSION%.*} == "${STACK_VERSION%.*}" ]]; then
    if [[ $VERSION == *.*.* && $VERSION != "$STACK_VERSION" ]]; then
      warning "The stack's Python is $STACK_VERSION, which is used instead of $VERSION: it has the same interface."
    fi
  else
    install_other_python
    interpreter=/app/.heroku/cpython/bin/python3
  fi
  if restore_environment; then
    return
  fi
  header "Installing Python $FULL_VERSION"
  local arguments=()
  [[ $PACKAGE_MANAGER == pip || $PACKAGE_MANAGER == pipenv ]] || arguments=(--without-pip)
  "$interpreter" -m venv "${arguments[@]}" "$PYTHON_HOME"
}

install_other_python() {
  local runtimes=$CACHE_DIR/runtimes found
  provide_tool uv
  found=("$runtimes/cpython-$VERSION"[.-]*)
  if [[ ! -x ${found[0]}/bin/python3 ]]; then
    rm -rf "$runtimes"
    UV_PYTHON_DOWNLOADS=manual uv python install --no-bin --install-dir "$runtimes" "$VERSION" >"$CACHE_DIR/uv.log" 2>&1 || no_such_python
    rm -f "$CACHE_DIR/uv.log" "$runtimes"/.[a-z]*
    found=("$runtimes/cpython-$VERSION"[.-]*)
  fi
  FULL_VERSION=$("${found[0]}/bin/python3" -c 'import platform; print(platform.python_version())')
  rm -rf /app/.heroku/cpython
  cp -al "${found[0]}/." /app/.heroku/cpython
}

no_such_python() {
  local reasons=() mirror=${UV_PYTHON_INSTALL_MIRROR:-https://github.com/astral-sh/python-build-standalone}
  mapfile -t reasons < <(sed 's/\x1b\[[0-9;]*m//g' "$CACHE_DIR/uv.log" | head -n 4)
  rm -f "$CACHE_DIR/uv.log"
  fail "Python $VERSION could not be had from $mirror" "${reasons[@]}" '' \
    "Without it there is Python ${STACK_VERSION%.*}, which comes with the stack:" '' \
    "    echo ${STACK_VERSION%.*} > .python-version" '' \
    'Whoever runs this server can set a mirror of Python releases (see docs/buildpacks.md, Mirrors).'
}
