#!/bin/sh
# Another machine, as far as Docker can tell: a network namespace of its own, with a cable to this one.
#
#   machine.sh NAME COMMAND      the machine NAME, kept in $MACHINES/NAME, at $ADDRESS; this one is at $GATEWAY, and,
#                                for what is far away, at $ELSEWHERE
#
# Needs root, ip, nsenter and dockerd. Everything that it makes bears the machine's name.
set -eu

NAME=$1
COMMAND=$2
DIRECTORY=$MACHINES/$NAME

# Plugs the machine in.
plug() {
  ip netns add "$NAME"
  ip link add "$NAME" type veth peer name eth0 netns "$NAME"
  ip addr add "$GATEWAY/30" dev "$NAME"
  ip addr add "$ELSEWHERE/32" dev "$NAME"
  ip link set "$NAME" up
  ip -n "$NAME" link set lo up
  ip -n "$NAME" addr add "$ADDRESS/30" dev eth0
  ip -n "$NAME" link set eth0 up
  ip -n "$NAME" route add default via "$GATEWAY"
}

# Gives it an /etc and a /run that it may write to, for as long as it is there.
furnish() {
  mkdir -p "$DIRECTORY/etc" "$DIRECTORY/etc.work" "$DIRECTORY/run" "$DIRECTORY/run.work"
  # shellcheck disable=SC2016 # The inner shell expands it.
  setsid nsenter --net="/run/netns/$NAME" unshare --mount sh -c '
    for path in etc run; do
      mount -t overlay overlay -o "lowerdir=/$path,upperdir=$1/$path,workdir=$1/$path.work" "/$path" || exit 1
    done
    echo $$ >"$1/init.pid"
    exec sleep infinity' sh "$DIRECTORY" </dev/null >/dev/null 2>&1 &
  until [ -s "$DIRECTORY/init.pid" ]; do sleep 0.1; done
}

load() { docker save "$IMAGE" | docker --host "unix://$DIRECTORY/docker.sock" load >/dev/null; }

# Starts its engine with the certificates in its directory.
boot() {
  setsid nsenter --net="/run/netns/$NAME" dockerd --data-root "$DIRECTORY/data" --exec-root "$DIRECTORY/exec" \
    --pidfile "$DIRECTORY/docker.pid" --host "unix://$DIRECTORY/docker.sock" --host "tcp://$ADDRESS:2376" \
    --tlsverify --tlscacert "$DIRECTORY/ca.pem" --tlscert "$DIRECTORY/cert.pem" --tlskey "$DIRECTORY/key.pem" \
    --userland-proxy=false --bip 10.211.128.1/24 --default-address-pool base=10.211.192.0/18,size=24 \
    --cgroup-parent "/$NAME" >"$DIRECTORY/docker.log" 2>&1 </dev/null &
  tries=0
  until docker --host "unix://$DIRECTORY/docker.sock" version >/dev/null 2>&1; do
    tries=$((tries + 1))
    if [ "$tries" -gt 240 ]; then
      tail -n 20 "$DIRECTORY/docker.log" >&2
      echo "the engine of $NAME does not answer" >&2
      exit 1
    fi
    sleep 0.5
  done
  load
  touch "$DIRECTORY/ready"
}

# Removes the machine, in whatever state a killed run has left it.
clean() {
  if [ -e "$DIRECTORY/etc/paas/host/supervisor.pid" ]; then
    kill -KILL "$(cut -d ' ' -f 1 "$DIRECTORY/etc/paas/host/supervisor.pid")" 2>/dev/null || true
  fi
  if [ -e "$DIRECTORY/docker.pid" ]; then
    kill "$(cat "$DIRECTORY/docker.pid")" 2>/dev/null || true
    tries=0
    while [ -e "$DIRECTORY/docker.pid" ] && [ "$tries" -lt 40 ]; do
      tries=$((tries + 1))
      sleep 0.25
    done
  fi
  # What a killed engine has left behind: its containerd here, the containers' processes in its control groups.
  for process in $(ip netns pids "$NAME" 2>/dev/null) \
    $(find /sys/fs/cgroup -path "*/$NAME/*" -name cgroup.procs -exec cat {} + 2>/dev/null); do
    kill -KILL "$process" 2>/dev/null || true
  done
  awk -v below="$DIRECTORY/" 'index($2, below) == 1 { print $2 }' /proc/mounts | sort -r |
    while read -r mount; do umount --lazy "$mount" || true; done
  find /sys/fs/cgroup -depth -path "*/$NAME*" -type d -exec rmdir {} + 2>/dev/null || true
  ip link delete "$NAME" 2>/dev/null || true
  ip netns delete "$NAME" 2>/dev/null || true
  rm -rf "$DIRECTORY"
}

# Stays until no test process has used the machine for a while, then removes it. Locks end with their process, however
# that ends.
guard() {
  exec 7>"$MACHINES/$NAME.guarded" 8>"$MACHINES/$NAME.used" 9>"$MACHINES/$NAME.starting"
  flock --nonblock 7 || exit 0
  idle=0
  while [ "$idle" -lt 15 ]; do
    sleep 1
    flock --nonblock 9 || continue
    if flock --nonblock 8; then
      idle=$((idle + 1))
      [ "$idle" -lt 15 ] || clean
      flock --unlock 8
    else
      idle=0
    fi
    flock --unlock 9
  done
}

case $COMMAND in
  plug | furnish | load | boot | clean | guard) "$COMMAND" ;;
  cut) ip link set "$NAME" down ;;
  mend) ip link set "$NAME" up ;;
  *)
    echo "there is no command $COMMAND" >&2
    exit 2
    ;;
esac
