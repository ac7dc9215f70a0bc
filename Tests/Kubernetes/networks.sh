# shellcheck shell=bash
# Networks without Multus: dist/ipvlan-agent brings the definitions to the node, and tells pods what they have got.

# with_networks COMMAND...: beside master's agent, with the rights that the chart gives for ipvlan-multi.
with_networks() {
  prepare_agents
  apply_chart 'defaultNetwork: default/ipvlan-ens5'
  trap 'tail -n 20 "$cluster/agents/master/log"; end_agents; agent_options=(); apply_chart; clear_labels; clear_networks' EXIT
  agent_options=(--networks --record-dir "$cluster/agents/master/attached")
  start_agent master
  "$@"
}
clear_networks() { kubectl --namespace default delete net-attach-def lan other --ignore-not-found; }

network_file() { echo "$cluster/agents/master/run/networks/default_$1.json"; }

# define NAME CONFIGURATION
define() {
  jq -n --arg name "$1" --arg config "$2" '{apiVersion: "k8s.cni.cncf.io/v1", kind: "NetworkAttachmentDefinition",
    metadata: {name: $name, namespace: "default"}, spec: {config: $config}}' | kubectl apply -f -
}

# attached POD UID: what ipvlan-multi leaves after an ADD.
attached() {
  local directory=$cluster/agents/master/attached
  mkdir -p "$directory"
  jq -n --arg name "$1" --arg uid "$2" '{network: "m", containerID: $name, ifname: "eth0", netns: "/run/netns/a",
    pod: {namespace: "default", name: $name, uid: $uid},
    networks: [{name: "default/lan", interface: "eth0", default: true, configuration: {name: "lan", plugins: [{type: "ipvlan"}]}}]}' \
    >"$directory/$1@eth0.networks"
  echo '[{"cniVersion": "1.1.0", "interfaces": [{"name": "eth0", "sandbox": "/run/netns/a"}], "ips": [{"address": "10.7.0.4/24", "interface": 0}]}]' \
    >"$directory/$1@eth0.results"
}
network_status() {
  kubectl get pod "$1" -o json | jq -r '.metadata.annotations["k8s.v1.cni.cncf.io/network-status"] // empty'
}
has_status() { [ -n "$(network_status "$1")" ]; }

# patch_as_agent NODE POD: as the agent of that node, which may not read the pod first, as kubectl would.
patch_as_agent() {
  local token
  token=$(sed -n 's/.*user: {token: \(.*\)}}\]/\1/p' "$cluster/agents/$1/kubeconfig")
  curl --silent --show-error --fail-with-body --cacert "$cluster/ca.crt" --header "Authorization: Bearer $token" \
    --request PATCH --header "Content-Type: application/merge-patch+json" --data '{"metadata": {"annotations": {"a": "b"}}}' \
    "https://127.0.0.1:$(<"$cluster/port")/api/v1/namespaces/default/pods/$2/status"
}

test_q_networks_come_to_the_node_and_pods_are_told() { with_networks networks_and_status; }

networks_and_status() {
  local uid
  define lan '{"cniVersion": "1.1.0", "type": "ipvlan", "master": "ens5"}'
  within 60 jq -e '.spec.config | fromjson | .master == "ens5"' "$(network_file lan)"
  define lan '{"cniVersion": "1.1.0", "type": "ipvlan", "master": "ens6"}'
  within 60 jq -e '.spec.config | fromjson | .master == "ens6"' "$(network_file lan)"
  within 60 pods_condition "True InStep"
  # The pod's file has what ipvlan-multi reads.
  uid=$(pod told default '{}' '{"k8s.v1.cni.cncf.io/networks": "lan"}')
  within 60 jq -e '.annotations["k8s.v1.cni.cncf.io/networks"] == "lan"' "$cluster/agents/master/run/pods/$uid.json"
  attached told "$uid"
  within 60 has_status told
  expect_equal "$(network_status told)" '[{"name":"default/lan","interface":"eth0","ips":["10.7.0.4"],"default":true,"dns":{}}]' "the status"
  # Only its own: with the pod of another node it may do nothing.
  if has_rules; then
    fails 'pods of its own node only' patch_as_agent worker1 told
    patch_as_agent master told >/dev/null
  fi
  kubectl delete net-attach-def lan
  within 60 test ! -e "$(network_file lan)"
}

# The right is taken away: what is there stays, and the report says which right.
test_q_without_the_right_files_stay() { with_networks without_right; }

without_right() {
  define other '{"cniVersion": "1.1.0", "type": "ipvlan"}'
  within 60 test -s "$(network_file other)"
  kubectl delete clusterrolebinding ipvlan-agent-networks
  end_agent master KILL
  kubectl delete net-attach-def other
  start_agent master
  within 60 pods_condition "False NetworksNotFollowed"
  test -s "$(network_file other)"
  apply_chart 'defaultNetwork: default/ipvlan-ens5'
  within 120 pods_condition "True InStep"
  test ! -e "$(network_file other)"
}
