#!/usr/bin/env bash
# Runs one build inside its sandbox, as an account without rights: unpacks the source, chooses buildpacks, and runs them
# by Heroku's buildpack API. `sandbox.rs` puts the inputs in place; `outcome.rs` reads $RESULT in the end.
#
#   /tmp/paas/source.tgz     the app            /tmp/paas/buildpacks/NAME   those that come with the platform
#   /tmp/paas/buildpacks.tsv the chosen ones: kind, display name, URL or short name, git reference; empty: detect
#   /tmp/paas/environment    NUL-separated environment of the buildpacks     /tmp/paas/env   config vars, a file each
#   /tmp/paas/cache.packed   the last build's cache, if there is one         /tmp/paas/result   what this script found out
#   /tmp/paas/go             the last of the inputs. What is not there when it starts, it waits for, with the cache unpacked
#
# All that it prints is for the user. Its exit status is 0, 1 after it has said what is wrong, or 3 when the app is to be
# built by its Dockerfiles instead.
set -uo pipefail
exec 2>&1 </dev/null
umask 022

# An engine takes every line for an entry of its log: ones by the million keep it busier than the build itself. What is
# printed past the limit ends here.
exec 3>&1 > >(stdbuf -o0 head -c "$OUTPUT_LIMIT"; cat >/dev/null) 2>&1
readonly LIMITER=$!
trap finish_output EXIT

readonly ROOT=/tmp/paas
readonly RESULT=$ROOT/result CACHE_DIR=$ROOT/cache ENV_DIR=$ROOT/env LARGE_DIRECTORY=$((4 << 20)) MANY_FILES=300
readonly BUILD_DIR SOURCE_LIMIT PRODUCT HELP DETECT_ORDER DETECT_FALLBACK
ENVIRONMENT=()

# Each chosen buildpack's kind, display name, URL or short name, and git reference.
KINDS=() NAMES=() URLS=() REFERENCES=()
# Directories of the buildpacks that have run: the next one gets what they export.
RAN=()

main() {
  mkdir -p "$RESULT" "$CACHE_DIR" "$ENV_DIR" "$BUILD_DIR"
  if [[ -f $ROOT/extra-ca.crt ]]; then
    cat /etc/ssl/certs/ca-certificates.crt "$ROOT/extra-ca.crt" >"$ROOT/ca.crt"
  fi
  timed restore unpack_cache
  local cache_before
  cache_before=$(fingerprint "$CACHE_DIR")
  [[ -e $ROOT/go ]] || wait_for_inputs
  mapfile -d '' ENVIRONMENT <"$ROOT/environment"
  timed unpack unpack_source
  find_source_time
  # Never empty, as awk tells files apart by that.
  { echo / && find "$BUILD_DIR" -mindepth 1 -maxdepth 1 -type d -printf '%f\n'; } >"$ROOT/pushed"
  choose_buildpacks
  local number
  for number in "${!KINDS[@]}"; do
    run_buildpack "$number"
  done
  rm -rf "$CACHE_DIR.restored"
  if [[ -f $BUILD_DIR/Procfile ]]; then
    head -c 1000000 "$BUILD_DIR/Procfile" >"$RESULT/procfile"
  fi
  if [[ $(fingerprint "$CACHE_DIR") == "$cache_before" ]]; then
    echo unchanged >"$RESULT/cache"
  else
    timed pack pack_cache
  fi
}

# Nobody has pushed yet: what can be done before is done, and takes no time of the build then. Here the container is frozen.
wait_for_inputs() {
  local restore
  mkdir -p "$CACHE_DIR.restored"
  for restore in "$ROOT"/buildpacks/*/bin/restore; do
    env -i PATH="$PATH" "$restore" "$CACHE_DIR" "$CACHE_DIR.restored" &>/dev/null || true
  done
  note_digests "$CACHE_DIR.restored"
  printf '\036build waits\n' >&3
  until [[ -e $ROOT/go ]]; do
    sleep 0.01
  done
  rm -f "$RESULT/stages"
}

# --- cache ---

# The platform keeps the packed cache as it is, and gives it to nobody but the app's next build. A broken one is none.
unpack_cache() {
  [[ -f $ROOT/cache.packed ]] || return 0
  if ! { zstd -dc "$ROOT/cache.packed" || gzip -dc "$ROOT/cache.packed"; } 2>/dev/null |
    tar -x -C "$CACHE_DIR" 2>/dev/null; then
    rm -rf "$CACHE_DIR" && mkdir "$CACHE_DIR"
  fi
  rm "$ROOT/cache.packed"
}

# One step after the other, not through a pipe: on a busy machine, every change of turns there costs a time slice.
pack_cache() {
  tar -C "$CACHE_DIR" -cf "$ROOT/cache.tar" .
  { zstd -qc -1 -T0 "$ROOT/cache.tar" || gzip -c1 "$ROOT/cache.tar"; } >"$ROOT/cache.packed" 2>/dev/null
  rm "$ROOT/cache.tar"
}

# --- slug ---

# Directories that are worth a layer of their own: most often what the app depends on, which most pushes leave as it is. Large
# ones, and those of many files that the build has made: hosts take their time to write files. One that cannot be moved stays
# where it is, and loses nothing by it; nor does a build for which none of this works.
move_large_directories() {
  local name digesting=()
  rm -rf "$RESULT/large"
  mkdir "$ROOT/large" 2>/dev/null || return 0
  find "$BUILD_DIR" -mindepth 2 -type f -printf '%s/%P\n' 2>/dev/null |
    awk -F/ -v least="$LARGE_DIRECTORY" -v many="$MANY_FILES" '
      FNR == NR { pushed[$0]; next }
      { size[$2] += $1; files[$2]++ }
      END {
        for (name in size)
          if ((size[name] >= least || files[name] >= many && !(name in pushed)) && name ~ /^[A-Za-z0-9._-]*[A-Za-z0-9_-][A-Za-z0-9._-]*$/)
            printf "%d %s\n", size[name], name
      }' "$ROOT/pushed" - |
    LC_ALL=C sort -k 1,1nr -k 2 | head -n 4 | while read -r _ name; do
    [[ -d $BUILD_DIR/$name && ! -L $BUILD_DIR/$name ]] || continue
    mv "$BUILD_DIR/$name" "$ROOT/large/$name" 2>/dev/null || continue
    echo "$name"
  done >"$ROOT/moved"
  while read -r name; do
    (cd "$ROOT/large" && digest_of "$name") >"$ROOT/digest.$name" &
    digesting+=("$!")
  done <"$ROOT/moved"
  # Never for all: what limits the output ends with this script.
  [[ ${#digesting[@]} == 0 ]] || wait "${digesting[@]}"
  while read -r name; do
    echo "$name $(<"$ROOT/digest.$name")" >>"$RESULT/large"
  done <"$ROOT/moved"
  return 0
}

# Of all that is in a directory, times left out. Nothing where something in it cannot be read, or has a newline in its name. Many times as fast as reading
# it out of the container: where it is that of the last build, nobody does.
digest_of() {
  local digest parts=$ROOT/digests.$1
  rm -rf "$parts" && mkdir "$parts" || return
  [[ -z $(find "./$1" -name $'*\n*' -print -quit 2>/dev/null) ]] || return
  digest=$({
    # The size of a link tells where its name ends and what it links to begins.
    find "./$1" -type l -printf 'l %s %p %l\0' -o -printf '%y %m %p\0' | LC_ALL=C sort -z &&
      find "./$1" -type f -printf '%i %C@ %p\n' | without_noted "$parts/noted" | digest_files "$parts" &&
      find "$parts" -type f -exec cat {} + | LC_ALL=C sort
  } 2>/dev/null | sha256sum) && echo "${digest%% *}"
}

# A file for each process: they would write into one another's lines.
digest_files() {
  # shellcheck disable=SC2016 # expanded by the inner shell
  xargs -d '\n' --no-run-if-empty -P 2 -n 256 sh -c 'exec openssl dgst -sha256 -r "$@" >>"$0/$$"' "$1"
}

# As of a listing with inode, time of change and name: names whose digests were noted are left out, and both are in FILE.
without_noted() {
  awk -v noted="$1" -v known="$ROOT/noted" '
    BEGIN {
      while ((getline line <known) > 0) {
        split(line, part, " ")
        digest[part[1] " " part[2]] = part[3]
      }
    }
    {
      key = $1 " " $2
      name = substr($0, length(key) + 2)
      if (key in digest) printf "%s *%s\n", digest[key], name >noted
      else print name
    }'
}

# Digests files before there is a build. By inode and time of change it can be told that one is as it was then: nobody can set
# the latter.
note_digests() {
  local files=$ROOT/noted.files digests=$ROOT/noted.digests
  find "$1" -type f -printf '%i %C@\n' >"$files"
  # In the same order, unless one cannot be read or has a newline in its name.
  find "$1" -type f -print0 | xargs -0 --no-run-if-empty -n 256 openssl dgst -sha256 -r 2>/dev/null | cut -d ' ' -f 1 >"$digests" &&
    [[ $(wc -l <"$files") == $(wc -l <"$digests") ]] && paste -d ' ' "$files" "$digests" >"$ROOT/noted"
  return 0
}

# --- source ---

unpack_source() {
  # tar itself refuses `..`, takes the slash off absolute names, and makes links last, so that nothing is written through one.
  gzip -dc "$ROOT/source.tgz" 2>"$ROOT/unpack.log" | head -c "$SOURCE_LIMIT" |
    tar -x --no-same-owner --no-same-permissions -C "$BUILD_DIR" 2>>"$ROOT/unpack.log"
  local statuses=("${PIPESTATUS[@]}")
  if [[ ${statuses[0]} == 141 ]]; then
    reject "Push rejected, the source is larger than $((SOURCE_LIMIT >> 20)) MB when it is unpacked."
  fi
  # 2 is gzip's warning about what follows the archive.
  if [[ ${statuses[0]} != [02] || ${statuses[2]} != 0 ]]; then
    warn "The source archive cannot be unpacked:"
    head -n 5 "$ROOT/unpack.log" | cut -c -200 | sed 's/^/       /'
    reject 'Push rejected, the source must be a tar archive compressed by gzip.'
  fi
  rm -f "$ROOT/source.tgz"
  chmod -R u+rwX "$BUILD_DIR"
  strip_single_directory
  if [[ -z $(ls -A "$BUILD_DIR") ]]; then
    reject 'Push rejected, the source is empty.'
  fi
  # git's own files are no part of an app, and ones from a stranger can make git run things.
  rm -rf "$BUILD_DIR/.git"
  apply_slugignore
}

# Archives of GitHub and the like hold one directory with everything in it.
strip_single_directory() {
  local entries
  mapfile -d '' entries < <(find "$BUILD_DIR" -mindepth 1 -maxdepth 1 -print0)
  if [[ ${#entries[@]} == 1 && -d ${entries[0]} && ! -L ${entries[0]} ]]; then
    mv "${entries[0]}" "$ROOT/inner" && rmdir "$BUILD_DIR" && mv "$ROOT/inner" "$BUILD_DIR"
  fi
}

# Compilers and packagers that know SOURCE_DATE_EPOCH make the same of the same source on any day. Archives of the zip
# kind know no time before 1980.
find_source_time() {
  local newest now
  newest=$(find "$BUILD_DIR" -type f -printf '%T@\n' | sort -n | tail -n 1)
  newest=${newest%%.*} now=$(date +%s)
  if [[ ! $newest =~ ^[0-9]+$ || $newest -lt 315619200 ]]; then
    newest=315619200
  elif [[ $newest -gt $now ]]; then
    newest=$now
  fi
  echo "$newest" >"$RESULT/source_time"
  ENVIRONMENT+=("SOURCE_DATE_EPOCH=$newest")
  readonly ENVIRONMENT
}

# git reads the patterns, since they are git's. Heroku: .slugignore knows no `!`.
apply_slugignore() {
  [[ -f $BUILD_DIR/.slugignore ]] || return 0
  local repository=$ROOT/slugignore.git
  grep -av '^!' "$BUILD_DIR/.slugignore" | tr -d '\r' >"$ROOT/slugignore"
  git init --quiet --bare "$repository"
  git --git-dir="$repository" --work-tree="$BUILD_DIR" -c core.bare=false -c core.excludesFile=/dev/null \
    ls-files --others --ignored --directory --exclude-from="$ROOT/slugignore" -z |
    (cd "$BUILD_DIR" && xargs -0 --no-run-if-empty rm -rf --)
  rm -rf "$repository"
}

# --- buildpacks ---

choose_buildpacks() {
  local kind name url reference
  while IFS=$'\t' read -r kind name url reference; do
    KINDS+=("$kind") NAMES+=("$name") URLS+=("$url") REFERENCES+=("$reference")
  done <"$ROOT/buildpacks.tsv"
  case ${#KINDS[@]} in
    0) timed detect detect_buildpack ;;
    1) step "Using buildpack: ${NAMES[0]}" ;;
    *)
      step 'Using buildpacks:'
      local number
      for number in "${!NAMES[@]}"; do
        echo "       $((number + 1)). ${NAMES[number]}"
      done
      ;;
  esac
}

# Tries those that come with the platform, in order; the first that fits is used.
detect_buildpack() {
  if [[ -f $BUILD_DIR/heroku.yml ]] && grep -q '^build:' "$BUILD_DIR/heroku.yml" && grep -q '^ *docker:' "$BUILD_DIR/heroku.yml"; then
    step 'No buildpack is set, and there is a heroku.yml that builds images: using it'
    exit 3
  fi
  step 'Determining which buildpack to use for this app'
  local name fits=() titles=() title
  for name in $DETECT_ORDER; do
    if title=$(in_environment '' "$ROOT/buildpacks/$name/bin/detect" "$BUILD_DIR" 2>/dev/null); then
      fits+=("$name") titles+=("$title")
    fi
  done
  if [[ ${#fits[@]} == 0 && -f $BUILD_DIR/Dockerfile ]]; then
    step 'No language detected, and there is a Dockerfile: building an image of it'
    exit 3
  elif [[ -f $BUILD_DIR/Dockerfile ]]; then
    echo '       There is a Dockerfile too. To build it instead, set the stack to "container".'
  fi
  # Not pinned: an app that later gets a language's files is to be built as one.
  if [[ ${#fits[@]} == 0 ]] && in_environment '' "$ROOT/buildpacks/$DETECT_FALLBACK/bin/detect" "$BUILD_DIR" &>/dev/null; then
    KINDS=(builtin) NAMES=("heroku/$DETECT_FALLBACK") URLS=("$DETECT_FALLBACK") REFERENCES=('')
    return
  fi
  if [[ ${#fits[@]} == 0 ]]; then
    warn 'No default language could be detected for this app.'
    printf '\t\t\tHINT: This occurs when %s cannot detect the buildpack to use for this application automatically.\n' "$PRODUCT"
    printf '\t\t\tSee %s\n' "$HELP"
    exit 1
  fi
  if [[ ${#fits[@]} -gt 1 ]]; then
    warn 'Warning: Multiple default buildpacks reported the ability to handle this app. The first buildpack in the list below will be used.'
    printf '\t\t\tDetected buildpacks: %s\n' "$(IFS=, && echo "${titles[*]}")"
    printf '\t\t\tSee %s#detection\n' "$HELP"
  fi
  KINDS=(builtin) NAMES=("heroku/${fits[0]}") URLS=("${fits[0]}") REFERENCES=('')
  echo "${fits[0]}" >"$RESULT/detected"
}

run_buildpack() {
  local number=$1 directory language
  directory=$ROOT/buildpacks/$number
  timed fetch fetch_buildpack "$number" "$directory"
  if [[ ! -f $directory/bin/detect || ! -f $directory/bin/compile ]]; then
    reject "Push rejected, ${NAMES[number]} is no buildpack: it needs bin/detect and bin/compile."
  fi
  chmod +x "$directory"/bin/*

  if ! in_environment '' "$directory/bin/detect" "$BUILD_DIR" >"$ROOT/detect.out" 2>"$ROOT/detect.err"; then
    step "App not compatible with buildpack: ${NAMES[number]}"
    if [[ -s $ROOT/detect.out || -s $ROOT/detect.err ]]; then
      printf '       ' && cat "$ROOT/detect.out" "$ROOT/detect.err" && echo
    fi
    echo "       More info: $HELP#detection"
    exit 1
  fi
  cat "$ROOT/detect.err"
  language=$(<"$ROOT/detect.out")
  step "$language app detected"
  echo "$language" >"$RESULT/language"

  timed compile in_environment exports "$directory/bin/compile" "$BUILD_DIR" "$CACHE_DIR" "$ENV_DIR" ||
    reject "Push rejected, failed to compile $language app."
  rm -f "$RESULT/release.yml"
  if [[ -f $directory/bin/release ]]; then
    in_environment '' "$directory/bin/release" "$BUILD_DIR" >"$RESULT/release.yml" ||
      reject "Push rejected, bin/release of the $language buildpack failed."
  fi
  RAN+=("$directory")
}

fetch_buildpack() {
  local number=$1 directory=$2 url=${URLS[$1]}
  case ${KINDS[number]} in
    builtin) cp -r "$ROOT/buildpacks/$url" "$directory" ;;
    git) fetch_git "$url" "${REFERENCES[number]:-HEAD}" "$directory" ;;
    tarball) fetch_tarball "$url" "$directory" ;;
  esac || reject "Push rejected, error fetching buildpack ${NAMES[number]}"
}

# The network is the only place that a buildpack comes from: no other transport of git's is let in.
fetch_git() {
  local url=$1 reference=$2 directory=$3
  run_git() {
    env -i "${ENVIRONMENT[@]}" GIT_ALLOW_PROTOCOL=https:http GIT_TERMINAL_PROMPT=0 GIT_CONFIG_NOSYSTEM=1 \
      git -C "$directory" "$@"
  }
  mkdir "$directory"
  run_git init --quiet || return 1
  # A server need not give out a commit by its short name; the whole history has it then.
  run_git fetch --quiet --depth 1 -- "$url" "$reference" 2>"$ROOT/fetch.log" && run_git checkout --quiet FETCH_HEAD ||
    { run_git fetch --quiet --tags -- "$url" '+refs/heads/*:refs/remotes/origin/*' && run_git checkout --quiet "$reference"; } \
      >>"$ROOT/fetch.log" 2>&1 ||
    { show_log; return 1; }
  [[ ! -f $directory/.gitmodules ]] || run_git submodule --quiet update --init --recursive --depth 1
}

fetch_tarball() {
  local url=$1 directory=$2
  mkdir "$directory"
  if ! env -i "${ENVIRONMENT[@]}" curl --silent --show-error --fail --location --proto =https,http --retry 3 \
    --max-time 300 --output "$ROOT/buildpack.tgz" -- "$url" 2>"$ROOT/fetch.log" ||
    ! tar -xzf "$ROOT/buildpack.tgz" --no-same-owner -C "$directory" 2>>"$ROOT/fetch.log"; then
    show_log
    return 1
  fi
  # Some archives hold one directory with everything in it.
  local inner=("$directory"/*/bin/compile)
  if [[ ! -f $directory/bin/compile && -f ${inner[0]} ]]; then
    mv "$(dirname "$(dirname "${inner[0]}")")" "$ROOT/inner" && rm -rf "$directory" && mv "$ROOT/inner" "$directory"
  fi
}

# Runs a buildpack's script with the little that Heroku gives it. With `exports`, what the buildpacks before it wrote to
# their `export` is sourced first (Heroku: buildpack API).
in_environment() {
  local exports=$1 directory files=()
  shift
  if [[ -n $exports ]]; then
    for directory in "${RAN[@]}"; do
      [[ ! -f $directory/export ]] || files+=("$directory/export")
    done
  fi
  if [[ ${#files[@]} == 0 ]]; then
    env -i "${ENVIRONMENT[@]}" "$@" 3>&-
  else
    # shellcheck disable=SC2016 # expanded by the inner shell
    env -i "${ENVIRONMENT[@]}" bash -c \
      'until [[ $1 == -- ]]; do source "$1"; shift; done; shift; exec "$@"' bash "${files[@]}" -- "$@" 3>&-
  fi
}

# --- helpers ---

step() { echo "-----> $*"; }

warn() { echo " !     $*"; }

# Also kept as a result: the output may have been too long to show its end.
reject() {
  warn "$*"
  echo "$*" >"$RESULT/rejected"
  exit 1
}

# A transport's own words, without the credentials that a URL may hold.
show_log() { uniq "$ROOT/fetch.log" | head -n 10 | sed -E 's#(https?://)[^/@[:space:]]*@#\1#g; s/^/       /'; }

# Names, modes, sizes, times and link targets of everything under a directory: another one after a change. A directory's
# own time says nothing: a file that came and went is no change.
fingerprint() {
  find "$1" -type d -printf '%P/ %m\0' -o -printf '%P %y %m %s %T@ %l\0' | LC_ALL=C sort -z | sha256sum
}

# Lets the last of the output through. A daemon that a buildpack left behind may hold the pipe for ever.
finish_output() {
  local status=$? waited
  exec >&- 2>&-
  for ((waited = 0; waited < 400; waited++)); do
    kill -0 "$LIMITER" || break
    sleep 0.005
  done
  exec &>/dev/null
  [[ $status != 0 ]] || stay_to_be_read
  exit "$status"
}

# An engine takes its time to end a container. One whose build went well is frozen at this line, and then read. Where it
# cannot be frozen, it ends. Nothing that the build has left running writes any more when directories are digested.
stay_to_be_read() {
  kill -KILL -1
  timed digest move_large_directories
  printf '\036build ended\n' >&3
  exec 3>&-
  sleep 10
}

# timed NAME COMMAND...: adds the milliseconds that the command took to $RESULT/stages.
timed() {
  local name=$1 start=${EPOCHREALTIME/[.,]/} status=0
  shift
  "$@" || status=$?
  echo "$name $(((${EPOCHREALTIME/[.,]/} - start) / 1000))" >>"$RESULT/stages"
  return $status
}

main
