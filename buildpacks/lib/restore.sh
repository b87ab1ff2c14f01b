# shellcheck shell=bash
# For bin/restore of buildpacks: DIRECTORY is where what they unpack waits for bin/compile.

# whole NAME COMMAND...: DIRECTORY/NAME is there once the command, which gets a directory, has made all of it.
whole() {
  local name=$1 part=$DIRECTORY/parts/${1//\//-}
  shift
  mkdir -p "$part" "$(dirname "$DIRECTORY/$name")"
  "$@" "$part" && mv "$part" "$DIRECTORY/$name"
}

unpack_tar() { tar -xf "$1" -C "$2"; }
