# shellcheck shell=bash
export JAVA_HOME="$HOME/.jdk"
export PATH="$JAVA_HOME/bin:$PATH"

# As much of the dyno's memory for the heap as leaves enough for the rest. An option of the app's own comes later, and counts.
java_memory_options() {
  local file bytes=$((512 << 20))
  for file in /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max; do
    if [ -r "$file" ] && grep -qE '^[0-9]{1,13}$' "$file"; then
      bytes=$(cat "$file")
    fi
  done
  case $((bytes >> 20)) in
    [0-9] | [0-9][0-9] | [1-4][0-9][0-9] | 50[0-9] | 51[0-2]) echo '-Xmx300m -Xss512k -XX:CICompilerCount=2' ;;
    [5-9][0-9][0-9] | 10[01][0-9] | 102[0-4]) echo '-Xmx671m -XX:CICompilerCount=2' ;;
    *) echo '-XX:MaxRAMPercentage=80.0' ;;
  esac
}
JAVA_TOOL_OPTIONS="$(java_memory_options) -Dfile.encoding=UTF-8${JAVA_TOOL_OPTIONS:+ $JAVA_TOOL_OPTIONS}"
export JAVA_TOOL_OPTIONS

# java_database PREFIX URL: JDBC's form of a database's URL, in variables of that prefix.
java_database() {
  if [[ $2 =~ ^(postgres|postgresql|mysql):\/\/([^:@/]*)(:([^@/]*))?@([^/?]+)(\/[^?]*)?(\?(.*))?$ ]]; then
    local kind=postgresql
    [[ ${BASH_REMATCH[1]} != mysql ]] || kind=mysql
    export "$1_URL=jdbc:$kind://${BASH_REMATCH[5]}${BASH_REMATCH[6]}?user=${BASH_REMATCH[2]}&password=${BASH_REMATCH[4]}${BASH_REMATCH[8]:+&${BASH_REMATCH[8]}}"
    export "$1_USERNAME=${BASH_REMATCH[2]}" "$1_PASSWORD=${BASH_REMATCH[4]}"
  fi
}
if [[ -n ${DATABASE_URL:-} && -z ${JDBC_DATABASE_URL:-} ]]; then
  java_database JDBC_DATABASE "$DATABASE_URL"
  if [[ -n ${JDBC_DATABASE_URL:-} && -z ${SPRING_DATASOURCE_URL:-} && ${DISABLE_SPRING_DATASOURCE_URL:-} != true ]]; then
    export SPRING_DATASOURCE_URL="$JDBC_DATABASE_URL" SPRING_DATASOURCE_USERNAME="$JDBC_DATABASE_USERNAME"
    export SPRING_DATASOURCE_PASSWORD="$JDBC_DATABASE_PASSWORD"
  fi
fi
unset -f java_memory_options java_database
