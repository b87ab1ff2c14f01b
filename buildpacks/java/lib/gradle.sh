# shellcheck shell=bash disable=SC2034 # bin/compile and its other files read what this one sets
# Building with Gradle, by the app's wrapper.

build_with_gradle() {
  if [[ ! -f gradlew ]]; then
    fail 'There is no gradlew in the root directory of the app.' 'To make it: gradle wrapper. Commit gradlew and gradle/wrapper.'
  fi
  chmod +x gradlew
  export GRADLE_USER_HOME=$CACHE_DIR/gradle
  local tasks=()
  read -ra tasks <<<"${GRADLE_TASK:-}"
  if [[ ${#tasks[@]} == 0 ]]; then
    choose_tasks
  fi
  header "Executing Gradle"
  detail "$ ./gradlew ${tasks[*]}"
  DOING='Gradle'
  indented ./gradlew --no-daemon --console=plain "${tasks[@]}"
  rm -rf .gradle "$GRADLE_USER_HOME/daemon" "$GRADLE_USER_HOME"/caches/*/tmp
}

# Sets `tasks`. Heroku: `stage` where there is that task, or what the framework needs.
choose_tasks() {
  DOING='Looking for tasks of Gradle'
  if ./gradlew --no-daemon --console=plain --quiet tasks --all 2>"$CACHE_DIR/tasks.log" | grep -qE '(^|:)stage( |$)'; then
    tasks=(stage)
  elif grep -qsE 'org.springframework.boot|io.quarkus' build.gradle build.gradle.kts; then
    tasks=(build -x check)
  elif grep -qsE 'io.micronaut|com.gradleup.shadow|com.github.johnrengelman.shadow' build.gradle build.gradle.kts; then
    tasks=(shadowJar -x check)
  elif grep -qsE 'io.ratpack|io.ktor' build.gradle build.gradle.kts; then
    tasks=(installDist -x check)
  else
    tasks=(stage)
  fi
  rm -f "$CACHE_DIR/tasks.log"
}
