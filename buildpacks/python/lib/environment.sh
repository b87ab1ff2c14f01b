# shellcheck shell=bash
# What the build and the dyno get.

set_environment() {
  export_config_vars PYTHONHOME PYTHONPATH VIRTUAL_ENV
  export LANG=${LANG:-C.UTF-8} PYTHONUNBUFFERED=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 PIP_PROGRESS_BAR=off
  export VIRTUAL_ENV=$PYTHON_HOME PATH=$PYTHON_HOME/bin:$PATH
}

# For the dyno, and for the buildpacks after this one.
write_profile() {
  cp "$BUILDPACK_DIR"/profile/*.sh .profile.d/
  cat >"$BUILDPACK_DIR/export" <<SH
export PATH="$PYTHON_HOME/bin:\$PATH"
export PYTHONUNBUFFERED=true
export LANG="\${LANG:-C.UTF-8}"
SH
}
