# shellcheck shell=bash
# The part of scripts/demo that runs on a kernel with ipvlan, as root in a fresh network namespace: the node.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/site.sh"

# A pool belongs to the node that it names; this is the guide's first.
export NODE_NAME=master
state=$(mktemp -d)
readonly state
trap 'rm -rf "$state"' EXIT

heading() { printf '\n== %s\n' "$*"; }

# Shows a command, then runs it.
shown() {
  printf '\n$ %s\n' "$*"
  "$@"
}

# cni COMMAND POD NETWORK: calls the plugin as libcni does, which takes the plugin's part of the list and adds name and
# version, and for CHECK and DEL what ADD answered. Pools and leases lie in directories of the demo's, not in /etc and
# /var.
cni() {
  local command=$1 pod=$2 network=$3 file result
  file=$(ls "$repository"/cni-conf/*-"$network".conflist)
  result=$state/$pod-$network.json
  jq --arg pools "$repository/cni-conf/ippool.d" --arg leases "$state/leases" --slurpfile result <([ "$command" = ADD ] || cat "$result") \
    '.plugins[0] + {name, cniVersion} | .ipam += {poolDir: $pools, dataDir: $leases}
     | if ($result | length) > 0 then .prevResult = $result[0] else . end' "$file" >"$state/conf.json"
  printf '\n$ CNI_COMMAND=%s CNI_CONTAINERID=%s CNI_NETNS=/run/netns/%s CNI_IFNAME=eth0 dist/ipvlan <%s\n' \
    "$command" "$pod" "$pod" "cni-conf/${file##*/}"
  CNI_COMMAND=$command CNI_CONTAINERID=$pod CNI_NETNS=/run/netns/$pod CNI_IFNAME=eth0 \
    CNI_PATH=$repository/dist:/usr/lib/cni \
    CNI_ARGS="IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=$pod" \
    "$repository/dist/ipvlan" <"$state/conf.json" >"$state/answer" ||
    { jq . "$state/answer" && return 1; }
  [ "$command" != ADD ] || { mv "$state/answer" "$result" && jq . "$result"; }
}

address_of() { ip -n "$1" -json address show dev eth0 | jq -r '[.[].addr_info[] | select(.family == "inet")][0].local'; }

ping_from() { shown ip netns exec "$1" ping -n -c 2 -i 0.2 -w 5 "$2"; }

heading "The node \"$NODE_NAME\" with two NICs, Linux $(uname -r)"
make_site
shown ip -brief address show

heading "Three pods: two on ens5, one on ens6"
for pod in web-1 web-2 db-1; do ip netns add "$pod"; done
cni ADD web-1 ipvlan-ens5
cni ADD web-2 ipvlan-ens5
cni ADD db-1 ipvlan-ens6

heading "The link in a pod"
shown ip -n web-1 -details link show dev eth0
shown ip -n web-1 address show dev eth0
shown ip -n web-1 route show

heading "Packets: from pod to pod on one NIC, to the gateways, and to a machine behind them"
ping_from web-1 "$(address_of web-2)"
ping_from web-1 172.31.16.1
ping_from web-1 192.0.2.1
ping_from db-1 210.22.16.1

heading "Node and pods, both ways, without a veth; and from a pod of one NIC to a pod of the other"
shown ping -n -c 2 -i 0.2 -w 5 "$(address_of web-1)"
ping_from web-1 172.31.22.228
ping_from web-1 "$(address_of db-1)"

heading "CHECK, then DEL"
for attachment in "web-1 ipvlan-ens5" "web-2 ipvlan-ens5" "db-1 ipvlan-ens6"; do
  # shellcheck disable=SC2086 # two words
  cni CHECK $attachment
  # shellcheck disable=SC2086
  cni DEL $attachment
done

heading "What is left"
for pod in web-1 web-2 db-1; do
  shown ip -n "$pod" -brief link show
  [ "$(ip -n "$pod" -json link show | jq length)" = 1 ] || fail "a link was left in $pod"
done
