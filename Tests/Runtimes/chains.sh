# shellcheck shell=bash
# Whole configuration lists with Debian's reference plugins, by libcni: what it keeps in its cache is what CHECK and DEL get.

# on_list COMMAND FILE POD: as a runtime with its plugins in /opt/cni/bin.
on_list() { CNI_PATH=/opt/cni/bin "$image/lists-$debian" "$1" "/etc/cni/net.d/$2" "$3" "/run/netns/$3" eth0; }

# chain_network MEMBERS...: ens5 of cni-conf with these plugins after ours.
chain_network() {
  jq --argjson after "[$(IFS=, && echo "$*")]" '.plugins += $after' "$repository/cni-conf/10-ipvlan-ens5.conflist" |
    make_network 10-chain.conflist
}

# Each plugin of the chain takes ADD, CHECK and DEL of the list. With a text in $check_refusal, a plugin after ours refuses
# CHECK with it: ours, which is asked first, must not.
pass_through_the_list() {
  ip netns add pod
  on_list ADD 10-chain.conflist pod >/tmp/result
  jq -e '.ips[0].address' /tmp/result
  if [ -z "${check_refusal-}" ]; then
    on_list CHECK 10-chain.conflist pod
  else
    refused on_list CHECK 10-chain.conflist pod
    [[ $refusal == *"$check_refusal"* ]] || { echo "$refusal" && return 1; }
  fi
  serve pod
  expect_equal "$(from_fabric "$(pod_address pod)")" pod "the fabric asks the pod"
  stop_serving pod
  [ "$#" = 0 ] || "$@"
  on_list DEL 10-chain.conflist pod
  # Again, as the specification asks of every plugin.
  if [ -z "${del_refusal-}" ]; then
    on_list DEL 10-chain.conflist pod
  else
    refused on_list DEL 10-chain.conflist pod
    [[ $refusal == *"$del_refusal"* ]] || { echo "$refusal" && return 1; }
  fi
  expect_equal "$(ip -n pod -json link show | jq -r '[.[].ifname] | join(" ")')" lo "links of the pod"
  expect_nothing_left
}

test_chain_with_tuning() {
  chain_network '{"type":"tuning","sysctl":{"net.ipv4.conf.eth0.arp_filter":"1"},"mtu":1400,"promisc":true}'
  pass_through_the_list pod_is_tuned
}
pod_is_tuned() {
  expect_equal "$(ip -n pod -json link show dev eth0 | jq .[0].mtu)" 1400 "MTU set by tuning"
  expect_equal "$(ip netns exec pod sysctl -n net.ipv4.conf.eth0.arp_filter)" 1 "sysctl set by tuning"
}

# portmap's CHECK (1.1.1, of bookworm and trixie) looks for IPv6 rules also when no address is IPv6.
portmap_check_refusal() { [ "$debian" = testing ] || echo "could not check ipv6 dnat"; }

test_chain_with_portmap() {
  local check_refusal
  check_refusal=$(portmap_check_refusal)
  chain_network '{"type":"portmap","capabilities":{"portMappings":true}}'
  export CAP_ARGS='{"portMappings":[{"hostPort":8080,"containerPort":80,"protocol":"tcp"}]}'
  pass_through_the_list port_is_mapped
}
port_is_mapped() {
  iptables -t nat -S | grep -q -- '--dport 8080'
  serve pod
  expect_equal "$(from_fabric 172.31.22.228 8080)" pod "the fabric asks the node's port"
  stop_serving pod
}

# DEL of sbr (1.1.1) fails where there is no link any more.
sbr_del_refusal() { [ "$debian" = testing ] || echo 'plugin type="sbr" failed (delete)'; }

test_chain_with_sbr() {
  local del_refusal
  del_refusal=$(sbr_del_refusal)
  chain_network '{"type":"sbr"}'
  pass_through_the_list pod_has_a_rule
}
pod_has_a_rule() { ip -n pod rule show | grep -q "from $(pod_address pod)"; }

# bandwidth shapes a veth from the host's side. ipvlan has none: it must be its error, and nothing may be left of ours.
test_chain_with_bandwidth_fails_and_leaves_nothing() {
  chain_network '{"type":"bandwidth","ingressRate":1000000,"ingressBurst":100000,"egressRate":1000000,"egressBurst":100000}'
  ip netns add pod
  refused on_list ADD 10-chain.conflist pod
  echo "$refusal"
  [[ $refusal == *bandwidth* ]]
  on_list DEL 10-chain.conflist pod || true
  expect_equal "$(ip -n pod -json link show | jq -r '[.[].ifname] | join(" ")')" lo "links of the pod"
}

readonly bandwidth_check_refusal="was not a veth interface"

# Declared but not asked for, as Kubernetes has it in its lists: the plugin lets ADD and DEL through; its CHECK wants a
# veth also then.
test_chain_with_idle_bandwidth() {
  local check_refusal=$bandwidth_check_refusal
  chain_network '{"type":"bandwidth","capabilities":{"bandwidth":true}}'
  pass_through_the_list
}

test_chain_of_all() {
  chain_network '{"type":"tuning","sysctl":{"net.ipv4.conf.eth0.arp_filter":"1"}}' \
    '{"type":"portmap","capabilities":{"portMappings":true}}' '{"type":"bandwidth","capabilities":{"bandwidth":true}}' \
    '{"type":"sbr"}'
  local check_refusal del_refusal
  del_refusal=$(sbr_del_refusal)
  check_refusal=$(portmap_check_refusal)
  : "${check_refusal:=$bandwidth_check_refusal}"
  export CAP_ARGS='{"portMappings":[{"hostPort":8080,"containerPort":80,"protocol":"tcp"}]}'
  pass_through_the_list port_is_mapped
}

# loopback gives a result with an interface and an address of its own, which go through ours.
test_chain_after_a_plugin_with_a_result() {
  jq '.plugins = [{type: "loopback"}] + .plugins' "$repository/cni-conf/10-ipvlan-ens5.conflist" | make_network 10-chain.conflist
  pass_through_the_list both_interfaces_are_told
}
both_interfaces_are_told() {
  expect_equal "$(jq -r '[.interfaces[].name] | join(" ")' /tmp/result)" "lo eth0" "interfaces of the result"
  expect_equal "$(jq -r '.interfaces[.ips[] | select(.address | startswith("172.31.16.")).interface].name' /tmp/result)" eth0 "owner of the address"
}

# CHECK gets ADD's result from the cache; what somebody took away since is named.
test_libcni_check_finds_what_was_taken_away() {
  use_network ipvlan-ens5
  ip netns add pod
  on_list ADD 10-ipvlan-ens5.conflist pod >/dev/null
  cached_address ipvlan-ens5 pod
  on_list CHECK 10-ipvlan-ens5.conflist pod
  ip -n pod address flush dev eth0
  refused on_list CHECK 10-ipvlan-ens5.conflist pod
  [[ $refusal == *172.31.16.* ]]
  on_list DEL 10-ipvlan-ens5.conflist pod
  expect_nothing_left
}

# The cache is gone (a new /var, an older libcni): DEL gets no prevResult, and the namespace may be gone too.
test_libcni_del_without_cache_and_namespace() {
  use_network ipvlan-ens5
  ip netns add pod
  on_list ADD 10-ipvlan-ens5.conflist pod >/dev/null
  rm -rf /var/lib/cni/results
  ip netns delete pod
  on_list DEL 10-ipvlan-ens5.conflist pod
  expect_nothing_left
}

# libcni deletes what its cache knows and the runtime does not, then calls GC of each plugin, which frees what no cache
# knows. What the runtime names stays.
test_libcni_gc_frees_what_the_runtime_does_not_name() {
  use_network ipvlan-ens5
  speak_cni_1_1
  local name lost
  for name in lives forgotten uncached; do
    ip netns add "$name"
    on_list ADD 10-ipvlan-ens5.conflist "$name" >/dev/null
  done
  lost=$(pod_address uncached)
  rm /var/lib/cni/results/ipvlan-ens5-uncached-eth0
  # GC keeps what a process may still use.
  ip netns delete uncached
  serve lives
  on_list GC 10-ipvlan-ens5.conflist lives
  expect_equal "$(ipvlanctl leases -o json | jq -r '[.[] | select(.state == "held") | .containerID] | join(" ")')" lives "leases held"
  expect_equal "$(ip -n forgotten -json link show | jq -r '[.[].ifname] | join(" ")')" lo "links of the forgotten pod"
  expect_equal "$(ip -json route show "$lost")" "[]" "host route to the lost pod"
  expect_equal "$(from_fabric "$(pod_address lives)")" lives "the fabric asks the pod that stays"
  stop_serving lives
  on_list DEL 10-ipvlan-ens5.conflist lives
  expect_nothing_left
}

test_libcni_status_tells_whether_pods_can_start() {
  use_network ipvlan-ens5
  speak_cni_1_1
  on_list STATUS 10-ipvlan-ens5.conflist -
  sed -i 's/"master": "ens5"/"master": "ens9"/' /etc/cni/net.d/10-ipvlan-ens5.conflist
  refused on_list STATUS 10-ipvlan-ens5.conflist -
  [[ $refusal == *ens9* ]] || { echo "$refusal" && return 1; }
}
