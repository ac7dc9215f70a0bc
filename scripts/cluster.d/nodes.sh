# shellcheck shell=bash
# Nodes: each a set of namespaces, with a disk that outlives a reboot. Sourced.

# What lies on a node's disk; the rest is the machine's.
readonly node_directories=(
  /etc/cni /etc/kubernetes /opt/cni /var/lib/cni /var/lib/containerd /var/lib/kubelet /var/lib/ipvlan /var/log/containers
  /var/log/pods
)

make_node() {
  local node=$1 disk=$disks/$1
  mkdir -p "$disk"
  printf '%s\n' "${node_directories[@]}" >"$disk/directories"
  tr -d - </proc/sys/kernel/random/uuid >"$disk/machine-id"
  address_of_node "$node" >"$disk/address"
  echo "$runtime_path:$KUBE_BIN" >"$disk/path"
  ln -s "$work/images.tar" "$disk/images.tar"
  mkdir -p "$disk/opt/cni/bin" "$disk/etc/kubernetes/manifests"
  # The reference plugins stand beside ours, as a distribution brings them.
  cp /usr/lib/cni/* "$disk/opt/cni/bin/"
  write_runtime_configuration "$disk"
  write_kubelet_configuration "$disk"
  [ "$multus" != thick ] || write_primary_network "$disk/etc/cni/net.d"
}

# write_primary_network DIRECTORY: the network of pods that name none, from which Multus' daemon makes its configuration.
write_primary_network() {
  mkdir -p "$1"
  guides_networks | "$repository/dist/ipvlanctl" render -f - --as cni --directory "$1" 2>"$disks/render.log"
  rm "$1"/*ens6*
}

write_runtime_configuration() {
  cat >"$1/containerd.toml" <<END
version = 2
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "localhost/pause:busybox"
restrict_oom_score_adj = true
disable_apparmor = true
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "/opt/cni/bin"
conf_dir = "/etc/cni/net.d"
[plugins."io.containerd.grpc.v1.cri".containerd]
default_runtime_name = "runc"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
base_runtime_spec = "$1/spec.json"
END
  # A node of ours has a boot ID of its own; its containers see it too.
  cat >"$1/boot-id-hook" <<END
#!/bin/busybox sh
bundle=\$(busybox sed -n 's/.*"bundle" *: *"\([^"]*\)".*/\1/p')
busybox mount --bind "$1/boot-id" "\$bundle/rootfs/proc/sys/kernel/random/boot_id"
END
  chmod +x "$1/boot-id-hook"
  PATH=$runtime_path:$PATH ctr oci spec | jq --arg hook "$1/boot-id-hook" '.hooks.createContainer = [{path: $hook}]' >"$1/spec.json"
}

write_kubelet_configuration() {
  cat >"$1/kubelet.yaml" <<END
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication: {anonymous: {enabled: false}, x509: {clientCAFile: $directory/ca.crt}}
authorization: {mode: Webhook}
cgroupDriver: cgroupfs
staticPodPath: /etc/kubernetes/manifests
containerRuntimeEndpoint: unix:///run/containerd/containerd.sock
failSwapOn: false
clusterDNS: [10.0.0.10]
resolvConf: $1/resolv.conf
evictionHard: {memory.available: 10Mi, nodefs.available: 0%, imagefs.available: 0%}
imageGCHighThresholdPercent: 100
localStorageCapacityIsolation: false
shutdownGracePeriod: 0s
END
  cat >"$1/kube-proxy.yaml" <<END
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: nftables
clientConnection: {kubeconfig: $directory/proxy.kubeconfig}
conntrack: {maxPerCore: 0, min: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}
END
}

boot_node() {
  local node=$1 disk=$disks/$1
  ip netns add "$node"
  plug "$node"
  mkdir -p "/sys/fs/cgroup/$node"
  cat /proc/sys/kernel/random/uuid >"$disk/boot-id"
  setsid nsenter --net="/run/netns/$node" unshare --mount --uts --ipc --pid --fork --kill-child --propagation private \
    bash "$repository/scripts/cluster.d/node-init.sh" "$node" "$disk" "$directory" >>"$disk/init.log" 2>&1 </dev/null &
  echo $! >"$disk/outer.pid"
  until first_process "$(<"$disk/outer.pid")" >"$disk/pid"; do sleep 0.1; done
}
first_process() { pgrep -P "$1" | head -n 1 | grep .; }

# Power off: no process of it ends in order, and what lies in memory is gone.
power_off() {
  local node=$1 disk=$disks/$1 outer
  outer=$(<"$disk/outer.pid")
  kill -KILL "$(<"$disk/pid")"
  while kill -0 "$outer" 2>/dev/null; do sleep 0.1; done
  ip netns delete "$node"
  unplug "$node"
  find "/sys/fs/cgroup/$node" -depth -type d -exec rmdir {} \; 2>/dev/null || true
}

# on NODE COMMAND...: on the node, as its root.
on() {
  local disk=$disks/$1
  nsenter --target "$(<"$disk/pid")" --mount --uts --ipc --net --pid --cgroup -- \
    env PATH="$(<"$disk/path"):/opt/cni/bin:$PATH" "${@:2}"
}

# kill_service NODE NAME: started again by the node itself.
kill_service() { on "$1" bash -c "kill -KILL \$(cat /run/$2.pid)"; }
