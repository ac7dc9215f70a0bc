# shellcheck shell=bash
# The product in the cluster, and the guide's objects. Sourced.

nodes_ready() { [ "$(kubectl get nodes -o json | jq '[.items[].status.conditions[] | select(.type == "Ready" and .status == "True")] | length')" = "${#nodes[@]}" ]; }
product_ready() {
  kubectl -n kube-system get daemonset,deployment -o json | jq -e '[.items[].status | (.desiredNumberScheduled // .replicas // -1) ==
    (.numberReady // .readyReplicas // 0)] | all' >/dev/null
}

guides_networks() {
  local IPVLAN_MASTER_INTERFACE0=ens5 IPVLAN_MULTUS_NAME0=ipvlan-ens5 IPVLAN_MASTER_INTERFACE1=ens6 IPVLAN_MULTUS_NAME1=ipvlan-ens6
  eval "cat <<END
$(<"$repository/Tests/Kubernetes/guide-networks.yaml")
END"
}

apply_guide() {
  guides_networks | shown kubectl apply -f -
  shown kubectl apply -f - <"$repository/Tests/Kubernetes/guide-pools.yaml"
}

# enlarge_pools: reads lines of NODE, NIC and the first three bytes of its addresses; the guide's pool gets 101 to 130 of
# them, which the fabric learns.
enlarge_pools() {
  local node nic prefix
  while read -r node nic prefix; do
    # shellcheck disable=SC2046 # words
    assign_later "$node" "$nic" $(addresses "$prefix" 101 130)
    kubectl patch sp "$node-v4-$nic" --type merge --patch "{\"spec\": {\"ips\": [\"$prefix.101-$prefix.130\"]}}"
  done
}

# With the images that are on the nodes, which no registry has.
with_images() {
  sed -e "s|image: nginx$|image: $nginx_image|" -e "s|image: k8s.gcr.io/.*echoserver.*|image: $echoserver_image|" \
    -e 's/imagePullPolicy: Always/imagePullPolicy: IfNotPresent/' "$@"
}

leases() { on "$1" ipvlanctl leases -o json; }
