# shellcheck shell=bash
# How many processes fit into the dyno's memory: MEMORY_AVAILABLE / WEB_MEMORY, both in MB (Heroku's rule).
if [[ -z ${MEMORY_AVAILABLE:-} ]]; then
  if [[ -r /sys/fs/cgroup/memory/memory.limit_in_bytes ]]; then
    MEMORY_AVAILABLE=$(($(</sys/fs/cgroup/memory/memory.limit_in_bytes) / 1048576))
  elif [[ -r /sys/fs/cgroup/memory.max && $(</sys/fs/cgroup/memory.max) != max ]]; then
    MEMORY_AVAILABLE=$(($(</sys/fs/cgroup/memory.max) / 1048576))
  else
    MEMORY_AVAILABLE=512
  fi
fi
export MEMORY_AVAILABLE
if ((MEMORY_AVAILABLE > 16384)); then
  export WEB_MEMORY=${WEB_MEMORY:-2048}
else
  export WEB_MEMORY=${WEB_MEMORY:-512}
fi
if [[ -z ${WEB_CONCURRENCY:-} ]]; then
  WEB_CONCURRENCY=$((MEMORY_AVAILABLE / WEB_MEMORY))
  # A machine without a limit shows its whole address space.
  if ((WEB_CONCURRENCY < 1 || WEB_CONCURRENCY > 200)); then
    WEB_CONCURRENCY=1
  fi
  export WEB_CONCURRENCY WEB_CONCURRENCY_SET_BY=heroku/nodejs
fi
