# shellcheck shell=bash
# Pods on several networks by ipvlan-multi, as a kubelet starts them: with files where an agent would write them.

# define_network NETWORK: what an agent leaves of the definition that is made of a network of cni-conf.
define_network() {
  mkdir -p /var/lib/cni/run/networks
  jq -n --arg name "$1" --rawfile config "$(echo "$repository"/cni-conf/*-"$1".conflist)" '
    {metadata: {namespace: "default", name: $name}, spec: {config: $config}}' >"/var/lib/cni/run/networks/default_$1.json"
}

# The runtime's only network is ipvlan-multi, which knows both of the guide's.
use_several_networks() {
  sed 's:/run/ipvlan:/var/lib/cni/run:' "$repository/cni-conf/kubernetes/00-ipvlan-multi.conflist" >/etc/cni/net.d/00-ipvlan-multi.conflist
  define_network ipvlan-ens5
  define_network ipvlan-ens6
}

# A pod on both NICs, without Multus and without an API server.
test_cri_annotations_name_networks() {
  use_several_networks
  start_cri
  start_pod plain
  expect_equal "$(sandbox_address "$sandbox")" 172.31.16.4 "the address of a pod that names no network"
  expect_equal "$(from_fabric 172.31.16.4)" plain "the fabric asks the pod"
  end_pod "$sandbox"
  start_pod both '{"annotations": {"k8s.v1.cni.cncf.io/networks": "ipvlan-ens6@data0"}}'
  expect_equal "$(sandbox_address "$sandbox")" 172.31.16.5 "the first address of a pod with two networks"
  for address in 172.31.16.5 210.22.16.11; do
    expect_equal "$(from_fabric $address)" both "the fabric asks the pod on $address"
    expect_equal "$(from_node $address)" both "the node asks the pod on $address"
  done
  end_pod "$sandbox"
  start_pod other '{"annotations": {"v1.multus-cni.io/default-network": "default/ipvlan-ens6"}}'
  expect_equal "$(sandbox_address "$sandbox")" 210.22.16.12 "the address of a pod on the other network"
  end_pod "$sandbox"
  refused cri RunPodSandbox "{\"config\": $(pod_configuration wrong '{"annotations": {"k8s.v1.cni.cncf.io/networks": "nothing"}}')}"
  [[ $refusal == *"k8s.v1.cni.cncf.io/networks of pod default/wrong"*"default/nothing"* ]] || { echo "$refusal" && return 1; }
  expect_equal "$(find /var/lib/cni/ipvlan-multi -type f)" "" "what is recorded in the end"
  expect_nothing_left
}

# start_on_both NAME...: at once, as a kubelet starts the pods of a Deployment.
start_on_both() {
  local name starting=()
  for name in "$@"; do
    start_pod "$name" '{"annotations": {"k8s.v1.cni.cncf.io/networks": "ipvlan-ens6@data0"}}' &
    starting+=($!)
  done
  for name in "${starting[@]}"; do wait "$name"; done
}

ready_sandboxes() { cri ListPodSandbox '{"filter": {"state": {"state": "SANDBOX_READY"}}}' | jq -r '.items[]?.id' | sort; }
sandbox_of() { cri ListPodSandbox '{}' | jq -er --arg name "$1" '.items[] | select(.metadata.name == $name).id'; }

# Each sandbox that runs holds an address of each NIC, and nobody else holds one.
expect_leases_of_sandboxes() {
  expect_equal "$(ready_sandboxes | wc -l)" "$1" "how many sandboxes run"
  expect_equal "$(ipvlanctl leases -o json | jq -r '.[] | select(.state == "held") | "\(.containerID) \(.ifname)"' | sort)" \
    "$(for id in $(ready_sandboxes); do printf '%s\n' "$id data0" "$id eth0"; done)" "the leases"
  expect_equal "$(find /var/lib/cni/ipvlan-multi -name '*.networks' | wc -l)" "$1" "records of pods"
  ipvlanctl doctor
}

# What a kubelet does after a start: it stops and removes what does not run any more.
remove_dead_sandboxes() {
  local id
  for id in $(cri ListPodSandbox '{"filter": {"state": {"state": "SANDBOX_NOTREADY"}}}' | jq -r '.items[]?.id'); do end_pod "$id"; done
}

stop_forwarding() { sysctl -qw net.ipv4.ip_forward=0; }
cleanups+=(stop_forwarding)

test_cri_networks_of_many_pods_outlive_the_runtime_and_are_free_after_a_reboot() {
  local name
  # Every kubelet's node forwards.
  sysctl -qw net.ipv4.ip_forward=1
  use_several_networks
  start_cri
  start_on_both a b c d
  expect_leases_of_sandboxes 4
  for name in a b c d; do
    expect_equal "$(from_fabric "$(sandbox_address "$(sandbox_of "$name")")")" "$name" "the fabric asks $name"
  done
  end_pod "$(sandbox_of a)"
  expect_leases_of_sandboxes 3

  # The runtime dies while a pod starts: a sandbox of which nobody knows whether it is attached.
  start_on_both e >/dev/null 2>&1 &
  sleep 0.5
  kill -KILL "$containerd_process"
  until_true 30 process_has_ended "$containerd_process"
  wait $! || true
  start_cri
  remove_dead_sandboxes
  [ "$(ready_sandboxes | wc -l)" = 3 ] || end_pod "$(sandbox_of e)"
  expect_leases_of_sandboxes 3
  for name in b c d; do
    expect_equal "$(from_fabric "$(sandbox_address "$(sandbox_of "$name")")")" "$name" "the fabric asks $name by the next runtime"
  done

  lose_power
  start_cri
  remove_dead_sandboxes
  expect_leases_of_sandboxes 0
  # A NIC has five addresses; those of a and e may rest.
  start_on_both f g h
  expect_leases_of_sandboxes 3
  for name in f g h; do end_pod "$(sandbox_of "$name")"; done
  expect_leases_of_sandboxes 0
  expect_nothing_left
}
