# shellcheck shell=bash
# What the cache keeps packed. Not every stack has zstd.

# pack_archive NAME...: of the current directory, to standard output.
pack_archive() {
  tar -cf - "$@" | { if command -v zstd >/dev/null; then zstd -qc -1 -T0; else gzip -c1; fi; }
}

# unpack_archive FILE DIRECTORY
unpack_archive() {
  { zstd -dqc "$1" || gzip -dc "$1"; } 2>/dev/null | tar -xf - -C "$2" 2>/dev/null
}
