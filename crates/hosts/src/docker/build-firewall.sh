# shellcheck shell=sh
# Keeps builds from this machine, from the instance's metadata and from the platform's own addresses; they reach the rest of
# the world. Run by root among the engine's files and in its network. May be repeated, and by several installations at once:
# what is the same for all is replaced as a whole, and each has its own chains for what it allows and denies.
#
#   $1 names the installation   $2 networks allowed   $3 networks denied   each ADDRESS/BITS or ADDRESS/BITS:PORT, with blanks between
#
# Exit status: 3 there is no iptables; 4 the rules cannot be set, for the reason that is printed.
set -eu
exec 2>&1
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
BRIDGE=paas-builds

main() {
  command -v iptables >/dev/null && command -v iptables-restore >/dev/null || exit 3
  for chain in DOCKER-USER PAAS-BUILD-ALLOW PAAS-BUILD-DENY; do
    iptables -w -N "$chain" 2>/dev/null || true
  done
  own_rules "$1" "$2" "$3" | iptables-restore -w --noflush || exit 4
  put PAAS-BUILD-ALLOW "PAAS-A-$1"
  put PAAS-BUILD-DENY "PAAS-D-$1"
  shared_rules | iptables-restore -w --noflush || exit 4
  put_first DOCKER-USER PAAS-BUILD-OUT
  put_first INPUT PAAS-BUILD-IN
  if command -v ip6tables >/dev/null && [ -e /proc/net/if_inet6 ]; then
    # Builds have no IPv6 addresses. One that got itself one gets nowhere.
    for chain in INPUT FORWARD; do
      ip6tables -w -C "$chain" -i "$BRIDGE" -j DROP 2>/dev/null || ip6tables -w -I "$chain" -i "$BRIDGE" -j DROP || true
    done
  fi
}

own_rules() {
  echo '*filter'
  echo ":PAAS-A-$1 - [0:0]"
  echo ":PAAS-D-$1 - [0:0]"
  destinations "$2" "-A PAAS-A-$1" ACCEPT
  destinations "$3" "-A PAAS-D-$1" REJECT
  echo 'COMMIT'
}

# destinations LIST RULE TARGET
destinations() {
  for destination in $1; do
    case $destination in
      *:*)
        for protocol in tcp udp; do
          echo "$2 -d ${destination%:*} -p $protocol --dport ${destination##*:} -j $3"
        done
        ;;
      *) echo "$2 -d $destination -j $3" ;;
    esac
  done
}

shared_rules() {
  echo '*filter'
  echo ':PAAS-BUILD-IN - [0:0]'
  echo ':PAAS-BUILD-OUT - [0:0]'
  for chain in PAAS-BUILD-IN PAAS-BUILD-OUT; do
    echo "-A $chain ! -i $BRIDGE -j RETURN"
    echo "-A $chain -m conntrack --ctstate ESTABLISHED,RELATED -j RETURN"
    for server in $(name_servers); do
      echo "-A $chain -d $server -p udp --dport 53 -j RETURN"
      echo "-A $chain -d $server -p tcp --dport 53 -j RETURN"
    done
    echo "-A $chain -j PAAS-BUILD-ALLOW"
  done
  echo '-A PAAS-BUILD-OUT -d 169.254.0.0/16 -j REJECT'
  # Other machines' engines, and the dynos that those publish on the links that this machine is on.
  echo '-A PAAS-BUILD-OUT -p tcp --dport 2376 -j REJECT'
  for network in $(own_networks); do
    echo "-A PAAS-BUILD-OUT -d $network -p tcp --dport 32768:60999 -j REJECT"
  done
  echo '-A PAAS-BUILD-OUT -j PAAS-BUILD-DENY'
  echo '-A PAAS-BUILD-IN -j REJECT'
  echo 'COMMIT'
}

# Where containers' names are looked up: the engine passes their questions on from inside their network.
name_servers() {
  for file in /etc/resolv.conf /run/systemd/resolve/resolv.conf; do
    [ ! -e "$file" ] || awk '$1 == "nameserver" && $2 ~ /^[0-9.]+$/ && $2 !~ /^127\./ { print $2 }' "$file"
  done | sort -u
}

own_networks() {
  command -v ip >/dev/null || return 0
  ip -4 route show scope link | awk '$1 ~ /^[0-9.]+(\/[0-9]+)?$/ { print $1 }' | sort -u
}

# put CHAIN TARGET
put() { iptables -w -C "$1" -j "$2" 2>/dev/null || iptables -w -A "$1" -j "$2" || exit 4; }

put_first() { iptables -w -C "$1" -j "$2" 2>/dev/null || iptables -w -I "$1" 1 -j "$2" || exit 4; }

main "$@"
