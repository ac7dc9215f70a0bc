# shellcheck shell=bash
# The guide's node "master" on a kernel with ipvlan: two NICs, wired to a fabric. Sourced, never run; as root in a fresh
# network namespace, which becomes the node's.

# The fabric is a router with the gateway of each subnet. Like a cloud's network it knows which NIC owns an address.
make_site() {
  ip netns add fabric
  wire ens5 0a:00:00:00:05:e4 172.31.22.228/20 172.31.16.1/20 172.31.16.{4..8}
  wire ens6 0a:00:00:00:06:0a 210.22.16.10/24 210.22.16.1/24 210.22.16.{11..15}
  ip route add default via 172.31.16.1 dev ens5
  ip -n fabric link set lo up
  ip -n fabric address add 192.0.2.1/32 dev lo
  ip netns exec fabric sysctl -qw net.ipv4.ip_forward=1
  wait_for_carrier ens5 ens6
}

# wire NIC MAC ADDRESS GATEWAY POD-ADDRESS...
wire() {
  local nic=$1 mac=$2 address=$3 gateway=$4 pod
  ip link add "$nic" address "$mac" mtu 9001 type veth peer name "to-$nic" mtu 9001 netns fabric
  ip -n fabric link set "to-$nic" up
  ip -n fabric address add "$gateway" dev "to-$nic"
  ip link set "$nic" up
  ip address add "$address" dev "$nic"
  for pod in "${@:5}"; do
    ip -n fabric neighbour add "$pod" lladdr "$mac" dev "to-$nic" nud permanent
  done
}

wait_for_carrier() {
  local nic
  for nic in "$@"; do
    until ip -br link show "$nic" | grep -q LOWER_UP; do sleep 0.05; done
  done
}
