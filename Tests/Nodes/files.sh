# shellcheck shell=bash
# File systems that cannot be written.

# mount_read_only DIRECTORY...: until the next test.
mount_read_only() {
  local directory
  for directory in "$@"; do
    mount --bind "$directory" "$directory"
    mount -o remount,bind,ro "$directory"
    echo "$directory" >>/tmp/read-only
  done
}
unmount_read_only() {
  local directory
  for directory in $(tac /tmp/read-only 2>/dev/null); do umount "$directory"; done
  rm -f /tmp/read-only
}
cleanups=(unmount_read_only "${cleanups[@]}")

# As on Flatcar, Talos and images of one's own: the configuration is there, and stays as it is.
test_read_only_etc() {
  use_network ipvlan-ens5
  mount_read_only /etc/cni
  if touch /etc/cni/net.d/new 2>/dev/null; then return 1; fi
  expect_host_access_works
  unmount_read_only
  forget_network ipvlan-ens5
  reference_network
  mount_read_only /etc/cni
  expect_office_works
  refused ipvlanctl pools --from-imds --imds-endpoint http://127.0.0.1:1 --to /etc/cni/ippool.d/new.yaml
}

# In a container, and where others have filled it: what ADDs lock is locked without a file of ours then.
test_run_is_read_only() {
  mkdir -p /run/ipvlan
  mount_read_only /run/ipvlan
  expect_works_without_new_files
}
# Between the look at the mode and the link another ADD comes, with another mode: running pods keep theirs.
test_run_is_full_and_the_mode_is_kept() {
  mkdir -p /run/ipvlan /tmp/slow
  mount -t tmpfs -o nr_inodes=1 full /run/ipvlan
  echo /run/ipvlan >>/tmp/read-only
  expect_mode_is_kept
  umount /run/ipvlan
  mount -t tmpfs -o size=64k full /run/ipvlan
  dd if=/dev/zero of=/run/ipvlan/fill bs=4k 2>/dev/null || true
  expect_mode_is_kept
}

# One ADD has looked while there was no room for a record, another one since there is: neither may change the mode of what the
# other has made since.
test_run_is_full_and_has_room_again() {
  local status=0 a b
  mkdir -p /run/ipvlan /tmp/slow
  mount -t tmpfs -o nr_inodes=1 full /run/ipvlan
  make_slow_pods
  direct_add b l3s >/tmp/slow/b.out &
  b=$!
  until pgrep -f /tmp/slow/ipam-b >/dev/null; do sleep 0.1; done
  mount -o remount,nr_inodes=100 /run/ipvlan
  direct_add a l2 >/tmp/slow/a.out &
  a=$!
  until pgrep -f /tmp/slow/ipam-a >/dev/null; do sleep 0.1; done
  ls /run/ipvlan/*-* >/dev/null
  touch /tmp/slow/b
  wait "$b" || status=$?
  [ "$status" = 1 ] && [[ $(</tmp/slow/b.out) == *'"code":11,'*'have kept the mode of master ens5 locked'* ]] || { cat /tmp/slow/b.out && return 1; }
  touch /tmp/slow/a
  wait "$a" || { cat /tmp/slow/a.out && return 1; }
  [[ $(ip -n a -d link show eth0) == *'mode l2 '* ]]
  for pod in a b; do ip netns delete "$pod"; done
  umount /run/ipvlan
}

expect_mode_is_kept() {
  local status=0
  make_slow_pods
  direct_add b l3s >/tmp/slow/b.out &
  # It has looked when it asks for addresses.
  until pgrep -f /tmp/slow/ipam-b >/dev/null; do sleep 0.1; done
  touch /tmp/slow/a
  direct_add a l2
  touch /tmp/slow/b
  wait $! || status=$?
  [ "$status" = 1 ] && [[ $(</tmp/slow/b.out) == *'"code":101,'* ]] || { cat /tmp/slow/b.out && return 1; }
  [[ $(ip -n a -d link show eth0) == *'mode l2 '* ]]
  for pod in a b; do ip netns delete "$pod"; done
}

# Pods a and b, whose addresses come as soon as /tmp/slow/POD is there.
make_slow_pods() {
  local pod host=7
  for pod in a b; do
    host=$((host + 1))
    ip netns add "$pod"
    rm -f "/tmp/slow/$pod"
    printf '%s\n' '#!/bin/sh' 'cat >/dev/null' '[ "$CNI_COMMAND" = ADD ] || exit 0' "until [ -e /tmp/slow/$pod ]; do sleep 0.1; done" \
      "echo '{\"cniVersion\": \"1.0.0\", \"ips\": [{\"address\": \"172.31.16.$host/20\"}]}'" >"/tmp/slow/ipam-$pod"
    chmod +x "/tmp/slow/ipam-$pod"
  done
}

# direct_add POD MODE
direct_add() {
  CNI_COMMAND=ADD CNI_CONTAINERID=$1 CNI_NETNS=/run/netns/$1 CNI_IFNAME=eth0 CNI_PATH=/tmp/slow /opt/cni/bin/ipvlan <<END
{"cniVersion": "1.0.0", "name": "direct", "type": "ipvlan", "master": "ens5", "mode": "$2", "ipam": {"type": "ipam-$1"}}
END
}

test_run_is_full() {
  mkdir -p /run/ipvlan
  mount -t tmpfs -o nr_inodes=1 full /run/ipvlan
  echo /run/ipvlan >>/tmp/read-only
  expect_works_without_new_files
}

expect_works_without_new_files() {
  if touch /run/ipvlan/new 2>/dev/null; then return 1; fi
  expect_host_access_works
  forget_network ipvlan-ens5
  expect_office_works
  if touch /run/ipvlan/new 2>/dev/null; then return 1; fi
}

test_read_only_state_is_named() {
  use_network ipvlan-ens5
  reference_network
  mount_read_only /var/lib/cni
  ip netns add pod
  local file
  for file in 10-ipvlan-ens5.conflist 10-office.conflist; do
    refused cni ADD $file pod
    [[ $refusal == *'"code":107,'*/var/lib/cni*'Read-only file system'* ]] || { echo "$refusal" && return 1; }
  done
  expect_nothing_left
}
