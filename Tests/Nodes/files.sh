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
