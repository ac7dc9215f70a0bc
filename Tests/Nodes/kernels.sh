# shellcheck shell=bash
# Kernels without a part of what Debian's has.

test_bare_kernel_has_no_ipv6_and_no_security_module() {
  [ ! -e /proc/sys/net/ipv6 ]
  expect_equal "$(cat /sys/module/apparmor/parameters/enabled 2>/dev/null || echo N)" N "AppArmor"
  [ ! -e /sys/fs/selinux/enforce ]
}

test_bare_host_access_works() { expect_host_access_works; }
test_bare_office_works() { expect_office_works; }

# A kubelet must not send pods to a node that can serve none; IPv4 alone is served.
test_bare_status_tells_of_ipv6() {
  use_network ipvlan-ens5
  reference_network
  speak_cni_1_1
  cni STATUS 10-ipvlan-ens5.conflist pod
  cni STATUS 10-office.conflist pod
  sed -e 's/name: master-v4-ens5/name: master-v6-ens5/' -e 's:172.31.16.0/20:fd00\:10\:\:/64:' \
    -e 's/172.31.16.4-172.31.16.8/fd00:10::4-fd00:10::8/' -e 's/172.31.16.1$/fd00:10::1/' \
    /etc/cni/ippool.d/master-v4-ens5.yaml >/etc/cni/ippool.d/master-v6-ens5.yaml
  sed -i 's/"ranges": \[/"ranges": [ [{"subnet": "fd00:10::\/64"}],/' /etc/cni/net.d/10-office.conflist
  local network
  for network in ipvlan-ens5 office; do
    refused cni STATUS "10-$network.conflist" pod
    [[ $refusal == *'"code":50,'*'IPv6 is off'* ]] || { echo "$refusal" && return 1; }
    ip netns add pod
    refused cni ADD "10-$network.conflist" pod
    [[ $refusal == *'"code":105,'*'IPv6 is off'* ]] || { echo "$refusal" && return 1; }
    expect_equal "$(ip -n pod -json link show | jq -r '.[].ifname')" lo "links in the pod"
    cni DEL "10-$network.conflist" pod
    ip netns delete pod
  done
  expect_nothing_left
}

# Modules that cannot be loaded are a kernel without them.
forbid() {
  local module
  mkdir -p /run/modprobe.d
  for module in "$@"; do
    echo "install $module /bin/false" >>/run/modprobe.d/absent.conf
  done
  for module in "$@"; do
    ! grep -q "^${module} " /proc/modules || modprobe -r "$module"
  done
}
permit() { rm -f /run/modprobe.d/absent.conf; }
cleanups+=(permit)

test_kernel_without_nf_tables() {
  forbid nf_tables
  if nft list tables; then return 1; fi
  expect_host_access_works hostAccessShortfall
  ip netns add pod
  cni ADD 10-ipvlan-ens5.conflist pod
  expect_equal "$(remedy hostAccessShortfall)" "modprobe -a nf_tables nft_chain_nat nft_ct nft_fib_inet nft_masq" "the remedy"
  cni DEL 10-ipvlan-ens5.conflist pod
  ip netns delete pod
  forget_network ipvlan-ens5
  expect_office_works
}

# Without host access a pod of l3s has to be kept from the node, which takes nf_tables.
test_kernel_without_nf_tables_and_no_host_access() {
  forbid nf_tables
  use_network ipvlan-ens5
  sed -i 's/"hostAccess": true/"hostAccess": false/' /etc/cni/net.d/10-ipvlan-ens5.conflist
  ip netns add pod
  cni ADD 10-ipvlan-ens5.conflist pod
  pings pod 192.0.2.1
  expect_equal "$(findings)" fenceIncomplete "findings"
  expect_equal "$(remedy fenceIncomplete)" "modprobe -a nf_tables nft_ct nft_fib_inet" "the remedy"
  (ipvlanctl trace pod || true) | grep -F "modprobe -a nf_tables nft_ct nft_fib_inet"
  cni CHECK 10-ipvlan-ens5.conflist pod
  ipvlanctl gc
  cni DEL 10-ipvlan-ens5.conflist pod
  expect_nothing_left
}
