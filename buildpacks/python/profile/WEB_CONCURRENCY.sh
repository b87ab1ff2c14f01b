# shellcheck shell=bash
# How many processes suit the dyno: by its CPUs, and by its memory at 256 MB each (Heroku's rule).
if [[ -r /sys/fs/cgroup/memory/memory.limit_in_bytes ]]; then
  DYNO_RAM=$(($(</sys/fs/cgroup/memory/memory.limit_in_bytes) / 1048576))
elif [[ -r /sys/fs/cgroup/memory.max && $(</sys/fs/cgroup/memory.max) != max ]]; then
  DYNO_RAM=$(($(</sys/fs/cgroup/memory.max) / 1048576))
else
  DYNO_RAM=0
fi
# A machine without a limit shows its whole address space.
if ((DYNO_RAM > 0 && DYNO_RAM < 1048576)); then
  export DYNO_RAM
  if [[ -z ${WEB_CONCURRENCY:-} || ${WEB_CONCURRENCY_SET_BY:-heroku/python} != heroku/python ]]; then
    WEB_CONCURRENCY=$(($(nproc) * 2 + 1))
    if ((WEB_CONCURRENCY > DYNO_RAM / 256)); then
      WEB_CONCURRENCY=$((DYNO_RAM / 256))
    fi
    if ((WEB_CONCURRENCY < 1)); then
      WEB_CONCURRENCY=1
    fi
    export WEB_CONCURRENCY WEB_CONCURRENCY_SET_BY=heroku/python
  fi
else
  unset DYNO_RAM
fi
