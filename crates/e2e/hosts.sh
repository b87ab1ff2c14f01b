#!/usr/bin/env bash
# Machines of a pool, as namespaces of this one: each has a network address, processes, /etc, /usr/local, /run, /tmp and a
# Docker Engine of its own, and can be cut off, switched off and destroyed like a real one. For tests and measurements; root.
#
#   hosts.sh network                     the network that the hosts are in: a bridge, 10.210.0.1/16, a way out
#   hosts.sh boot DIR ADDRESS [DISK_MB]  switches a host on; DIR keeps its disk, its last part is its name. With
#                                        DISK_MB, /var/lib/docker is a disk of that size
#   hosts.sh run DIR COMMAND...          runs a command on it, with the variables that the join command knows; more stand
#                                        in DIR/environment, a KEY=value a line
#   hosts.sh cut DIR | mend DIR          pulls its network cable, and puts it back
#   hosts.sh slow DIR RATE               its network carries RATE (64kbit) each way, and queues up to a second
#   hosts.sh halt DIR                    ends everything on it at once, as a power cut does; its disk stays
#   hosts.sh destroy DIR                 the same, and the disk
#   hosts.sh seed DIR SEED               gives it Docker's files from SEED, which `keep` made
#   hosts.sh keep DIR SEED               keeps what a halted host has under /var/lib/docker, but for its containers
#   hosts.sh remove-network              when no host is left
set -euo pipefail

BRIDGE=paas-hosts
GATEWAY=10.210.0.1
NETWORK=10.210.0.0/16
# Directories that the host may write to without this machine noticing.
WRITABLE=(/etc /usr)
# Directories that start empty, and stay over a reboot.
OWN=(/root /var/lib/docker /var/lib/containerd /var/lib/paas /var/spool/cron)

main() {
  local command=$1
  shift
  case $command in
    network) network ;;
    remove-network) remove_network ;;
    boot) boot "$@" ;;
    init) init "$@" ;;
    run) run "$@" ;;
    cut) ip link set "$(cable "$1")" down ;;
    mend) ip link set "$(cable "$1")" up ;;
    slow) slow "$@" ;;
    halt) halt "$@" ;;
    destroy) destroy "$@" ;;
    seed) seed "$@" ;;
    keep) keep "$@" ;;
    *) fail "there is no command \"$command\"" ;;
  esac
}

fail() {
  echo "hosts.sh: $1" >&2
  exit 1
}

# --- The network ------------------------------------------------------------------------------------------------------

network() {
  if ! ip link show "$BRIDGE" >/dev/null 2>&1; then
    ip link add "$BRIDGE" type bridge
    ip address add "$GATEWAY/16" dev "$BRIDGE"
    ip link set "$BRIDGE" up
  fi
  sysctl --quiet --write net.ipv4.ip_forward=1
  # Docker's own rules drop what it does not know.
  rules --check >/dev/null 2>&1 || rules --insert
}

remove_network() {
  rules --delete 2>/dev/null || true
  ip link delete "$BRIDGE" 2>/dev/null || true
}

# rules --insert | --check | --delete
rules() {
  iptables --wait "$1" FORWARD --in-interface "$BRIDGE" --jump ACCEPT &&
    iptables --wait "$1" FORWARD --out-interface "$BRIDGE" --jump ACCEPT &&
    iptables --wait --table nat "$1" POSTROUTING --source "$NETWORK" ! --destination "$NETWORK" --jump MASQUERADE
}

# The end of the host's cable that is plugged into the bridge.
cable() {
  local address
  address=$(cat "$1/address")
  echo "paas$(cut -d. -f3- <<<"$address")"
}

slow() {
  local shape=(root tbf rate "$2" burst 16k latency 1s)
  tc qdisc replace dev "$(cable "$1")" "${shape[@]}"
  inside "$1" tc qdisc replace dev eth0 "${shape[@]}"
}

# --- On and off -------------------------------------------------------------------------------------------------------

boot() {
  local directory=$1 address=$2 disk_mb=${3:-} parent init cable name
  name=$(basename "$directory")
  [[ -z $(init_of "$directory") ]] || fail "$name runs already"
  mkdir -p "$directory"
  echo "$address" >"$directory/address"
  touch "$directory/environment"
  if [[ -n $disk_mb && ! -e $directory/disk ]]; then
    truncate --size "${disk_mb}M" "$directory/disk"
    mkfs.ext4 -q "$directory/disk"
  fi
  setsid unshare --mount --net --uts --ipc --pid --fork --mount-proc "$0" init "$directory" \
    <&- >>"$directory/console.log" 2>&1 &
  parent=$!
  disown
  until init=$(cat "/proc/$parent/task/$parent/children" 2>/dev/null) && [[ -n $init ]]; do
    kill -0 "$parent" 2>/dev/null || fail "$name does not boot: $(cat "$directory/console.log")"
    sleep 0.01
  done
  # Process ids are used again; the time that it started at tells this one from another.
  echo "${init% } $(started "${init% }")" >"$directory/init"
  cable=$(cable "$directory")
  ip link delete "$cable" 2>/dev/null || true
  ip link add "$cable" type veth peer name eth0 netns "${init% }"
  ip link set "$cable" master "$BRIDGE" up
  until [[ -e $directory/booted ]]; do
    kill -0 "$parent" 2>/dev/null || fail "$name does not boot: $(cat "$directory/console.log")"
    sleep 0.01
  done
}

# The first process of a host, in its namespaces. The files of this machine show through; what the host writes, it alone sees.
init() {
  local directory=$1 path
  rm -f "$directory/booted"
  mount --make-rprivate /
  for path in "${WRITABLE[@]}"; do
    mkdir -p "$directory/changes$path" "$directory/work$path"
    mount -t overlay -o "lowerdir=$path,upperdir=$directory/changes$path,workdir=$directory/work$path" overlay "$path"
  done
  for path in "${OWN[@]}"; do
    mkdir -p "$directory/own$path" "$path"
    mount --bind "$directory/own$path" "$path"
  done
  [[ ! -e $directory/disk ]] || mount -o loop "$directory/disk" /var/lib/docker
  # A /sys that shows this host's network devices; the cgroups in it are shared.
  mount --rbind /sys/fs/cgroup /mnt
  mount -t sysfs sysfs /sys
  mount --rbind /mnt /sys/fs/cgroup
  umount --recursive /mnt
  mount -t tmpfs tmpfs /run
  mount -t tmpfs -o mode=1777 tmpfs /tmp
  hostname "$(basename "$directory")"
  until ip link set eth0 up 2>/dev/null; do
    sleep 0.01
  done
  ip link set lo up
  ip address add "$(cat "$directory/address")/16" dev eth0
  ip route add default via "$GATEWAY"
  touch "$directory/booted"
  # Bash buries processes that others leave behind.
  while :; do
    sleep 3600 &
    wait
  done
}

# What is left after the first process is nothing but files: the kernel ends all others with it.
halt() {
  local init group
  init=$(init_of "$1")
  if [[ -n $init ]]; then
    kill -KILL "$init"
    while [[ -n $(init_of "$1") ]]; do
      sleep 0.01
    done
  fi
  ip link delete "$(cable "$1")" 2>/dev/null || true
  rm -f "$1/init" "$1/booted"
  for group in /sys/fs/cgroup/*/"$(cgroup "$1")" /sys/fs/cgroup/"$(cgroup "$1")"; do
    [[ ! -d $group ]] || find "$group" -depth -type d -exec rmdir {} + 2>/dev/null || true
  done
}

destroy() {
  [[ -d $1 ]] || return 0
  [[ ! -e $1/address ]] || halt "$1"
  rm -rf --one-file-system "$1"
}

# The process id of a host's first process, when it runs.
init_of() {
  local init since
  read -r init since 2>/dev/null <"$1/init" || return 0
  if [[ -n $since && $(started "$init") == "$since" ]]; then
    echo "$init"
  fi
}

# When a process started, in ticks since this machine did; nothing for one that is gone or only waits to be buried.
started() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | awk '$1 != "Z" { print $20 }'; }

# For --cgroup-parent, so that what containers leave in /sys/fs/cgroup can be told from others'.
cgroup() { echo "paas-host-$(tr . - <"$1/address")"; }

# --- On the host ------------------------------------------------------------------------------------------------------

run() {
  local directory=$1 variables
  shift
  mapfile -t variables <"$directory/environment"
  inside "$directory" env -i PATH="$PATH" HOME=/root LANG=C.UTF-8 PAAS_HOST_NAME="$(basename "$directory")" \
    PAAS_HOST_ADDRESS="$(cat "$directory/address")" PAAS_DOCKERD_FLAGS="--mtu 1400 --cgroup-parent /$(cgroup "$directory")" \
    "${variables[@]}" "$@"
}

inside() {
  local init
  init=$(init_of "$1")
  [[ -n $init ]] || fail "$(basename "$1") is switched off"
  shift
  nsenter --target "$init" --mount --net --uts --ipc --pid --wd=/ -- "$@"
}

# --- Disks that are not empty -----------------------------------------------------------------------------------------

# Layers never change, so links do; what Docker writes to in place is copied.
seed() {
  local docker=$1/own/var/lib/docker
  mkdir -p "$docker"
  cp -al "$2/overlay2" "$docker/overlay2"
  cp -a "$2/image" "$docker/image"
}

keep() {
  local docker=$1/own/var/lib/docker half=$2.part
  [[ -z $(init_of "$1") ]] || fail "$(basename "$1") still runs"
  rm -rf "$half" && mkdir -p "$half"
  cp -al "$docker/overlay2" "$half/overlay2"
  cp -a "$docker/image" "$half/image"
  rm -rf "$2" && mv "$half" "$2"
}

main "$@"
