# shellcheck shell=bash
# What the dyno and the buildpacks after this one get, so that they find what is in .apt.
# shellcheck shell=bash

write_environment() {
  header 'Writing profile script'
  mkdir -p .profile.d
  # shellcheck disable=SC2016 # expanded in the dyno
  environment_at '$HOME/.apt' >.profile.d/000_apt.sh
  environment_at "$BUILD_DIR/.apt" >"$BUILDPACK_DIR/export"
  # Packages' own descriptions hold the paths that they would have with root.
  find .apt -type f -path '*/pkgconfig/*.pc' -exec sed -i -E "s#^prefix=(/usr.*)#prefix=$BUILD_DIR/.apt\1#" {} +
}

environment_at() {
  local root=$1 architecture
  architecture=$(debian_architecture)
  cat <<SH
export PATH="$root/usr/bin:$root/usr/sbin:$root/bin:\$PATH"
export LD_LIBRARY_PATH="$root/usr/lib/$architecture:$root/usr/lib:$root/lib/$architecture:$root/lib\${LD_LIBRARY_PATH:+:\$LD_LIBRARY_PATH}"
export LIBRARY_PATH="$root/usr/lib/$architecture:$root/usr/lib:$root/lib/$architecture:$root/lib\${LIBRARY_PATH:+:\$LIBRARY_PATH}"
export INCLUDE_PATH="$root/usr/include:$root/usr/include/$architecture\${INCLUDE_PATH:+:\$INCLUDE_PATH}"
export CPATH="\$INCLUDE_PATH"
export CPPPATH="\$INCLUDE_PATH"
export PKG_CONFIG_PATH="$root/usr/lib/$architecture/pkgconfig:$root/usr/lib/pkgconfig:$root/usr/share/pkgconfig\${PKG_CONFIG_PATH:+:\$PKG_CONFIG_PATH}"
export GI_TYPELIB_PATH="$root/usr/lib/$architecture/girepository-1.0\${GI_TYPELIB_PATH:+:\$GI_TYPELIB_PATH}"
SH
}
