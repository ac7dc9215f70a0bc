# shellcheck shell=bash
# The part of scripts/cluster that runs on a kernel with ipvlan, as root in a network namespace that becomes the VPC.

. "$(dirname "$0")/../lib.sh"
work=$1
shift
readonly work directory=$work/control
disks=$(mktemp -d)
readonly disks
mount -t tmpfs -o mode=755 nodes "$disks"
# scripts/vm may have given this namespace a sysfs of its own, without what lies on it.
[ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ] || mount -t cgroup2 cgroup2 /sys/fs/cgroup
. "$repository/scripts/api-server.sh"
. "$work/settings"
for part in checks fabric control-plane nodes product page scenarios bench; do . "$repository/scripts/cluster.d/$part.sh"; done

begin() {
  heading "The VPC and the API server"
  sed 's/[a-z0-9_]*/+&/g; s/+ / /g; s/+$//' /sys/fs/cgroup/cgroup.controllers >/sys/fs/cgroup/cgroup.subtree_control
  make_fabric
  export KUBECONFIG=$directory/admin.kubeconfig
  # Debian's kubectl is older than the server, and says so.
  shown kubectl version 2>/dev/null
  heading "The nodes ${nodes[*]}: containerd, kubelet, kube-proxy"
  local node
  for node in "${nodes[@]}"; do
    make_node "$node"
    boot_node "$node"
  done
  check "both nodes are Ready" "kubectl describe nodes" within 900 nodes_ready
  check "agents and controllers are ready" "kubectl -n kube-system describe pods" within 900 product_ready
}

# The nodes' disks are gone with the kernel.
keep_logs() {
  local node
  for node in "${nodes[@]}"; do
    mkdir -p "$directory/logs/$node"
    cp "$disks/$node/"*.log "$directory/logs/$node/"
    cp -r "$disks/$node/var/log/pods" "$directory/logs/$node/" 2>/dev/null || true
  done
  echo "the nodes' logs are in $directory/logs"
}

conclude() {
  echo
  if [ ${#failed[@]} -gt 0 ]; then
    printf 'failed: %s\n' "${failed[@]}"
    keep_logs
    echo "$subject do${plural-es} not work: ${#failed[@]} of $((passed + ${#failed[@]})) checks failed."
    return 1
  fi
  echo "$subject work${plural-s}: $passed checks passed."
}

begin
case $mode in
  page)
    subject="The page${multus:+ behind Multus, $multus,}"
    show_page
    ;;
  scenarios)
    subject="The scenarios${multus:+ behind Multus, $multus,}" plural=''
    run_scenarios
    ;;
  bench)
    subject="The measurement${multus:+ behind Multus, $multus,}"
    run_bench
    ;;
esac
conclude
