# shellcheck shell=bash
# Addresses that edits move from the pool of one node to that of another, while pods hold them and agents are away.

test_v_an_address_moves_to_another_node() { with_agents moved_address; }

test_v_with_a_definition_of_before_addresses_are_given_and_the_log_says_what_to_apply() { with_agents old_definition; }

# Helm leaves definitions as they are: the server drops fields that it does not know.
old_definition() {
  kubectl get crd ipvlannodes.ipvlan-cni.dev -o json |
    jq 'del(.status, .metadata.resourceVersion) | .spec.versions[0].schema.openAPIV3Schema.properties.status.properties |=
      (del(.busy) | del(.pools.items.properties.ips))' | kubectl replace -f -
  own_pool master '[10.80.0.21-10.80.0.24]'
  within 60 gives master 10.80.0.21-10.80.0.24
  grep -q 'definition of ipvlannodes.ipvlan-cni.dev is older than this agent' "$cluster/agents/master/log"
  apply_definitions
  own_pool master '[10.80.0.21-10.80.0.23]'
  within 60 grep -q 'the API server keeps what reports say of addresses' "$cluster/agents/master/log"
  kubectl delete sp moved-master
}

own_pool() {
  kubectl apply -f - <<END
apiVersion: spiderpool.spidernet.io/v2beta1
kind: SpiderIPPool
metadata: {name: moved-$1}
spec: {subnet: 10.80.0.0/24, ips: $2, default: true, nodeName: [$1], multusName: [moved]}
END
}

# gives NODE RANGES: what the node's file gives of its pool.
gives() {
  [ "$(jq -r --arg pool "moved-$1" '.items[] | select(.metadata.name == $pool) | .spec | if .disable then "" else .ips | join(" ") end' \
    "$cluster/agents/$1/ippool.d/zz-kubernetes.json")" = "$2" ]
}

# waits_for NODE WORDS: the node's report says why an address is not given.
waits_for() {
  kubectl get ivn "$1" -o json | jq -e --arg pool "moved-$1" --arg words "$2" '.status.pools[] | select(.name == $pool) | .error // "" | contains($words)'
}

moved_address() {
  own_pool master '[10.80.0.1-10.80.0.4]'
  own_pool worker1 '[10.80.0.11-10.80.0.12]'
  within 60 gives master 10.80.0.1-10.80.0.4
  within 60 gives worker1 10.80.0.11-10.80.0.12
  expect_equal "$(ippool ADD master moved m1)" 10.80.0.1/24 "the first address of master"
  within 60 reports master moved-master 1
  # A pod of the one node holds it: the other one waits, and gives the rest.
  own_pool master '[10.80.0.2-10.80.0.4]'
  own_pool worker1 '[10.80.0.1, 10.80.0.10-10.80.0.12]'
  within 60 gives worker1 10.80.0.10-10.80.0.12
  # By the other's report, or by the block that it claims on what its pod holds.
  within 60 waits_for worker1 'node master'
  ippool DEL master moved m1
  # The block goes a minute after it is out of the file.
  within 240 gives worker1 '10.80.0.1 10.80.0.10-10.80.0.12'
  # The agent of the one node is away: its pods get the address still, and the other one's do not.
  kill -STOP "$(<"$cluster/agents/master/pid")"
  own_pool master '[10.80.0.3-10.80.0.4]'
  own_pool worker1 '[10.80.0.1-10.80.0.2, 10.80.0.10]'
  within 60 gives worker1 '10.80.0.1 10.80.0.10'
  within 60 waits_for worker1 '10.80.0.2 is still given by node master (pool moved-master)'
  expect_equal "$(ippool ADD master moved m2)" 10.80.0.2/24 "what master gives by its file from before"
  kill -CONT "$(<"$cluster/agents/master/pid")"
  within 60 gives master 10.80.0.3-10.80.0.4
  within 60 waits_for worker1 'node master'
  gives worker1 '10.80.0.1 10.80.0.10'
  ippool DEL master moved m2
  within 240 gives worker1 '10.80.0.1-10.80.0.2 10.80.0.10'
  kubectl delete sp moved-master moved-worker1
}
