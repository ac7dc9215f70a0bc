# shellcheck shell=bash
# The product in the cluster, and the guide's objects. Sourced.

nodes_ready() { [ "$(kubectl get nodes -o json | jq '[.items[].status.conditions[] | select(.type == "Ready" and .status == "True")] | length')" = "${#nodes[@]}" ]; }
product_ready() {
  kubectl -n kube-system get daemonset,deployment -o json | jq -e '[.items[].status | (.desiredNumberScheduled // .replicas // -1) ==
    (.numberReady // .readyReplicas // 0)] | all' >/dev/null
}

apply_guide() {
  local IPVLAN_MASTER_INTERFACE0=ens5 IPVLAN_MULTUS_NAME0=ipvlan-ens5 IPVLAN_MASTER_INTERFACE1=ens6 IPVLAN_MULTUS_NAME1=ipvlan-ens6
  eval "cat <<END
$(<"$repository/Tests/Kubernetes/guide-networks.yaml")
END" | shown kubectl apply -f -
  shown kubectl apply -f - <"$repository/Tests/Kubernetes/guide-pools.yaml"
}

# With the images that are on the nodes, which no registry has.
with_images() {
  sed -e "s|image: nginx$|image: $nginx_image|" -e "s|image: k8s.gcr.io/.*echoserver.*|image: $echoserver_image|" \
    -e 's/imagePullPolicy: Always/imagePullPolicy: IfNotPresent/' "$@"
}

leases() { on "$1" ipvlanctl leases -o json; }
