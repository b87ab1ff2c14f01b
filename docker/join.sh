#!/bin/sh
# Makes this machine a host: Docker, reachable by the platform over mutual TLS, and by nobody else.
#
#   sh join.sh TOKEN         joins; run again, it repairs. `paas hosts:add` has the whole command, which hides TOKEN
#   sh host.sh --renew       renews the certificate when it ends within 30 days (daily, by timer)
#   sh host.sh --firewall    keeps containers from this machine and the platform, and says what they count for when
#                            processors are short (before each start of Docker)
#   sh host.sh --run         Docker's supervisor where there is no systemd; start-engine, beside it, is this as a program
#   sh host.sh --leave       undoes it all, but for the mark on the directory of layers; containers keep running
#
# host.sh is this script as it is kept on the machine. What can be set is in docs/hosts.md.
set -eu
umask 077

# The server puts its address and its authority here when it serves this script.
API=@API_URL@
CA=@CA_PEM@

DIRECTORY=${PAAS_HOST_DIRECTORY:-/etc/paas/host}
UNITS=/etc/systemd/system
RENEW_BEFORE_DAYS=30

main() {
  [ "$(id -u)" -eq 0 ] || fail "this needs root" "Run the command in a root shell, or put sudo before its last sh."
  case ${1:-} in
    --renew) load_settings && renew ;;
    --firewall) load_settings && before_docker ;;
    --run) load_settings && supervise ;;
    --leave) load_settings && leave ;;
    "" | -*) fail "a token is missing" "Get the whole command from: paas hosts:add" ;;
    *) join "$1" ;;
  esac
}

say() { printf '==> %s\n' "$*" >&2; }

# fail WHAT [WHAT TO DO]
fail() {
  printf 'error: %s\n' "$1" >&2
  [ $# -lt 2 ] || printf '       %s\n' "$2" >&2
  exit 1
}

has() { command -v "$1" >/dev/null 2>&1; }

has_systemd() { [ -d /run/systemd/system ]; }

# A file appears whole or not at all: write FILE <CONTENTS
write() {
  cat >"$1.new"
  mv "$1.new" "$1"
}

# As one word of the shell.
quote() { printf "'%s'" "$(printf '%s' "$1" | sed "s/'/'\\\\''/g")"; }

# --- Joining ----------------------------------------------------------------------------------------------------------

join() {
  case $1 in
    *[!A-Za-z0-9_.-]*) fail "the token is not one" "Get the whole command from: paas hosts:add" ;;
  esac
  install_missing
  find_settings
  mkdir -p "$DIRECTORY"
  printf '%s\n' "$CA" | write "$DIRECTORY/ca.pem"
  make_key
  say "Asking $API for a certificate for $NAME ($ADDRESS)"
  ask_to_join "$1"
  store_answer
  keep_script
  save_settings
  say "Keeping containers from this machine and the platform"
  before_docker
  if has_systemd; then
    start_by_systemd
  else
    start_by_itself
  fi
  wait_for_engine
  spread_layers "$(curl -s --max-time 60 --unix-socket "$SOCKET" http://engine/info | field DockerRootDir)"
  say "This machine is host $NAME ($(cat "$DIRECTORY/host-id")). It is ready within a minute: paas hosts"
}

install_missing() {
  packages=
  has dockerd || packages="$packages docker.io"
  has iptables || packages="$packages iptables"
  has openssl || packages="$packages openssl"
  has curl || packages="$packages curl"
  has ip || packages="$packages iproute2"
  [ -n "$packages" ] || return 0
  has apt-get || fail "these are missing:$packages" "Install them with this system's package manager, then run this again."
  say "Installing$packages"
  export DEBIAN_FRONTEND=noninteractive
  apt-get -o DPkg::Lock::Timeout=300 update -qq </dev/null >/dev/null ||
    fail "apt-get update failed" "What it said is above. Mend that, then run this again."
  # shellcheck disable=SC2086 # One word a package.
  apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends $packages </dev/null >/dev/null ||
    fail "apt-get could not install$packages" "What it said is above. Mend that, then run this again."
}

find_settings() {
  ADDRESS='' NAME='' MACHINE='' ZONE='' FLAGS='' SOCKET='' DOCKER_CERTS='' PLATFORM=''
  machine=${PAAS_MACHINE_ID:-}
  if [ -z "$machine" ] && is_ec2; then
    machine=$(instance_data instance-id)
  fi
  if [ -e "$DIRECTORY/settings" ]; then
    load_settings
    # Of a machine that this one's disk is a copy of: two must not have one key.
    if [ "$MACHINE" != "$machine" ]; then
      rm -rf "$DIRECTORY"
      ADDRESS='' NAME='' ZONE=''
    fi
  fi
  # What an earlier run was told still holds.
  ADDRESS=${PAAS_HOST_ADDRESS:-${ADDRESS:-$(own_address)}}
  NAME=${PAAS_HOST_NAME:-${NAME:-$(own_name)}}
  MACHINE=$machine
  ZONE=${PAAS_HOST_ZONE:-$ZONE}
  FLAGS=${PAAS_DOCKERD_FLAGS:-$FLAGS}
  SOCKET=${PAAS_DOCKER_SOCKET:-${SOCKET:-/var/run/docker.sock}}
  DOCKER_CERTS=${PAAS_DOCKER_CERTS:-${DOCKER_CERTS:-/etc/docker/certs.d}}
  PLATFORM=${PAAS_PLATFORM_NETWORK:-$PLATFORM}
  if [ -z "$ZONE" ] && is_ec2; then
    ZONE=$(instance_data placement/availability-zone)
  fi
  check ADDRESS "$ADDRESS" '0-9.'
  check NAME "$NAME" 'a-z0-9-'
  check MACHINE_ID "$MACHINE" 'A-Za-z0-9-'
  check ZONE "$ZONE" 'A-Za-z0-9-'
  check PLATFORM_NETWORK "$PLATFORM" '0-9./, '
  [ -n "$ADDRESS" ] || fail "this machine's address cannot be told" "Say it: PAAS_HOST_ADDRESS=10.0.0.5, then run this again."
  [ -n "$NAME" ] || fail "this machine has no usable name" "Say one: PAAS_HOST_NAME=shed-1, then run this again."
}

# check NAME VALUE ALLOWED: the values go into files, rules and JSON.
check() {
  rest=$(printf '%s' "$2" | tr -d "$3")
  [ -z "$rest" ] || fail "$1 is \"$2\", which it cannot be" "Allowed are: $3"
}

# The address that the platform is talked to from: it can talk back to that.
own_address() {
  server=$(printf '%s' "$API" | sed 's|^[a-z]*://||; s|/.*||; s|:[0-9]*$||')
  server=$(getent ahostsv4 "$server" | awk 'NR == 1 { print $1 }')
  ip -4 route get "${server:-192.0.2.1}" 2>/dev/null | sed -n 's/.* src \([0-9.]*\).*/\1/p'
}

own_name() { uname -n | sed 's/\..*//' | tr 'A-Z_' 'a-z-' | tr -dc 'a-z0-9-' | sed 's/^[^a-z]*//' | cut -c 1-63; }

is_ec2() { grep -qs '^Amazon EC2' /sys/class/dmi/id/sys_vendor; }

instance_data() {
  session=$(curl -sf --max-time 2 -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' http://169.254.169.254/latest/api/token) ||
    return 0
  curl -sf --max-time 2 -H "X-aws-ec2-metadata-token: $session" "http://169.254.169.254/latest/meta-data/$1" || true
}

make_key() {
  [ -s "$DIRECTORY/key.pem" ] ||
    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 2>/dev/null | write "$DIRECTORY/key.pem"
}

signing_request() { openssl req -new -key "$DIRECTORY/key.pem" -subj "/CN=$NAME"; }

# --- The platform's API -----------------------------------------------------------------------------------------------

ask_to_join() {
  {
    printf '{"token":"%s","name":"%s","address":"%s"' "$1" "$NAME" "$ADDRESS"
    [ -z "$MACHINE" ] || printf ',"machine_id":"%s"' "$MACHINE"
    [ -z "$ZONE" ] || printf ',"zone":"%s"' "$ZONE"
    printf ',"csr":"%s"}' "$(signing_request | awk '{ printf "%s\\n", $0 }')"
  } >"$DIRECTORY/question"
  ask hosts/join
}

# ask PATH: posts the file `question`; the file `answer` has what came back. Secrets are in files, not in arguments,
# which every user of this machine can read.
ask() {
  code=$(api "$1" --header 'Content-Type: application/json' --data @"$DIRECTORY/question" --output "$DIRECTORY/answer" \
    --write-out '%{http_code}') ||
    fail "$API cannot be reached" "curl's reason is above. Check the network from here, and that this address is the platform's."
  rm -f "$DIRECTORY/question"
  case $code in
    2*) ;;
    *)
      reason=$(field message <"$DIRECTORY/answer")
      rm -f "$DIRECTORY/answer"
      fail "$API refused ($code): ${reason:-it gave no reason}" \
        "A token works once, for an hour. Get a new command: paas hosts:add"
      ;;
  esac
}

# api PATH CURL-OPTION...
api() {
  path=$1
  shift
  headers=/dev/null
  [ ! -e "$DIRECTORY/headers" ] || headers=$DIRECTORY/headers
  curl --silent --show-error --cacert "$DIRECTORY/ca.pem" --max-time 60 --retry 5 --retry-connrefused \
    --header @"$headers" "$@" "$API/$path"
}

# field NAME <JSON: a string of an object without nested ones; nothing when it is not there. Only \n, \" and \/ are
# undone: what we ask for is names, addresses and PEM.
field() { tr -d '\n' | sed -n "s/.*\"$1\" *: *\"\(\([^\"\\\\]\|\\\\.\)*\)\".*/\1/p" | sed 's/\\n/\n/g; s/\\\(["/]\)/\1/g'; }

store_answer() {
  whole=$(tr -d '\n' <"$DIRECTORY/answer")
  registry=$(printf '%s' "$whole" | sed -n 's/.*"registry" *: *{\([^}]*\)}.*/\1/p')
  host=$(printf '%s' "$whole" | sed 's/"registry" *: *{[^}]*}//')
  certificate=$(printf '%s' "$host" | field certificate)
  token=$(printf '%s' "$host" | field renewal_token)
  authority=$(printf '%s' "$host" | field ca)
  id=$(printf '%s' "$host" | field host_id)
  if [ -z "$certificate" ] || [ -z "$token" ] || [ -z "$id" ]; then
    fail "$API gave an answer that this script does not understand" "Is it the platform's address? Fetch the script anew."
  fi
  [ -z "$authority" ] || printf '%s\n' "$authority" | write "$DIRECTORY/ca.pem"
  printf '%s\n' "$certificate" | write "$DIRECTORY/cert.pem"
  printf '%s' "$token" | write "$DIRECTORY/renewal-token"
  printf '%s\n' "$id" | write "$DIRECTORY/host-id"
  rm -f "$DIRECTORY/answer"
  check_certificate
  store_registry
}

check_certificate() {
  openssl verify -CAfile "$DIRECTORY/ca.pem" "$DIRECTORY/cert.pem" >/dev/null ||
    fail "the certificate that $API gave is not signed by its authority" "Fetch the script anew: the authority may have changed."
}

# The engine trusts the platform's registry by our authority.
store_registry() {
  address=$(printf '%s' "$registry" | field address)
  authority=$(printf '%s' "$registry" | field ca)
  [ -n "$address" ] && [ -n "$authority" ] || return 0
  check "the registry's address" "$address" 'A-Za-z0-9.:[]-'
  mkdir -p "$DOCKER_CERTS/$address"
  printf '%s\n' "$authority" | write "$DOCKER_CERTS/$address/ca.crt"
}

# Keeps this script: it came through a pipe, so it is fetched once more.
keep_script() {
  api hosts/join.sh --fail --output "$DIRECTORY/host.sh.new" || fail "$API/hosts/join.sh cannot be fetched"
  mv "$DIRECTORY/host.sh.new" "$DIRECTORY/host.sh"
}

save_settings() {
  for setting in ADDRESS NAME MACHINE ZONE FLAGS SOCKET DOCKER_CERTS PLATFORM; do
    printf '%s=%s\n' "$setting" "$(eval "quote \"\$$setting\"")"
  done | write "$DIRECTORY/settings"
}

load_settings() {
  [ -e "$DIRECTORY/settings" ] || fail "this machine has not joined" "Get a command from: paas hosts:add"
  # shellcheck source=/dev/null # Written by save_settings.
  . "$DIRECTORY/settings"
}

# --- The certificate --------------------------------------------------------------------------------------------------

renew() {
  if openssl x509 -in "$DIRECTORY/cert.pem" -noout -checkend $((RENEW_BEFORE_DAYS * 86400)) >/dev/null; then
    return 0
  fi
  say "Renewing the certificate"
  printf '{"csr":"%s"}' "$(signing_request | awk '{ printf "%s\\n", $0 }')" >"$DIRECTORY/question"
  printf 'Authorization: Bearer %s\n' "$(cat "$DIRECTORY/renewal-token")" >"$DIRECTORY/headers"
  ask "hosts/$(cat "$DIRECTORY/host-id")/certificate"
  rm -f "$DIRECTORY/headers"
  certificate=$(field certificate <"$DIRECTORY/answer")
  authority=$(field ca <"$DIRECTORY/answer")
  rm -f "$DIRECTORY/answer"
  [ -n "$certificate" ] || fail "$API gave no certificate" "It is tried again tomorrow."
  [ -z "$authority" ] || printf '%s\n' "$authority" | write "$DIRECTORY/ca.pem"
  printf '%s\n' "$certificate" | write "$DIRECTORY/cert.pem"
  check_certificate
  # Docker reads it when it starts. Containers run on meanwhile.
  if has_systemd; then
    systemctl restart docker.service
  else
    stop_dockerd
  fi
}

# --- What must be there before containers are -------------------------------------------------------------------------

before_docker() {
  share_cpu "$(cgroup_driver)" || true
  firewall
}

# What Docker takes if nobody says otherwise.
cgroup_driver() {
  if has_systemd && [ -e /sys/fs/cgroup/cgroup.controllers ]; then echo systemd; else echo cgroupfs; fi
}

# Tells the platform that containers can be in groups of their own. Whoever sets Docker's group themselves wants them there, and
# Docker takes no label besides those in its file.
groups_label() {
  case "$FLAGS $(cat /etc/docker/daemon.json 2>/dev/null) $(grep -sv '^ *#' /etc/default/docker)" in
    *cgroup-parent* | *cgroupdriver* | *'"labels"'*) return 0 ;;
  esac
  ! share_cpu "$(cgroup_driver)" || printf '%s ' --label "paas.groups=$(cgroup_driver)"
}

@TUNE_HOST@

# --- The firewall -----------------------------------------------------------------------------------------------------

# Containers reach the internet, and neither the instance's metadata, nor this machine, nor other machines' engines, nor
# the platform's network. Replaced as a whole, so that no moment is without it.
firewall() {
  iptables -w -N DOCKER-USER 2>/dev/null || true
  forward_rules | iptables-restore -w --noflush ||
    fail "the firewall's rules cannot be set" "iptables' reason is above. Docker is not started without them."
  put_first DOCKER-USER PAAS-FORWARD
  put_first INPUT PAAS-INPUT
  if has ip6tables && [ -e /proc/net/if_inet6 ]; then
    # Containers have no IPv6 addresses. One that got itself one gets nowhere.
    for interface in $(container_interfaces); do
      for chain in INPUT FORWARD; do
        ip6tables -w -C "$chain" -i "$interface" -j DROP 2>/dev/null || ip6tables -w -I "$chain" -i "$interface" -j DROP || true
      done
    done
  fi
}

forward_rules() {
  echo '*filter'
  echo ':PAAS-FORWARD - [0:0]'
  echo ':PAAS-INPUT - [0:0]'
  echo ':PAAS-OUT - [0:0]'
  echo ':PAAS-HERE - [0:0]'
  for interface in $(container_interfaces); do
    echo "-A PAAS-FORWARD -i $interface -j PAAS-OUT"
    echo "-A PAAS-INPUT -i $interface -j PAAS-HERE"
  done
  for chain in PAAS-OUT PAAS-HERE; do
    echo "-A $chain -m conntrack --ctstate ESTABLISHED,RELATED -j RETURN"
    for server in $(name_servers); do
      echo "-A $chain -d $server -p udp --dport 53 -j RETURN"
      echo "-A $chain -d $server -p tcp --dport 53 -j RETURN"
    done
  done
  echo "-A PAAS-OUT -d 169.254.0.0/16 -j REJECT"
  echo "-A PAAS-OUT -p tcp --dport 2376 -j REJECT"
  for network in $(printf '%s' "$PLATFORM" | tr ',' ' '); do
    echo "-A PAAS-OUT -d $network -j REJECT"
  done
  # Where engines publish dynos' ports: other hosts' dynos are reached by their apps' names. Databases and their like have
  # lower ports.
  for network in $(own_networks); do
    echo "-A PAAS-OUT -d $network -p tcp --dport 32768:60999 -j REJECT"
  done
  echo "-A PAAS-HERE -j REJECT"
  echo 'COMMIT'
}

# What is on the link that this machine has its address on.
own_networks() {
  interface=$(ip -o -4 addr show to "$ADDRESS" | awk 'NR == 1 { print $2 }')
  [ -z "$interface" ] || ip -4 route show dev "$interface" scope link | awk '$1 ~ /^[0-9.]+(\/[0-9]+)?$/ { print $1 }'
}

# The platform's networks are paas-*; others are of whoever else uses this engine.
container_interfaces() {
  echo 'paas-+ docker0'
  ip -o link show type bridge 2>/dev/null | sed -n 's/^[0-9]*: \(br-[0-9a-f]\{12\}\):.*/\1/p'
}

# Where containers' names are looked up: the engine passes their questions on from inside their network.
name_servers() {
  for file in /etc/resolv.conf /run/systemd/resolve/resolv.conf; do
    [ ! -e "$file" ] || awk '$1 == "nameserver" && $2 ~ /^[0-9.]+$/ && $2 !~ /^127\./ { print $2 }' "$file"
  done | sort -u
}

# put_first CHAIN TARGET
put_first() {
  iptables -w -C "$1" -j "$2" 2>/dev/null || iptables -w -I "$1" 1 -j "$2"
}

# --- Docker -----------------------------------------------------------------------------------------------------------

# Containers outlive a restart of the engine (live-restore). The engine's port proxy is off: through it containers
# would reach each other's published ports; by address translation the networks' own rules hold. The default bridge keeps
# containers apart (icc), so that dynos can join it.
dockerd_flags() {
  printf '%s ' --host "tcp://$ADDRESS:2376" --tlsverify --tlscacert "$DIRECTORY/ca.pem" \
    --tlscert "$DIRECTORY/cert.pem" --tlskey "$DIRECTORY/key.pem" --live-restore --userland-proxy=false --icc=false
  mtu=$(ip -o addr show to "$ADDRESS" | awk 'NR == 1 { print $2 }')
  mtu=$(ip -o link show dev "$mtu" | sed -n 's/.* mtu \([0-9]*\) .*/\1/p')
  # Containers that send larger packets than the uplink takes hang in the middle of downloads.
  [ "${mtu:-1500}" -ge 1500 ] || printf '%s ' --mtu "$mtu"
  groups_label
  printf '%s' "$FLAGS"
}

start_by_systemd() {
  say "Setting Docker up (systemd)"
  containerd=
  [ ! -S /run/containerd/containerd.sock ] || containerd='--containerd=/run/containerd/containerd.sock '
  umask 022
  mkdir -p "$UNITS/docker.service.d"
  write "$UNITS/docker.service.d/paas.conf" <<TEXT
# Written by the platform's join script, which writes it anew when it runs again.
[Service]
EnvironmentFile=-/etc/default/docker
ExecStartPre=/bin/sh $DIRECTORY/host.sh --firewall
ExecStart=
ExecStart=$(command -v dockerd) --host fd:// $containerd$(dockerd_flags) \$DOCKER_OPTS
TEXT
  write "$UNITS/paas-host-renew.service" <<TEXT
[Unit]
Description=Renew the certificate that the platform knows this machine by

[Service]
Type=oneshot
Environment=PAAS_HOST_DIRECTORY=$DIRECTORY
ExecStart=/bin/sh $DIRECTORY/host.sh --renew
TEXT
  write "$UNITS/paas-host-renew.timer" <<TEXT
[Unit]
Description=Look daily whether the certificate is to be renewed

[Timer]
OnCalendar=daily
RandomizedDelaySec=2h
Persistent=true

[Install]
WantedBy=timers.target
TEXT
  umask 077
  if [ "$DIRECTORY" != /etc/paas/host ]; then
    printf 'Environment=PAAS_HOST_DIRECTORY=%s\n' "$DIRECTORY" >>"$UNITS/docker.service.d/paas.conf"
  fi
  systemctl daemon-reload
  systemctl enable --quiet --now paas-host-renew.timer
  systemctl enable --quiet docker.service
  systemctl restart docker.service ||
    fail "Docker does not start" "Its reason: journalctl --unit docker --lines 20. A \"hosts\" in /etc/docker/daemon.json is a common one: remove it."
}

start_by_itself() {
  say "Setting Docker up (there is no systemd: this script supervises it)"
  stop_supervisor
  if engine_answers; then
    fail "an engine that is not ours answers on $SOCKET" "Stop that dockerd, then run this again."
  fi
  write "$DIRECTORY/start-engine" <<TEXT
#!/bin/sh
# For this machine's boot: runs Docker, and starts it again when it ends.
PAAS_HOST_DIRECTORY=$(quote "$DIRECTORY")
export PAAS_HOST_DIRECTORY
exec sh "\$PAAS_HOST_DIRECTORY/host.sh" --run
TEXT
  chmod 700 "$DIRECTORY/start-engine"
  setsid "$DIRECTORY/start-engine" >>"$DIRECTORY/dockerd.log" 2>&1 </dev/null &
}

# Ends with SIGTERM, and the engine with it; containers run on.
supervise() {
  if is_ours supervisor.pid; then
    say "It is running already"
    return 0
  fi
  # Of a supervisor that was killed.
  stop_dockerd
  identity "$$" | write "$DIRECTORY/supervisor.pid"
  trap 'stop_dockerd; exit 0' TERM INT
  while :; do
    if ! (before_docker); then
      sleep 5
      continue
    fi
    # shellcheck disable=SC2046 # One word a flag.
    dockerd --host "unix://$SOCKET" $(dockerd_flags) &
    identity "$!" | write "$DIRECTORY/dockerd.pid"
    watch_dockerd "$!"
    say "dockerd has ended; starting it again"
    sleep 1
  done
}

# watch_dockerd PROCESS: returns when it has ended; looks after the certificate once a day.
watch_dockerd() {
  seconds=0
  while kill -0 "$1" 2>/dev/null; do
    # In the background and waited for, so that a signal is heard at once.
    sleep 2 &
    wait "$!" || true
    seconds=$((seconds + 2))
    if [ "$seconds" -ge 86400 ]; then
      seconds=0
      (renew) || say "The certificate was not renewed; it is tried again tomorrow"
    fi
  done
}

stop_dockerd() { stop_process dockerd.pid; }

stop_supervisor() {
  stop_process supervisor.pid
  stop_process dockerd.pid
}

# identity PROCESS: its id, and what tells it from another one that has the id later, or after the next boot: then most
# likely this script itself, as machines boot the same way every time.
identity() { echo "$1 $(sed 's/.*) //' "/proc/$1/stat" | awk '{ print $20 }') $(cat /proc/sys/kernel/random/boot_id)"; }

# stop_process FILE: the process that is named in it, if it is there still.
stop_process() {
  tries=0
  while is_ours "$1" && [ "$tries" -lt 120 ]; do
    kill "$(cut -d ' ' -f 1 "$DIRECTORY/$1")" 2>/dev/null || true
    tries=$((tries + 1))
    sleep 0.5
  done
  rm -f "$DIRECTORY/$1"
}

is_ours() {
  [ -s "$DIRECTORY/$1" ] &&
    [ "$(identity "$(cut -d ' ' -f 1 "$DIRECTORY/$1")" 2>/dev/null)" = "$(cat "$DIRECTORY/$1")" ]
}

engine_answers() { [ "$(curl -s --max-time 5 --unix-socket "$SOCKET" http://engine/_ping 2>/dev/null)" = OK ]; }

wait_for_engine() {
  tries=0
  until engine_answers; do
    tries=$((tries + 1))
    if [ "$tries" -gt 240 ]; then
      [ ! -e "$DIRECTORY/dockerd.log" ] || tail -n 20 "$DIRECTORY/dockerd.log" >&2
      fail "Docker does not answer on $SOCKET" "Its log: $DIRECTORY/dockerd.log, or journalctl --unit docker"
    fi
    sleep 0.5
  done
}

# --- Leaving ----------------------------------------------------------------------------------------------------------

leave() {
  say "Closing this machine's engine to the platform"
  if has_systemd; then
    systemctl disable --quiet --now paas-host-renew.timer || true
    rm -f "$UNITS/docker.service.d/paas.conf" "$UNITS/paas-host-renew.service" "$UNITS/paas-host-renew.timer"
    systemctl daemon-reload
    systemctl restart docker.service
  else
    stop_supervisor
  fi
  rm -rf "$DIRECTORY"
  say "Done. The firewall's rules stay until the next boot. If the platform still lists it: paas hosts:remove $NAME"
}

main "$@"
