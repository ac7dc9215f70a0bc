# shellcheck shell=bash
# containerd with Debian's runc, driven by its ctr. `ctr run --cni` attaches to the first network of /etc/cni/net.d and,
# while it stays in the foreground, detaches when the container ends.

start_containerd() { # [OPTION...]
  containerd --log-level warn "$@" >>/tmp/containerd.log 2>&1 </dev/null &
  containerd_process=$!
  echo "$containerd_process" >/run/containerd.pid
  until_true 300 ctr version
}

import_into_containerd() {
  ctr images import --snapshotter overlayfs "$image/busybox.tar" >/dev/null
}

# Containers and shims end with their daemon: they are this test's own, found by the shim's name in their group.
stop_containerd() {
  [ -e /run/containerd.pid ] || return 0
  local process
  for process in $(containerd_processes) $(cat /run/containerd.pid); do kill -KILL "$process" 2>/dev/null || true; done
  rm -f /run/containerd.pid
  until_true 60 no_containerd_processes
  awk '$2 ~ "^/run/containerd/" { print $2 }' /proc/mounts | tac | while read -r mount; do umount -l "$mount"; done
}
cleanups+=(stop_containerd)

# The shims that the daemon of this node started, and their containers.
containerd_processes() {
  local pid
  for pid in $(ps -e -o pid= -o args= | awk '/containerd-shim-runc-v2 .*-address \/run\/containerd\// { print $1 }'); do
    echo "$pid"
    ps -o pid= --ppid "$pid" || true
  done
}
no_containerd_processes() { [ -z "$(containerd_processes)" ]; }

# start_ctr NAME: a container that serves its name over HTTP, attached before it starts.
start_ctr() {
  ctr run --cni --rm --snapshotter overlayfs "$pod_image" "$1" \
    /bin/sh -c "echo $1 >/www/index.html; exec httpd -f -h /www" >"/tmp/ctr-$1.log" 2>&1 </dev/null &
  echo $! >"/tmp/ctr-$1.pid"
}

# The file of libcni's cache is written after the last plugin, the server starts after that.
ctr_is_up() { cached_address "$1" "default-$2" && ctr tasks ls | grep -Eq "^$2 .*RUNNING"; }
await_ctr() { until_true 90 ctr_is_up "$1" "$2" || { cat "/tmp/ctr-$2.log"; return 1; }; }
in_ctr() { ctr tasks exec --exec-id "x$RANDOM$RANDOM" "$@"; }

end_ctr() {
  ctr tasks kill --signal SIGKILL "$1"
  until_true 60 process_has_ended "$(cat "/tmp/ctr-$1.pid")"
}
process_has_ended() { ! kill -0 "$1" 2>/dev/null; }

test_containerd_containers_reach_each_other_and_the_fabric() {
  use_network ipvlan-ens5
  start_containerd
  import_into_containerd
  start_ctr a
  await_ctr ipvlan-ens5 a
  start_ctr b
  await_ctr ipvlan-ens5 b
  local a b
  a=$(cached_address ipvlan-ens5 default-a)
  b=$(cached_address ipvlan-ens5 default-b)
  in_ctr a ip link show
  expect_equal "$(in_ctr a /bin/sh -c "$(http_request "$b")" | tail -n 1)" b "a asks b"
  expect_equal "$(in_ctr b /bin/sh -c "$(http_request "$a")" | tail -n 1)" a "b asks a"
  expect_equal "$(from_fabric "$a")" a "the fabric asks a"
  expect_equal "$(from_node "$b")" b "the node asks b"
  end_ctr a
  end_ctr b
  expect_nothing_left
}

test_containerd_starts_twenty_at_once() {
  use_network ipvlan-ens5
  mkdir /etc/cni/many
  sed 's/172.31.16.4-172.31.16.8/172.31.17.1-172.31.17.20/' "$repository/cni-conf/ippool.d/master-v4-ens5.yaml" >/etc/cni/many/pool.yaml
  sed -i 's:/etc/cni/ippool.d:/etc/cni/many:' /etc/cni/net.d/*.conflist
  start_containerd
  import_into_containerd
  local n
  for n in {1..20}; do start_ctr "c$n"; done
  for n in {1..20}; do until_true 240 ctr_is_up ipvlan-ens5 "c$n" || { cat "/tmp/ctr-c$n.log"; return 1; }; done
  # The pool has exactly twenty: each is used once.
  expect_equal "$(for n in {1..20}; do cached_address ipvlan-ens5 "default-c$n"; done | sort -u | wc -l)" 20 "different addresses"
  expect_equal "$(in_ctr c1 /bin/sh -c "$(http_request "$(cached_address ipvlan-ens5 default-c20)")" | tail -n 1)" c20 "c1 asks c20"
  for n in {1..20}; do ctr tasks kill --signal SIGKILL "c$n"; done
  for n in {1..20}; do until_true 240 process_has_ended "$(cat "/tmp/ctr-c$n.pid")"; done
  expect_nothing_left
}

# The node loses every process at once: no DEL is ever called for what ran.
kill_the_runtime() {
  local name
  for name in "$@"; do kill -KILL "$(cat "/tmp/ctr-$name.pid")"; done
  stop_containerd
}

test_containerd_killed_between_add_and_del_gets_the_same_address_again() {
  use_network ipvlan-ens5
  start_containerd
  import_into_containerd
  start_ctr a
  await_ctr ipvlan-ens5 a
  local before
  before=$(cached_address ipvlan-ens5 default-a)
  kill_the_runtime a
  start_containerd
  until_true 60 ctr_forgets a
  rm -f /var/lib/cni/results/*
  start_ctr a
  await_ctr ipvlan-ens5 a
  expect_equal "$(cached_address ipvlan-ens5 default-a)" "$before" "the address of the same container"
  expect_equal "$(from_fabric "$before")" a "the fabric asks a"
  end_ctr a
  expect_nothing_left
}
ctr_forgets() {
  ctr tasks rm --force "$1" 2>/dev/null || true
  ctr containers rm "$1" 2>/dev/null || true
  ctr snapshots --snapshotter overlayfs rm "$1" 2>/dev/null || true
  ! ctr containers info "$1" 2>/dev/null
}

# No process, no namespace and no runtime state is left, and the kernel has another boot ID.
lose_power() {
  local name
  stop_containerd
  for name in $(ip netns list | awk '$1 != "fabric" { print $1 }'); do ip netns delete "$name"; done
  rm -rf /run/containerd/*
  cat /proc/sys/kernel/random/uuid >/tmp/boot_id
  mount --bind /tmp/boot_id /proc/sys/kernel/random/boot_id
}
restore_boot_id() { while umount /proc/sys/kernel/random/boot_id 2>/dev/null; do :; done; }
cleanups+=(restore_boot_id)

test_containerd_after_a_reboot_every_address_is_free() {
  use_network ipvlan-ens5
  start_containerd
  import_into_containerd
  local n
  for n in 1 2 3 4 5; do start_ctr "old$n"; done
  for n in 1 2 3 4 5; do await_ctr ipvlan-ens5 "old$n"; done
  kill_the_runtime old1 old2 old3 old4 old5
  lose_power
  rm -rf /var/lib/cni/results
  start_containerd
  for n in 1 2 3 4 5; do start_ctr "new$n"; done
  for n in 1 2 3 4 5; do await_ctr ipvlan-ens5 "new$n"; done
  for n in 1 2 3 4 5; do end_ctr "new$n"; done
  expect_nothing_left
}
