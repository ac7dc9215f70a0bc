# shellcheck shell=bash
# etcd, API server, controller manager and scheduler. They run on this machine, in a network namespace of their own that is
# wired to the VPC: in the emulator they would be slow, and measured. Sourced, here and there.

# control_network NUMBER: the control plane is 1, the VPC's router 2.
control_network() { echo "10.255.0.$1/24"; }
readonly nodes=(master worker1)
readonly api_address=10.255.0.1 api_port=6443 etcd_port=2379
# What a cluster of Deployments and DaemonSets needs.
readonly controllers=(
  daemonset-controller deployment-controller disruption-controller endpoints-controller endpointslice-controller
  garbage-collector-controller namespace-controller node-lifecycle-controller pod-garbage-collector-controller
  replicaset-controller root-ca-certificate-publisher-controller serviceaccount-controller serviceaccount-token-controller
  taint-eviction-controller
)

start_control_plane() {
  make_server_keys
  sign_client controller-manager /O=system:masters/CN=system:kube-controller-manager
  sign_client scheduler /CN=system:kube-scheduler
  sign_client proxy /CN=system:kube-proxy
  sign_client api-to-kubelet /O=system:masters/CN=kube-apiserver-kubelet-client
  local node
  for node in "${nodes[@]}"; do sign_client "node-$node" "/O=system:nodes/CN=system:node:$node"; done
  # Who asks for what, for counting.
  cat >"$directory/audit.yaml" <<'END'
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules: [{level: Metadata}]
END
  ip link set lo up
  # The address is there before the VPC is.
  ip address add "$api_address/32" dev lo
  start_etcd "$(etcd_program)" 2380
  start_cluster_api
  export KUBECONFIG=$directory/admin.kubeconfig
  # A server of OpenShift's build mounts this into every pod; upstream's does not know it.
  local namespace
  for namespace in default kube-system; do
    within 60 kubectl -n "$namespace" create configmap openshift-service-ca.crt --from-literal service-ca.crt=
  done
  daemon controller-manager "$KUBE_BIN/kube-controller-manager" --kubeconfig "$directory/controller-manager.kubeconfig" \
    --service-account-private-key-file "$directory/accounts.key" --root-ca-file "$directory/ca.crt" --leader-elect=false \
    --controllers "$(IFS=, && echo "${controllers[*]}")" --bind-address 127.0.0.1
  daemon scheduler "$KUBE_BIN/kube-scheduler" --kubeconfig "$directory/scheduler.kubeconfig" \
    --authentication-kubeconfig "$directory/scheduler.kubeconfig" --authorization-kubeconfig "$directory/scheduler.kubeconfig" \
    --leader-elect=false --bind-address 127.0.0.1
}

start_cluster_api() {
  start_api "$KUBE_BIN/kube-apiserver" --authorization-mode Node,RBAC --enable-admission-plugins NodeRestriction --allow-privileged \
    --audit-policy-file "$directory/audit.yaml" --audit-log-path "$directory/audit.log" \
    --kubelet-preferred-address-types InternalIP --kubelet-client-certificate "$directory/api-to-kubelet.crt" --kubelet-client-key "$directory/api-to-kubelet.key"
  api_ready
}

etcd_program() { if [ -x "$KUBE_BIN/etcd" ]; then echo "$KUBE_BIN/etcd"; else command -v etcd; fi; }

# The product: its definitions, and the chart.
apply_definitions() {
  kubectl apply -f "$repository/cni-conf/kubernetes/crds.yaml" -f "$repository/cni-conf/kubernetes/network-attachment-definitions.yaml"
  kubectl wait --for condition=established --timeout=120s \
    crd/{spiderippools,spidermultusconfigs}.spiderpool.spidernet.io crd/ipvlan{nodes,blocks}.ipvlan-cni.dev \
    crd/network-attachment-definitions.k8s.cni.cncf.io
  kubectl apply -f "$work/chart.yaml"
  [ "$multus" != thick ] || kubectl apply -f "$repository/scripts/cluster.d/multus-thick.yaml"
} >&2
