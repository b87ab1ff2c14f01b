# shellcheck shell=bash disable=SC2034 # bin/compile and its other files read what this one sets
# Which Java, and getting it: a JDK for the build, and what runs the app.

readonly JDK=/tmp/jdk
# Smart cards, certificates that are made here, and alternatives that are not.
readonly JAVA_LEFT_OUT=(ca-certificates-java java-common libnss3 libnspr4 libpcsclite1 libsqlite3-0)

# property FILE NAME
property() {
  [[ ! -f $1 ]] || sed -nE "s/^[[:space:]]*${2//./\\.}[[:space:]]*[=:][[:space:]]*([^[:space:]]+).*/\1/p" "$1" | tail -n 1
}

# Sets SERIES: 21.
choose_version() {
  local asked
  asked=$(property system.properties java.runtime.version)
  if [[ -z $asked ]]; then
    SERIES=$JAVA_DEFAULT
    header "No Java version was specified. Using the buildpack default: OpenJDK $SERIES"
    detail "To stay on it, put it into a file: echo java.runtime.version=$SERIES > system.properties"
    return
  fi
  # `openjdk-21.0.2`, `zulu-17`, `1.8.0_402`.
  SERIES=${asked#*-} SERIES=${SERIES#1.} SERIES=${SERIES%%[._+]*}
  if [[ ! $SERIES =~ ^[1-9][0-9]?$ ]]; then
    fail "Invalid Java version in system.properties: ${asked:0:100}" "Give one such as java.runtime.version=$JAVA_DEFAULT."
  fi
  header "Using OpenJDK $SERIES specified in system.properties"
  if [[ $asked == *.*.* ]]; then
    detail "It is the newest $SERIES, which has the mended security holes, and not just ${asked:0:100}."
  fi
}

# At $JDK, and at .jdk of the app.
install_jdk() {
  header "Installing OpenJDK $SERIES"
  DOING='The installation of Java'
  rm -rf "$JDK" .jdk
  if [[ " ${JAVA_STACK_SERIES[*]} " == *" $SERIES "* ]]; then
    rm -f "$CACHE_DIR"/jdk-*.tar.gz
    install_package "openjdk-$SERIES-jdk-headless" "$JDK"
    install_package "openjdk-$SERIES-jre-headless" .jdk
  else
    rm -rf "$CACHE_DIR"/openjdk-*
    fetch_jdk
    mkdir -p "$JDK"
    tar -xzf "$CACHE_DIR/jdk-$SERIES.tar.gz" -C "$JDK" --strip-components 1 --no-same-owner
    cp -a "$JDK" .jdk
    rm -rf .jdk/{jmods,man,include,lib/src.zip,src.zip,demo,sample}
  fi
  export JAVA_HOME=$JDK PATH=$JDK/bin:$PATH
  trust "$JDK" "${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}"
  trust .jdk /etc/ssl/certs/ca-certificates.crt
  detail "$(java -version 2>&1 | sed -n 2p)"
}

# install_package NAME DIRECTORY: of a Debian package, the directory that Java is in, with what it has elsewhere in /etc.
install_package() {
  local root=/tmp/paas-java/$1 link target
  # shellcheck disable=SC2034 # debian_install reads it
  local DEBIAN_LEFT_OUT=("${JAVA_LEFT_OUT[@]}")
  debian_install "$CACHE_DIR/$1" "$root" "$1" >"$CACHE_DIR/install.log"
  rm -f "$CACHE_DIR/install.log"
  local found=("$root"/usr/lib/jvm/java-"$SERIES"-openjdk-*)
  while read -r link; do
    target=$root$(readlink "$link")
    rm "$link"
    [[ ! -e $target ]] || cp -r "$target" "$link"
  done < <(find "${found[0]}" -type l -lname '/etc/*')
  rm -rf "$2" "${found[0]}"/{man,docs,jmods/../lib/src.zip}
  mv "${found[0]}" "$2"
  rm -rf "$root"
}

fetch_jdk() {
  local arch kept=$CACHE_DIR/jdk-$SERIES.tar.gz url checksum
  case $(uname -m) in aarch64) arch=aarch64 ;; *) arch=x64 ;; esac
  url=${JAVA_URL//%SERIES%/$SERIES} url=${url//%ARCH%/$arch}
  checksum=${JAVA_CHECKSUM_URL//%SERIES%/$SERIES} checksum=${checksum//%ARCH%/$arch}
  local curl=(curl --silent --show-error --fail --location --proto '=https,http' --retry 2 --retry-max-time 60 --max-time 300)
  if [[ -f $kept && -n $(find "$kept" -mtime "-$DEBIAN_DAYS") ]]; then
    return
  fi
  rm -f "$CACHE_DIR"/jdk-*.tar.gz
  if ! "${curl[@]}" --output "$CACHE_DIR/fetched" -- "$url" 2>"$CACHE_DIR/fetch.log" ||
    ! "${curl[@]}" --output "$CACHE_DIR/fetch.sha256" -- "$checksum" 2>"$CACHE_DIR/fetch.log"; then
    fail "OpenJDK $SERIES could not be had." "$(without_credentials "$(tail -n 1 "$CACHE_DIR/fetch.log" | cut -c -200)")" '' \
      "Without it there are ${JAVA_STACK_SERIES[*]}, which come with the stack. In system.properties:" '' \
      "    java.runtime.version=$JAVA_DEFAULT" '' \
      'Whoever runs this server can set a mirror of JDKs (see docs/buildpacks.md, Mirrors).'
  fi
  [[ $(sha256sum <"$CACHE_DIR/fetched" | cut -d ' ' -f 1) == "$(cut -c -64 "$CACHE_DIR/fetch.sha256")" ]] ||
    fail "The archive of OpenJDK $SERIES from $(without_credentials "$url") is not the one that its checksum is of."
  mv "$CACHE_DIR/fetched" "$kept"
  rm -f "$CACHE_DIR"/fetch.*
}

# trust JAVA BUNDLE: the certificates of the bundle, in the form that Java reads.
trust() {
  mkdir -p "$1/lib/security" "$1/jre/lib/security"
  rmdir -p --ignore-fail-on-non-empty "$1/jre/lib/security"
  local store=$1/lib/security/cacerts
  [[ ! -d $1/jre ]] || store=$1/jre/lib/security/cacerts
  rm -f "$store"
  "$JDK/bin/javac" -d /tmp/paas-java "$BUILDPACK_DIR/lib/Cacerts.java"
  "$JDK/bin/java" -cp /tmp/paas-java Cacerts "$2" "$store"
}
