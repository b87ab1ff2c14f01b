# shellcheck shell=sh
# What a machine that runs containers is told, so that it does so well. Run by root among its files; may be repeated.

# share_cpu DRIVER: what makes the engine's control groups, cgroupfs or systemd. Docker has containers count as much as one
# process of the machine all together, or each less than that, when processors are short. Dynos go first. All builds together
# count less than one process, and yet get some of what dynos want whole. Fails where that cannot be said.
share_cpu() {
  weigh "$1" paas-dynos 400 2>/dev/null && weigh "$1" paas-builds 50 2>/dev/null
}

# weigh DRIVER GROUP WEIGHT: a process counts 100. The group is made, as Docker would when its first container starts.
weigh() {
  case $1 in
    # A dash would put one slice into another.
    systemd) systemctl set-property --runtime "$(echo "$2" | tr -d -).slice" "CPUWeight=$3" ;;
    cgroupfs)
      if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
        echo +cpu >/sys/fs/cgroup/cgroup.subtree_control && mkdir -p "/sys/fs/cgroup/$2" && echo "$3" >"/sys/fs/cgroup/$2/cpu.weight"
      else
        mkdir -p "/sys/fs/cgroup/cpu/$2" && echo $(($3 * 1024 / 100)) >"/sys/fs/cgroup/cpu/$2/cpu.shares"
      fi
      ;;
    *) return 1 ;;
  esac
}

# spread_layers DIRECTORY: the engine's. ext4 puts files near those of the same directory, and a new one is no place where one was
# removed in the last minutes: it looks at each of these first. Builds write and remove files by the ten thousand, so that
# making one came to cost ten times as much. Marked so, what each layer holds begins somewhere else on the disk.
spread_layers() {
  for layers in "$1/overlay2" /var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots; do
    [ ! -d "$layers" ] || chattr +T "$layers" 2>/dev/null || true
  done
}
