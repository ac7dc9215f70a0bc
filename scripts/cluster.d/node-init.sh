#!/usr/bin/env bash
# A node's first process: as root in namespaces of its own (network, mount, PID, UTS, IPC), it puts the node's disk where a
# node has it, and keeps containerd, kubelet and kube-proxy running, as systemd does.
#
#   node-init.sh NODE DISK DIRECTORY

set -euo pipefail
readonly node=$1 disk=$2 directory=$3
if [ -z "${4-}" ]; then
  # A cgroup namespace whose root is the node's own group; whoever started this process stays in the machine's.
  echo $$ >"/sys/fs/cgroup/$node/cgroup.procs"
  exec unshare --cgroup bash "$0" "$node" "$disk" "$directory" inside
fi

hostname "$node"
mount --make-rprivate /
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mkdir -p /sys/fs/cgroup/init
echo $$ >/sys/fs/cgroup/init/cgroup.procs
sed 's/[a-z0-9_]*/+&/g; s/+ / /g; s/+$//' /sys/fs/cgroup/cgroup.controllers >/sys/fs/cgroup/cgroup.subtree_control
while read -r path; do
  mkdir -p "$path" "$disk$path"
  mount --bind "$disk$path" "$path"
done <"$disk/directories"
mount --bind "$disk/machine-id" /etc/machine-id
mount --bind "$disk/boot-id" /proc/sys/kernel/random/boot_id
: >"$disk/resolv.conf"
# The machine's namespaces are none of the node's, and would only be hidden by its own /run.
awk '$2 ~ "^/run/netns" { print $2 }' /proc/mounts | tac | while read -r path; do umount "$path"; done
mount -t tmpfs -o mode=755 run /run
mkdir -p /run/{lock,netns,containerd}
mount --make-rshared /
ip link set lo up
sysctl -qw net.ipv4.ip_forward=1

# keep NAME PROGRAM...: started again a second after its end.
keep() {
  local name=$1 child
  shift
  (
    trap - EXIT
    while true; do
      "$@" >>"$disk/$name.log" 2>&1 </dev/null &
      child=$!
      echo "$child" >"/run/$name.pid"
      wait "$child" || true
      sleep 1
    done
  ) &
}

PATH=$(<"$disk/path"):$PATH
keep containerd containerd --config "$disk/containerd.toml"
until [ -S /run/containerd/containerd.sock ]; do sleep 0.2; done
if [ ! -e "$disk/has-images" ]; then
  until ctr --namespace k8s.io images import "$disk/images.tar" >>"$disk/images.log" 2>&1; do sleep 1; done
  : >"$disk/has-images"
fi
keep kubelet kubelet --config "$disk/kubelet.yaml" --kubeconfig "$directory/node-$node.kubeconfig" --hostname-override "$node" \
  --node-ip "$(<"$disk/address")"
keep kube-proxy kube-proxy --config "$disk/kube-proxy.yaml" --hostname-override "$node"
: >/run/booted
# Orphans are this process's to wait for.
while true; do wait -n || sleep 1; done
