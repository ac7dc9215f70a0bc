# shellcheck shell=bash
# containerd as a kubelet drives it, by the CRI: sandboxes get the network, containers join them.

start_cri() {
  cat >/tmp/containerd.toml <<'END'
version = 2
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "localhost/busybox:test"
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "/opt/cni/bin"
conf_dir = "/etc/cni/net.d"
END
  start_containerd --config /tmp/containerd.toml
  ctr --namespace k8s.io images import "$image/busybox.tar" >/dev/null
}

cri() { "$image/cri" "$@"; }

# pod_configuration NAME [JSON]: what a kubelet says of a pod, with more of it.
pod_configuration() {
  jq -nc --arg name "$1" --argjson more "${2:-"{}"}" '
    {metadata: {name: $name, uid: $name, namespace: "default"}, hostname: $name, logDirectory: "/tmp/pods", linux: {}} * $more'
}

# start_pod NAME [JSON]: a pod whose container serves its name over HTTP. Leaves the sandbox's ID in $sandbox.
start_pod() {
  local configuration container
  configuration=$(pod_configuration "$@")
  sandbox=$(cri RunPodSandbox "{\"config\": $configuration}" | jq -er .podSandboxId)
  container=$(cri CreateContainer "$(jq -nc --arg sandbox "$sandbox" --arg name "$1" --argjson pod "$configuration" '
    {podSandboxId: $sandbox, sandboxConfig: $pod, config: {
      metadata: {name: $name}, image: {image: "localhost/busybox:test"}, logPath: ($name + ".log"), linux: $pod.linux,
      command: ["/bin/sh", "-c", "echo \($name) >/www/index.html; exec httpd -f -h /www"]}}')" | jq -er .containerId)
  cri StartContainer "{\"containerId\": \"$container\"}" >/dev/null
}

sandbox_address() { cri PodSandboxStatus "{\"podSandboxId\": \"$1\"}" | jq -er .status.network.ip; }

end_pod() {
  cri StopPodSandbox "{\"podSandboxId\": \"$1\"}" >/dev/null
  cri RemovePodSandbox "{\"podSandboxId\": \"$1\"}" >/dev/null
}

test_cri_pods_reach_each_other_the_node_and_the_fabric() {
  use_network ipvlan-ens5
  start_cri
  local a b
  start_pod a
  a=$sandbox
  start_pod b
  b=$sandbox
  expect_equal "$(from_fabric "$(sandbox_address "$a")")" a "the fabric asks a"
  expect_equal "$(from_node "$(sandbox_address "$b")")" b "the node asks b"
  expect_equal "$(from_pod "$a" "$(sandbox_address "$b")")" b "a asks b"
  # The tool names the pod, which it knows from what the kubelet said.
  ipvlanctl leases -o json | jq -e 'map(select(.pod == "default/a")) | length == 1' ||
    { ipvlanctl leases -o json && return 1; }
  end_pod "$a"
  end_pod "$b"
  expect_nothing_left
}
from_pod() { nsenter --net="$(sandbox_namespace "$1")" sh -c "$(http_request "$2")" | tail -n 1; }
sandbox_namespace() { cached_result ipvlan-ens5 "$1" | jq -r '.interfaces[0].sandbox'; }

# The annotation comes by a capability that the configuration asks for.
test_cri_annotation_chooses_the_pool() {
  use_network ipvlan-ens5
  sed -i 's/172.31.16.4-172.31.16.8/172.31.16.4-172.31.16.6/' /etc/cni/ippool.d/master-v4-ens5.yaml
  sed -e 's/name: master-v4-ens5/name: chosen/' -e 's/172.31.16.4-172.31.16.6/172.31.16.8/' -e 's/default: true/default: false/' \
    /etc/cni/ippool.d/master-v4-ens5.yaml >/etc/cni/ippool.d/chosen.yaml
  start_cri
  start_pod plain
  expect_equal "$(sandbox_address "$sandbox")" 172.31.16.4 "the address without an annotation"
  end_pod "$sandbox"
  start_pod annotated '{"annotations": {"ipam.spidernet.io/ippool": "{\"ipv4\": [\"chosen\"]}"}}'
  expect_equal "$(sandbox_address "$sandbox")" 172.31.16.8 "the address with an annotation"
  expect_equal "$(from_fabric 172.31.16.8)" annotated "the fabric asks the pod"
  end_pod "$sandbox"
  expect_nothing_left
}

test_cri_pod_that_cannot_start_leaves_nothing_and_says_why() {
  use_network ipvlan-ens5
  sed -i 's/"master": "ens5"/"master": "ens9"/' /etc/cni/net.d/10-ipvlan-ens5.conflist
  start_cri
  refused cri RunPodSandbox "{\"config\": $(pod_configuration a)}"
  [[ $refusal == *ens9* ]] || { echo "$refusal" && return 1; }
  expect_nothing_left
}

# Between ADD and DEL the runtime is killed; the next one stops what it finds.
test_cri_pod_outlives_its_runtime() {
  use_network ipvlan-ens5
  start_cri
  start_pod a
  kill -KILL "$containerd_process"
  until_true 30 process_has_ended "$containerd_process"
  expect_equal "$(from_fabric 172.31.16.4)" a "the fabric asks the pod without a runtime"
  start_cri
  expect_equal "$(sandbox_address "$sandbox")" 172.31.16.4 "the address that the next runtime knows"
  end_pod "$sandbox"
  expect_nothing_left
}

# A reboot of the sandbox's own: its namespace is gone before DEL.
test_cri_pod_whose_namespace_vanished() {
  use_network ipvlan-ens5
  start_cri
  sandbox=$(cri RunPodSandbox "{\"config\": $(pod_configuration a)}" | jq -er .podSandboxId)
  local namespace
  namespace=$(sandbox_namespace "$sandbox")
  umount "$namespace"
  rm "$namespace"
  end_pod "$sandbox"
  expect_nothing_left
}

network_condition() { cri Status | jq -c '.status.conditions[] | select(.type == "NetworkReady")'; }

# A kubelet asks every few seconds, and the node is not ready while a plugin refuses STATUS: no pod is sent to it.
test_cri_status_is_the_plugins() {
  use_network ipvlan-ens5
  speak_cni_1_1
  start_cri
  expect_equal "$(network_condition | jq .status)" true "the network is ready"
  ip link set ens5 down
  ip link set ens5 name gone
  expect_equal "$(network_condition | jq -r '.status // false')" false "the network is ready without its master"
  network_condition
  [[ $(network_condition | jq -r .message) == *ens5* ]]
  ip link set gone name ens5
  restore_ens5
  expect_equal "$(network_condition | jq .status)" true "the network is ready again"
}
restore_ens5() {
  ip link set ens5 up
  wait_for_carrier ens5
  ip route replace default via 172.31.16.1 dev ens5
}

# The root of the pod's user namespace is nobody on the node, and owner of the pod's network namespace.
test_cri_user_namespace_of_the_pod() {
  use_network ipvlan-ens5
  start_cri
  start_pod a '{"linux": {"securityContext": {"namespaceOptions": {"usernsOptions": {
    "mode": "POD", "uids": [{"hostId": 100000, "containerId": 0, "length": 65536}], "gids": [{"hostId": 100000, "containerId": 0, "length": 65536}]}}}}}'
  expect_equal "$(from_fabric "$(sandbox_address "$sandbox")")" a "the fabric asks the pod"
  expect_equal "$(from_node "$(sandbox_address "$sandbox")")" a "the node asks the pod"
  ipvlanctl links -o json | jq -e --arg sandbox "$sandbox" 'any(.[]; .containerID == $sandbox)'
  end_pod "$sandbox"
  expect_nothing_left
}
