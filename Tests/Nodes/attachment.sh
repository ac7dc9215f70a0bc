# shellcheck shell=bash
# Attachments on a node that is not as usual.

# cni VERB FILE POD [NAMESPACE]: calls the plugin as libcni does, which takes the plugin's part of the list, adds name and
# version, and hands CHECK and DEL what ADD answered. Prints the answer.
cni() {
  local file=/etc/cni/net.d/$2 result=/tmp/result-$3
  [ "$1" != ADD ] || rm -f "$result"
  jq --slurpfile result <(cat "$result" 2>/dev/null || true) \
    '.plugins[0] + {name, cniVersion} + if ($result | length) > 0 then {prevResult: $result[0]} else {} end' "$file" |
    CNI_COMMAND=$1 CNI_CONTAINERID=$3 CNI_NETNS=${4-/run/netns/$3} CNI_IFNAME=eth0 CNI_PATH=/opt/cni/bin \
      /opt/cni/bin/ipvlan >/tmp/answer || { cat /tmp/answer && return 1; }
  [ "$1" != ADD ] || cp /tmp/answer "$result"
  cat /tmp/answer
}

pings() { ip netns exec "$1" ping -n -q -c 1 -W 10 "$2"; }

# forget_network NAME: what is configured, the doctor compares with each other.
forget_network() { rm "/etc/cni/net.d/10-$1.conflist"; }

# The guide's network with host access: everything that an attachment is for works, and the doctor finds these KINDS only.
expect_host_access_works() { # [KIND...]
  local file=10-ipvlan-ens5.conflist
  [ -e /etc/cni/net.d/$file ] || use_network ipvlan-ens5
  ip netns add pod
  ip netns add other
  cni ADD $file pod
  cni ADD $file other
  cni CHECK $file pod
  serve pod
  expect_equal "$(from_fabric 172.31.16.4)" pod "the fabric asks the pod"
  expect_equal "$(from_node 172.31.16.4)" pod "the node asks the pod"
  pings other 172.31.16.4
  pings pod 172.31.22.228
  pings pod 192.0.2.1
  expect_equal "$(findings)" "$*" "findings"
  stop_serving pod
  cni DEL $file pod
  cni DEL $file pod
  cni DEL $file other
  expect_nothing_left
  ip netns delete pod
  ip netns delete other
}

expect_office_works() {
  local file=10-office.conflist
  [ -e /etc/cni/net.d/$file ] || reference_network
  ip netns add pod
  ip netns add other
  cni ADD $file pod
  cni ADD $file other
  cni CHECK $file pod
  pings pod 172.31.16.1
  pings pod 192.0.2.1
  pings other 172.31.16.4
  expect_equal "$(findings)" "" "findings"
  cni DEL $file pod
  cni DEL $file other
  expect_nothing_left
  ip netns delete pod
  ip netns delete other
}
