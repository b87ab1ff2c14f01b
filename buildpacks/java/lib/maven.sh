# shellcheck shell=bash disable=SC2034 # bin/compile and its other files read what this one sets
# Building with Maven: the app's wrapper, or Debian's.

build_with_maven() {
  local command=() options goals settings=()
  maven_command
  read -ra options <<<"${MAVEN_CUSTOM_OPTS:--DskipTests}"
  read -ra goals <<<"${MAVEN_CUSTOM_GOALS:-clean dependency:list install}"
  maven_settings
  export MAVEN_OPTS="${MAVEN_JAVA_OPTS:--Xmx1024m} ${MAVEN_OPTS:-}"
  header "Executing Maven"
  detail "$ ${command[0]} ${options[*]} ${goals[*]}"
  DOING='Maven'
  indented "${command[@]}" -B -DoutputFile=target/mvn-dependency-list.log "-Dmaven.repo.local=$CACHE_DIR/m2" "${settings[@]}" \
    "${options[@]}" "${goals[@]}"
  # The app's own packages are built anew every time.
  find "$CACHE_DIR/m2" -name '*-SNAPSHOT' -type d -prune -exec rm -rf {} + 2>/dev/null || true
}

maven_command() {
  local version
  version=$(property system.properties maven.version)
  if [[ -f mvnw && -f .mvn/wrapper/maven-wrapper.properties && -z $version ]]; then
    chmod +x mvnw
    # The wrapper keeps what it fetches.
    export MAVEN_USER_HOME=$CACHE_DIR/wrapper
    command=(./mvnw)
    return
  fi
  if [[ -n $version ]]; then
    warning "Maven $version, which system.properties asks for, is not here: the stack's is used. To have one of your own:"
    warning "    mvn wrapper:wrapper -Dmaven=$version, and without maven.version"
  fi
  header 'Installing Maven'
  # shellcheck disable=SC2034 # debian_install reads it
  local DEBIAN_LEFT_OUT=("${JAVA_LEFT_OUT[@]}" default-jre-headless openjdk-21-jre-headless)
  debian_install "$CACHE_DIR/maven" /tmp/maven maven >"$CACHE_DIR/install.log"
  rm -f "$CACHE_DIR/install.log"
  # Debian's packages name each other by where they are otherwise.
  local link
  while read -r link; do
    ln -sfn "/tmp/maven$(readlink "$link")" "$link"
  done < <(find /tmp/maven/usr/share -type l \( -lname '/usr/*' -o -lname '/etc/*' \))
  command=(/tmp/maven/usr/share/maven/bin/mvn)
  detail "$("${command[@]}" --version 2>/dev/null | sed 's/\x1b\[[0-9;]*m//g' | head -n 1)"
}

# Sets `settings`: the app's own, or a mirror of the operator's.
maven_settings() {
  if [[ -n ${MAVEN_SETTINGS_PATH:-} ]]; then
    settings=(-s "$MAVEN_SETTINGS_PATH")
  elif [[ -f settings.xml ]]; then
    settings=(-s settings.xml)
  elif [[ -n ${MAVEN_MIRROR:-} ]]; then
    printf '<settings><mirrors><mirror><id>mirror</id><mirrorOf>central</mirrorOf><url>%s</url></mirror></mirrors></settings>\n' \
      "$(sed 's/&/\&amp;/g; s/</\&lt;/g' <<<"$MAVEN_MIRROR")" >/tmp/maven-settings.xml
    settings=(-s /tmp/maven-settings.xml)
  fi
}
