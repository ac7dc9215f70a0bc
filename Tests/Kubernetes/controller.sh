# shellcheck shell=bash
# dist/ipvlan-controller beside a real API server, with the agents of the guide's nodes.

# start_controller NUMBER: in the background, by the rights of the chart; its log and its number lie in its directory.
start_controller() {
  local directory=$cluster/controllers/$1
  [ -e "$directory/kubeconfig" ] || write_kubeconfig "$directory" "$(token_of ipvlan-controller '{}')"
  "$dist/ipvlan-controller" --kubeconfig "$directory/kubeconfig" --namespace kube-system \
    --listen "127.0.0.1:$((19120 + $1))" >>"$directory/log" 2>&1 </dev/null &
  echo $! >"$directory/pid"
}

# end_controller NUMBER SIGNAL
end_controller() { end_process "$cluster/controllers/$1" "$2"; }

end_all() {
  end_controller 1 KILL
  end_controller 2 KILL
  end_agents
}

with_controllers() {
  prepare_agents
  trap end_all EXIT
  start_agent master
  start_agent worker1
  start_controller 1
  start_controller 2
  "$@"
}

definition() { kubectl get net-attach-def -n default "$1" -o jsonpath='{.spec.config}'; }

# has_condition KIND NAME TYPE STATUS/REASON: of a pool, or of a network in the namespace default.
has_condition() {
  [ "$(kubectl get -n default "$1" "$2" -o json |
    jq -r --arg type "$3" '.status.conditions[]? | select(.type == $type) | .status + "/" + .reason')" = "$4" ]
}

# counts POOL TEXT: the two columns.
counts() { [ "$(kubectl get sp "$1" -o jsonpath='{.status.allocatedIPCount}/{.status.totalIPCount}')" = "$2" ]; }

# leader: the number of the controller that leads.
leader() {
  local number
  for number in 1 2; do
    if curl --silent "http://127.0.0.1:$((19120 + number))/metrics" | grep -q '^ipvlan_controller_leads 1$'; then
      echo "$number"
      return
    fi
  done
  return 1
}

test_l_the_guides_page_is_printed() { with_controllers guides_page; }

guides_page() {
  guides_pools | kubectl apply -f -
  guides_networks | kubectl apply -f -
  within 60 definition ipvlan-ens5
  within 60 definition ipvlan-ens6
  expect_equal "$(kubectl get network-attachment-definitions.k8s.cni.cncf.io -A --no-headers | tr -s ' ' | cut -d ' ' -f 1,2)" \
    "default ipvlan-ens5
default ipvlan-ens6" "the definitions"
  # As ipvlanctl prints them: a NetworkAttachmentDefinition of one and of the other are one.
  guides_networks | "$dist/ipvlanctl" render -f - --as nad >"$cluster/rendered.yaml"
  expect_equal "$(kubectl create --dry-run=client -f "$cluster/rendered.yaml" -o json | jq -s '[.[] | (.items // [.])[] | .spec.config]')" \
    "$(kubectl get net-attach-def -n default -o json | jq '[.items[] | .spec.config]')" "what ipvlanctl renders"
  within 60 has_condition smc ipvlan-ens5 Ready True/Rendered
  within 60 counts master-v4-ens5 0/5
  within 60 has_condition sp master-v4-ens5 Ready True/InUse
  local uid
  uid=$(pod a default '{}')
  # Tests before may have left pools that ask for labels.
  given() { answer ADD master ipvlan-ens5 a default "$uid" | jq -r '.ips[]?.address' | grep -qx 172.31.16.4/20; }
  within 20 given
  within 20 counts master-v4-ens5 1/5
  expect_equal "$(kubectl get sp master-v4-ens5 --no-headers | tr -s ' ')" "master-v4-ens5 4 172.31.16.0/20 1 5 true" "the columns"
  expect_equal "$(kubectl get sp master-v4-ens5 -o jsonpath='{.status.allocatedIPs}')" \
    "{\"172.31.16.4\":{\"pod\":\"default/a\",\"podUid\":\"$uid\"}}" "who holds what"
  ippool DEL master ipvlan-ens5 a
  kubectl delete pod a --grace-period 0 --force
  within 20 counts master-v4-ens5 0/5
  expect_equal "$(kubectl get sp master-v4-ens5 -o jsonpath='{.status.allocatedIPs}')" "" "who holds what, in the end"
}

test_l_a_definition_is_kept() { with_controllers definition_kept; }

definition_kept() {
  guides_networks | kubectl apply -f -
  within 60 definition ipvlan-ens5
  local right
  right=$(definition ipvlan-ens5)
  kubectl patch net-attach-def -n default ipvlan-ens5 --type merge --patch '{"spec": {"config": "{}"}, "metadata": {"annotations": {"note": "x"}}}'
  is_right() { [ "$(definition ipvlan-ens5)" = "$right" ]; }
  within 60 is_right
  expect_equal "$(kubectl get net-attach-def -n default ipvlan-ens5 -o jsonpath='{.metadata.annotations.note}')" x "a foreign note"
  kubectl delete net-attach-def -n default ipvlan-ens5
  within 60 is_right
  # One of somebody else stays, until it may be taken over.
  kubectl apply -f - <<<'{"apiVersion": "k8s.cni.cncf.io/v1", "kind": "NetworkAttachmentDefinition", "metadata": {"name": "theirs", "namespace": "default"}, "spec": {"config": "theirs"}}'
  kubectl apply -f - <<<'{"apiVersion": "spiderpool.spidernet.io/v2beta1", "kind": "SpiderMultusConfig", "metadata": {"name": "theirs", "namespace": "default"}, "spec": {"cniType": "ipvlan", "ipvlan": {"master": ["ens5"]}}}'
  within 60 has_condition smc theirs Ready False/Conflict
  expect_equal "$(definition theirs)" theirs "a definition of somebody else"
  has_event() { kubectl get events -n default -o json | jq -e --arg name "$1" --arg reason "$2" '.items[] | select(.involvedObject.name == $name and .reason == $reason)'; }
  within 60 has_event theirs Conflict
  kubectl annotate net-attach-def -n default theirs ipvlan-cni.dev/adopt=true
  within 60 has_condition smc theirs Ready True/Rendered
  definition theirs | grep -q '"master": "ens5"'
  # Here is no garbage collector that would delete what they own.
  kubectl delete smc -n default theirs
  kubectl delete net-attach-def -n default theirs
}

test_m_the_leader_is_killed_while_pods_start() { with_controllers leader_killed; }

leader_killed() {
  guides_pools | kubectl apply -f -
  within 60 counts master-v4-ens5 0/5
  within 60 gives_as_many master master-v4-ens5 5
  local first start pod
  within 60 leader
  first=$(leader)
  (
    for pod in $(seq 200); do
      ippool ADD master ipvlan-ens5 "p$pod"
      [ "$pod" -gt 197 ] || ippool DEL master ipvlan-ens5 "p$pod"
    done
  ) >"$cluster/pods.log" 2>&1 &
  local pods=$!
  sleep 0.5
  end_controller "$first" KILL
  start=$SECONDS
  another() { [ "$(leader)" = $((3 - first)) ]; }
  within 60 another
  # 15 s of the lease and 2 s between two tries; a busy machine takes longer.
  echo "another leads after $((SECONDS - start)) s"
  [ $((SECONDS - start)) -le 40 ]
  wait "$pods"
  within 60 counts master-v4-ens5 3/5
  for pod in 198 199 200; do ippool DEL master ipvlan-ens5 "p$pod"; done
  within 60 counts master-v4-ens5 0/5
}

test_n_a_pool_stays_until_nothing_is_held() { with_controllers pool_stays; }

pool_stays() {
  guides_pools | kubectl apply -f -
  within 60 counts master-v4-ens6 0/5
  within 60 gives_as_many master master-v4-ens6 5
  expect_equal "$(ippool ADD master ipvlan-ens6 a)" 210.22.16.11/24 "an address"
  within 60 counts master-v4-ens6 1/5
  kubectl delete sp master-v4-ens6 --wait=false
  within 60 has_condition sp master-v4-ens6 Ready False/Terminating
  # No new address, and the one that is held goes on.
  within 60 jq -e '.items[] | select(.metadata.name == "master-v4-ens6") | .spec.disable' "$cluster/agents/master/ippool.d/zz-kubernetes.json"
  expect_equal "$(ippool ADD master ipvlan-ens6 b)" "" "an address of a pool that is being deleted"
  kubectl get sp master-v4-ens6
  ippool DEL master ipvlan-ens6 a
  is_gone() { ! kubectl get sp master-v4-ens6; }
  within 60 is_gone
}

test_n_a_node_that_is_gone_is_told_of() { with_controllers node_gone; }

# Its report stays for ten minutes, and what it holds counts until then.
node_gone() {
  guides_pools | kubectl apply -f -
  within 60 counts worker1-v4-ens5 0/5
  within 60 gives_as_many worker1 worker1-v4-ens5 5
  ippool ADD worker1 ipvlan-ens5 a
  within 60 counts worker1-v4-ens5 1/5
  end_agent worker1 TERM
  kubectl delete node worker1
  sleep 2
  counts worker1-v4-ens5 1/5
  kubectl apply -f - <<<'{"apiVersion": "v1", "kind": "Node", "metadata": {"name": "worker1"}}'
  start_agent worker1
  ippool DEL worker1 ipvlan-ens5 a
  within 60 counts worker1-v4-ens5 0/5
}

test_o_with_spiderpools_definitions_all_works_but_the_conditions() { with_controllers spiderpools_definitions; }

# Spiderpool's have neither conditions nor a status of networks (facts of version 1.2.1).
spiderpools_definitions() {
  local name
  kubectl get crd spidermultusconfigs.spiderpool.spidernet.io -o json |
    jq 'del(.status, .metadata.resourceVersion) | .spec.versions[0] |= (del(.subresources) | del(.schema.openAPIV3Schema.properties.status))' |
    kubectl replace -f -
  kubectl get crd spiderippools.spiderpool.spidernet.io -o json |
    jq 'del(.status, .metadata.resourceVersion) | .spec.versions[0].schema.openAPIV3Schema.properties.status.properties |=
      {totalIPCount, allocatedIPCount, allocatedIPs}' | kubectl replace -f -
  # The conditions of before are still in the store, until somebody writes.
  guides_pools | kubectl delete -f - --wait=false --ignore-not-found
  guides_networks | kubectl delete -f - --ignore-not-found
  for name in master-v4-ens5 master-v4-ens6 worker1-v4-ens5 worker1-v4-ens6; do within 60 no_pool "$name"; done
  guides_pools | kubectl apply -f -
  guides_networks | kubectl apply -f -
  within 60 definition ipvlan-ens6
  within 60 counts master-v4-ens5 0/5
  within 60 gives_as_many master master-v4-ens5 5
  ippool ADD master ipvlan-ens5 a
  within 60 counts master-v4-ens5 1/5
  expect_equal "$(kubectl get sp master-v4-ens5 -o jsonpath='{.status.conditions}')" "" "conditions"
  # It does not try without end to write what the definitions have no room for.
  local before
  before=$(kubectl get sp master-v4-ens5 -o jsonpath='{.metadata.resourceVersion}')
  sleep 5
  expect_equal "$(kubectl get sp master-v4-ens5 -o jsonpath='{.metadata.resourceVersion}')" "$before" "the version"
  ippool DEL master ipvlan-ens5 a
  within 60 counts master-v4-ens5 0/5
  apply_definitions
}

no_pool() { ! kubectl get sp "$1"; }
