# shellcheck shell=bash
# Namespaces that are not where or whose they usually are.

end_sleepers() {
  local pid
  for pid in $(cat /tmp/sleepers 2>/dev/null); do kill -KILL "$pid" 2>/dev/null || true; done
  rm -f /tmp/sleepers
}
cleanups+=(end_sleepers)

# hold_namespace OPTION...: a process in namespaces of its own, left in $holder.
hold_namespace() {
  unshare --net "$@" sleep 1000000 &
  holder=$!
  echo "$holder" >>/tmp/sleepers
  until_true 10 in_another_namespace "$holder"
}
in_another_namespace() { [ "$(readlink "/proc/$1/ns/net")" != "$(readlink /proc/self/ns/net)" ] && [ "$(cat "/proc/$1/comm")" = sleep ]; }

# A data disk carries what /run/netns shows: each namespace is mounted twice, and the runtime names the other place.
test_netns_directory_is_a_bind_mount() {
  use_network ipvlan-ens5
  mkdir -p /tmp/disk
  mount --rbind /run/netns /tmp/disk
  mount --make-rshared /tmp/disk
  mount --rbind /tmp/disk /run/netns
  ip netns add pod
  cni ADD 10-ipvlan-ens5.conflist pod /run/netns/pod
  serve pod
  expect_equal "$(from_fabric 172.31.16.4)" pod "the fabric asks the pod"
  expect_equal "$(ipvlanctl links -o json | jq '[.[] | select(.containerID == "pod")] | length')" 1 "links of the pod"
  ipvlanctl gc
  cni CHECK 10-ipvlan-ens5.conflist pod /run/netns/pod
  expect_equal "$(findings)" "" "findings"
  stop_serving pod
  cni DEL 10-ipvlan-ens5.conflist pod /run/netns/pod
  expect_nothing_left
  ip netns delete pod
  # Shared mounts would take those below the first /run/netns along.
  mount --make-rprivate /tmp/disk
  mount --make-rprivate /run/netns
  umount -l /run/netns
  umount -l /tmp/disk
}

# As Docker keeps them. Only the mount holds the namespace, no process.
test_namespace_is_mounted_elsewhere() {
  reference_network
  hold_namespace
  mkdir -p /run/docker/netns
  touch /run/docker/netns/pod
  mount --bind "/proc/$holder/ns/net" /run/docker/netns/pod
  end_sleepers
  cni ADD 10-office.conflist pod /run/docker/netns/pod
  nsenter --net=/run/docker/netns/pod ping -n -q -c 1 -W 10 172.31.16.1
  ipvlanctl gc
  expect_equal "$(ls /var/lib/cni/networks/office | grep -c '^172')" 1 "leases after gc"
  ipvlanctl links -o json | jq -e 'any(.[]; .containerID == "pod")'
  expect_equal "$(findings)" "" "findings"
  cni DEL 10-office.conflist pod /run/docker/netns/pod
  umount /run/docker/netns/pod
  expect_nothing_left
}

uncover_namespaces() { while [ "$(stat -f -c %T /run/netns)" = tmpfs ] && ! [ -e /run/netns/fabric ]; do umount /run/netns; done; }
cleanups+=(uncover_namespaces)

# The node mounts something over the namespaces of pods that run: nobody can tell any more what they hold.
test_namespace_is_hidden_under_another_mount() {
  use_network ipvlan-ens5
  ip netns add pod
  cni ADD 10-ipvlan-ens5.conflist pod
  mount -t tmpfs over /run/netns
  expect_equal "$(findings)" namespaceUnreadable "findings"
  # The fabric has one too.
  expect_equal "$( (ipvlanctl doctor -o json || true) | jq -r '.[].problem')" \
    "2 network namespaces cannot be read, the first is /run/netns/fabric: what is mounted on /run/netns lies over them" "the problem"
  # Nothing is freed by half a view.
  ! ipvlanctl gc || return 1
  expect_equal "$(ipvlanctl leases -o json | jq '[.[] | select(.state == "held")] | length')" 1 "leases after gc"
  eval "$( (ipvlanctl doctor -o json || true) | jq -r '.[0].remedy')"
  expect_equal "$(findings)" "" "findings after the remedy"
  cni CHECK 10-ipvlan-ens5.conflist pod
  cni DEL 10-ipvlan-ens5.conflist pod
  expect_nothing_left
  ip netns delete pod
}

# A pod with a user namespace: its root owns the network namespace, and is nobody on the node.
test_network_namespace_belongs_to_a_user_namespace() {
  use_network ipvlan-ens5
  hold_namespace --user --map-root-user
  local namespace=/proc/$holder/ns/net
  cni ADD 10-ipvlan-ens5.conflist pod "$namespace"
  cni CHECK 10-ipvlan-ens5.conflist pod "$namespace"
  nsenter --target "$holder" --user --net ping -n -q -c 1 -W 10 172.31.22.228
  nsenter --target "$holder" --user --net ping -n -q -c 1 -W 10 192.0.2.1
  ping -n -q -c 1 -W 10 172.31.16.4
  ipvlanctl links -o json | jq -e 'any(.[]; .containerID == "pod")'
  expect_equal "$(findings)" "" "findings"
  cni DEL 10-ipvlan-ens5.conflist pod "$namespace"
  expect_nothing_left
}

# Without root on the machine: the plugin, its node and its pods live in a user namespace, as with rootless runtimes.
test_plugin_without_root_in_a_user_namespace() {
  mkdir -p /tmp/rootless
  chmod 777 /tmp/rootless
  chmod 755 /tmp
  cat >/tmp/rootless/conf.json <<'END'
{
  "cniVersion": "1.0.0", "name": "rootless", "type": "ipvlan", "master": "nic", "mode": "l2",
  "ipam": { "type": "host-local", "dataDir": "/tmp/rootless/leases", "ranges": [[{ "subnet": "10.1.1.0/24" }]] }
}
END
  cat >/tmp/rootless/node.sh <<'END'
set -e
cd /tmp/rootless
# Rootless runtimes put a /run of their own there.
[ "$1" = shared ] || mount -t tmpfs run /run
ip link add nic type veth peer name wire
ip link set nic up
unshare --net sleep 1000000 &
pod=$!
trap 'kill $pod' EXIT
until [ "$(readlink /proc/$pod/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.1; done
ip link set wire netns $pod
call() { CNI_COMMAND=$1 CNI_CONTAINERID=pod CNI_NETNS=/proc/$pod/ns/net CNI_IFNAME=eth0 CNI_PATH=/opt/cni/bin /opt/cni/bin/ipvlan <conf.json >answer || { cat answer && return 1; }; }
call ADD
nsenter --net=/proc/$pod/ns/net ip -brief address show dev eth0 | grep -F 10.1.1.2/24
call DEL
! nsenter --net=/proc/$pod/ns/net ip link show dev eth0
END
  without_root own
  refused without_root shared
  [[ $refusal == *"/run/ipvlan"*"Permission denied"* ]] || { echo "$refusal" && return 1; }
  sed -i 's:/tmp/rootless/leases:/var/lib/cni/networks:' /tmp/rootless/conf.json
  refused without_root own
  [[ $refusal == *'"code":107,'*"/var/lib/cni/networks"*"Permission denied"* ]] || { echo "$refusal" && return 1; }
}
without_root() { setpriv --reuid 1000 --regid 1000 --clear-groups unshare --user --map-root-user --net --mount bash /tmp/rootless/node.sh "$1"; }
