# shellcheck shell=bash
# The guide's VPC, as this namespace: a router that carries only what it knows, a NAT gateway, load balancers; and the link
# to the control plane. Sourced.

readonly outside=198.51.100.1 nlb=198.51.100.10 alb=198.51.100.11

# Nodes of the guide: NIC, its MAC, its address, the router's, its secondary addresses.
nics_of() {
  case $1 in
    master)
      echo "ens5 0a:00:00:00:05:e4 172.31.22.228/20 172.31.16.1/20 $(addresses 172.31.16 4 9)"
      echo "ens6 0a:00:00:00:06:0a 210.22.16.10/24 210.22.16.1/24 $(addresses 210.22.16 11 15)"
      echo "ens7 0a:00:00:00:07:0a 10.77.0.10/24"
      ;;
    worker1)
      echo "ens5 0a:00:00:01:05:11 180.17.16.17/24 180.17.16.1/24 $(addresses 180.17.16 11 15)"
      echo "ens6 0a:00:00:01:06:0a 210.22.32.10/24 210.22.32.1/24 $(addresses 210.22.32 11 15)"
      echo "ens7 0a:00:00:01:07:0b 10.77.0.11/24"
      ;;
  esac
}
addresses() { local n; for ((n = $2; n <= $3; n++)); do printf '%s.%s ' "$1" "$n"; done; }

address_of_node() { nics_of "$1" | awk 'NR == 1 { sub("/.*", "", $3); print $3 }'; }

make_fabric() {
  sysctl -qw net.ipv4.ip_forward=1
  ip link set eth0 mtu 9001 up
  ip address add "$(control_network 2)" dev eth0
  ip netns add outside
  ip link add internet type veth peer name eth0 netns outside
  ip address add 198.51.100.2/24 dev internet
  ip address add "$nlb/32" dev internet
  ip address add "$alb/32" dev internet
  ip link set internet up
  ip -n outside address add "$outside/24" dev eth0
  ip -n outside link set eth0 up
  ip -n outside link set lo up
  mkdir -p "$directory/outside"
  echo outside >"$directory/outside/index.html"
  ip netns exec outside busybox httpd -p 80 -h "$directory/outside"
  # Nobody on the internet knows the VPC's addresses: all leave by the NAT gateway's. Besides the VPC there is a LAN that
  # takes every address from everybody.
  ip link add lan type bridge
  ip address add 10.77.0.1/24 dev lan
  ip link set lan up
  nft -f - <<'END'
table inet vpc {
  set senders { type ifname . ether_addr . ipv4_addr; }
  set owners { type ifname . ipv4_addr; }
  set ports { type ifname; }
  counter unknown_sender {}
  counter unknown_owner {}
  chain from_nodes {
    type filter hook prerouting priority raw;
    iifname @ports meta protocol ip iifname . ether saddr . ip saddr != @senders counter name unknown_sender drop
  }
  chain forwarded {
    type filter hook forward priority 0;
    oifname @ports meta protocol ip oifname . ip daddr != @owners counter name unknown_owner drop
  }
  chain own {
    type filter hook output priority 0;
    oifname @ports meta protocol ip oifname . ip daddr != @owners counter name unknown_owner drop
  }
}
table ip gateway {
  chain balancers { type nat hook prerouting priority dstnat; }
  chain leaving {
    type nat hook postrouting priority srcnat;
    oifname internet masquerade
  }
}
END
}

# Addresses that a NIC got later, by port: they stay its own when its node starts again.
declare -A extra_addresses=()

# plug NODE: its NICs, wired to the router. What the router knows of each NIC are its own addresses and the secondary ones.
plug() {
  local node=$1 nic mac address gateway secondary port known
  while read -r nic mac address gateway secondary; do
    port=$node-$nic
    ip link add "$port" mtu 9001 type veth peer name "$nic" address "$mac" mtu 9001 netns "$node"
    ip link set "$port" up
    ip -n "$node" link set "$nic" up
    ip -n "$node" address add "$address" dev "$nic"
    if [ -z "$gateway" ]; then
      ip link set "$port" master lan
      continue
    fi
    ip address add "$gateway" dev "$port"
    # shellcheck disable=SC2086 # words
    assign "$port" "$mac" "${address%/*}" $secondary ${extra_addresses[$port]-}
  done < <(nics_of "$node")
  until [ "$(ip -n "$node" -br link show up | grep -c 'ens.*LOWER_UP')" = 3 ]; do sleep 0.05; done
  ip -n "$node" route add default via "$(nics_of "$node" | awk 'NR == 1 { sub("/.*", "", $4); print $4 }')" dev ens5
}

# assign_later NODE NIC ADDRESS...: for good.
assign_later() {
  local mac
  mac=$(nics_of "$1" | awk -v nic="$2" '$1 == nic { print $2 }')
  assign "$1-$2" "$mac" "${@:3}"
  extra_addresses["$1-$2"]+=" ${*:3}"
}

# assign PORT MAC ADDRESS...: gives a NIC secondary addresses, as a cloud does.
assign() {
  local port=$1 mac=$2 known
  for known in "${@:3}"; do
    ip neighbour replace "$known" lladdr "$mac" dev "$port" nud permanent
    echo "add element inet vpc senders { \"$port\" . $mac . $known }"
    echo "add element inet vpc owners { \"$port\" . $known }"
  done | nft -f -
  nft add element inet vpc ports "{ \"$port\" }"
}

unplug() {
  local node=$1 nic rest
  while read -r nic rest; do
    until ! ip link show "$node-$nic" >/dev/null 2>&1; do sleep 0.1; done
  done < <(nics_of "$node")
}

# balance ADDRESS PORT ENDPOINT...: a load balancer's rule; $keep_client as the NLB's attribute preserve_client_ip.enabled.
balance() {
  local address=$1 port=$2 map='' number=0 endpoint
  for endpoint in "${@:3}"; do
    map+="${map:+, }$number : $endpoint"
    number=$((number + 1))
  done
  nft add rule ip gateway balancers ip daddr "$address" tcp dport 80 dnat to numgen inc mod "$number" map "{ $map }":"$port"
  [ "${keep_client-true}" = true ] ||
    nft insert rule ip gateway leaving ip daddr "{ $(IFS=, && echo "${*:3}") }" ip saddr 198.51.100.0/24 masquerade
}
