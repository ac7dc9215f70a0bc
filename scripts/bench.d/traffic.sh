#!/usr/bin/env bash
# Inside of the kernel with ipvlan: round trips and throughput with host access, beside a veth with the rules of
# Spiderpool's coordinator, and from node to node.
#
#   traffic.sh TOOLS OUTPUT ROUNDS
#
# Two nodes, a and b, with three NICs each on a router that knows every address, as a cloud's does. Pods of ens5 are
# attached in mode l3s, of ens6 in l3, both by this plugin with hostAccess; pods of ens7 in l2 by the reference
# plugin, each with a veth beside. Services are DNAT rules as kube-proxy's, whose clients are masqueraded: without
# that the coordinator cannot serve them.

set -euo pipefail
tools=$1 output=$2 rounds=$3
readonly port=80 nodes=(a b) nics=(ens5 ens6 ens7)
declare -A mode=([ens5]=l3s [ens6]=l3 [ens7]=l2) name=([ens5]=l3s [ens6]=l3 [ens7]=veth)
# The last byte of an address.
declare -A host=([a]=10 [b]=20 [a1]=11 [a2]=12 [b1]=21)

in_ns() { ip netns exec "$@"; }
# address NIC WHO: as 10.5.0.11.
address() { echo "10.${1#ens}.0.${host[$2]}"; }
service() { echo "10.96.0.${1#ens}"; }

make_network() {
  local node nic who wire mac
  ip netns add router
  in_ns router sysctl -qw net.ipv4.ip_forward=1
  for node in "${nodes[@]}"; do
    ip netns add "$node"
    ip -n "$node" link set lo up
    in_ns "$node" sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=2 net.ipv4.conf.default.rp_filter=2
    for nic in "${nics[@]}"; do
      wire=$node-$nic
      ip -n router link add "$wire" type veth peer name "$nic" netns "$node"
      ip -n router link set "$wire" up
      ip -n router addr add "10.${nic#ens}.0.1/32" dev "$wire"
      in_ns router sysctl -qw "net.ipv4.conf.$wire.proxy_arp=1" "net.ipv4.conf.$wire.proxy_arp_pvlan=1"
      ip -n "$node" addr add "$(address "$nic" "$node")/24" dev "$nic"
      ip -n "$node" link set "$nic" up
      mac=$(in_ns "$node" cat "/sys/class/net/$nic/address")
      for who in "$node" "$node"1 "$node"2; do
        [ -n "${host[$who]-}" ] || continue
        ip -n router route add "$(address "$nic" "$who")" dev "$wire"
        ip -n router neigh add "$(address "$nic" "$who")" lladdr "$mac" dev "$wire" nud permanent
      done
    done
    ip -n "$node" route add default via 10.5.0.1
  done
}

# attach NIC POD: by the plugin that the NIC stands for.
attach() {
  local nic=$1 who=$2 node=${2:0:1} pod=$2-$1 program=$tools/ipvlan extra=',"hostAccess":true'
  [ "$nic" != ens7 ] || program=/usr/lib/cni/ipvlan extra=''
  ip netns add "$pod"
  ip -n "$pod" link set lo up
  printf '{"cniVersion":"1.0.0","name":"%s","type":"ipvlan","master":"%s","mode":"%s"%s,"ipam":{"type":"static",
    "addresses":[{"address":"%s/24","gateway":"10.%s.0.1"}],"routes":[{"dst":"0.0.0.0/0"}]}}' \
    "$nic" "$nic" "${mode[$nic]}" "$extra" "$(address "$nic" "$who")" "${nic#ens}" |
    CNI_COMMAND=ADD CNI_CONTAINERID=$pod CNI_NETNS=/run/netns/$pod CNI_IFNAME=eth0 CNI_PATH=/usr/lib/cni \
      in_ns "$node" "$program" >/dev/null
  [ "$nic" != ens7 ] || coordinate "$node" "$who" "$pod"
}

# What the coordinator makes for a pod: a veth, permanent neighbours, routes to the node and to Services by it, and
# marks by which replies go back through it.
coordinate() {
  local node=$1 who=$2 pod=$3 there address nic
  address=$(address ens7 "$who")
  ip -n "$pod" link add veth0 type veth peer name "veth$who" netns "$node"
  ip -n "$pod" link set veth0 up
  ip -n "$node" link set "veth$who" up
  there=$(in_ns "$node" cat "/sys/class/net/veth$who/address")
  ip -n "$node" neigh add "$address" lladdr "$(in_ns "$pod" cat /sys/class/net/veth0/address)" dev "veth$who" nud permanent
  ip -n "$node" rule add to "$address" lookup 500
  ip -n "$node" route add "$address" dev "veth$who" scope link table 500
  for nic in "${nics[@]}"; do
    ip -n "$pod" route add "$(address "$nic" "$node")" dev veth0 scope link
    ip -n "$pod" neigh add "$(address "$nic" "$node")" lladdr "$there" dev veth0 nud permanent
  done
  ip -n "$pod" route add 10.96.0.0/16 via "$(address ens7 "$node")" dev veth0
  in_ns "$pod" iptables -t mangle -A PREROUTING -i veth0 -m conntrack --ctstate NEW -j MARK --set-xmark 1
  in_ns "$pod" iptables -t mangle -A PREROUTING -m mark --mark 1 -j CONNMARK --save-mark
  in_ns "$pod" iptables -t mangle -A OUTPUT -j CONNMARK --restore-mark
  ip -n "$pod" rule add fwmark 1 lookup 500
  ip -n "$pod" route add default via "$(address ens7 "$node")" dev veth0 table 500
}

# Each Service has the pod b1 of one NIC as its backend.
make_services() {
  local nic
  {
    printf '*nat\n:KUBE-SERVICES - [0:0]\n:KUBE-MARK-MASQ - [0:0]\n:KUBE-POSTROUTING - [0:0]\n'
    printf -- '-A PREROUTING -j KUBE-SERVICES\n-A OUTPUT -j KUBE-SERVICES\n-A POSTROUTING -j KUBE-POSTROUTING\n'
    printf -- '-A KUBE-MARK-MASQ -j MARK --or-mark 0x4000\n'
    printf -- '-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN\n'
    printf -- '-A KUBE-POSTROUTING -j MARK --xor-mark 0x4000\n-A KUBE-POSTROUTING -j MASQUERADE --random-fully\n'
    for nic in "${nics[@]}"; do
      printf -- '-A KUBE-SERVICES -d %s/32 -p tcp -m tcp --dport %s -j KUBE-MARK-MASQ\n' "$(service "$nic")" "$port"
      printf -- '-A KUBE-SERVICES -d %s/32 -p tcp -m tcp --dport %s -j DNAT --to-destination %s:%s\n' \
        "$(service "$nic")" "$port" "$(address "$nic" b1)" "$port"
    done
    echo COMMIT
  } | in_ns a iptables-restore
}

# ask PAIR VARIANT NAMESPACE ADDRESS
ask() {
  in_ns "$3" "$tools/traffic" ask "$1|$2" trip "$4" "$port" 400
  in_ns "$3" "$tools/traffic" ask "$1|$2" stream "$4" "$port" 8
}

make_network
for nic in "${nics[@]}"; do
  for who in a1 a2 b1; do attach "$nic" "$who"; done
done
make_services
for place in a b {a1,a2,b1}-{ens5,ens6,ens7}; do in_ns "$place" "$tools/traffic" serve "$port"; done
for ((round = 0; round < rounds; round++)); do
  ask "node to node" floor a "$(address ens5 b)"
  for nic in "${nics[@]}"; do
    variant=${name[$nic]}
    ask "pod to own node" "$variant" "a1-$nic" "$(address "$nic" a)"
    ask "node to own pod" "$variant" a "$(address "$nic" a1)"
    ask "pod to ClusterIP, remote backend" "$variant" "a1-$nic" "$(service "$nic")"
    ask "pod to pod on one NIC" "$variant" "a1-$nic" "$(address "$nic" a2)"
    ask "pod to remote pod" "$variant" "a1-$nic" "$(address "$nic" b1)"
  done
done >/run/traffic
cp /run/traffic "$output/traffic"
