# shellcheck shell=bash
# Addresses that edits move from the pool of one node to that of another, while pods hold them and agents are away, and while
# the API server is restored from a backup.

test_v_an_address_moves_to_another_node() { with_agents moved_address; }

test_v_what_a_restored_server_has_forgotten_is_given_to_nobody_else() { with_agents forgotten_state 75; }

test_v_what_a_node_has_given_back_since_the_backup_is_not_given_there() { with_agents returned_blocks; }

test_v_nodes_that_joined_after_the_backup_are_waited_for() { with_agents joined_later; }

# The tool that does so is of etcd 3.6: Debian 12 has none. ContinuityTests has the rule.
if [ -x "${KUBE_BIN-}/etcdutl" ] || command -v etcdutl >/dev/null; then
  test_v_a_restored_server_whose_versions_leap() { with_agents forgotten_state 30 --bump; }

  test_v_what_a_node_has_given_back_since_the_backup_is_not_given_after_a_leap() { with_agents returned_blocks --bump; }
fi

test_v_the_controller_notices_that_the_server_was_restored() { with_controllers controller_restored; }

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

# waits_for NODE WORDS [POOL]: the node's report says why an address is not given.
waits_for() {
  kubectl get ivn "$1" -o json | jq -e --arg pool "${3-moved-$1}" --arg words "$2" '.status.pools[] | select(.name == $pool) | .error // "" | contains($words)'
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

# holds NODE ADDRESS...: the node's report says that pods hold them.
holds() { kubectl get ivn "$1" -o json | jq -e '[.status.records[]?.ip] as $held | $ARGS.positional - $held == []' --args "${@:2}"; }

# claimed NODE ADDRESS...: which of them the node has claimed.
claimed() {
  blocks_of_pool forgotten | jq -c --arg node "$1" '[.[] | select(.node == $node) | .ips[] | select(IN($ARGS.positional[]))]' --args "${@:2}"
}

# By the server and by its file, master has nothing of what is worker1's.
claims_nothing() {
  gives master 10.80.0.102-10.80.0.104 || { echo "master gives what has moved to worker1" && return 1; }
  expect_equal "$(claimed master "$@")" '[]' "what master claims of what pods of worker1 hold"
}

# leaves_alone SECONDS CHECK POOL ADDRESS...: for so long the pods n1 to n8 of master get none of these addresses, and the
# check of them succeeds.
leaves_alone() {
  local end=$((SECONDS + $1)) number=0 address
  while [ "$SECONDS" -lt "$end" ]; do
    "$2" "${@:4}" || return 1
    number=$((number % 8 + 1))
    address=$(ippool ADD master "$3" "n$number")
    case " ${*:4} " in *" ${address%/*} "*) echo "pod n$number of master gets $address" && return 1 ;; esac
    sleep 1
  done
}

# Those of other tests, whose agents are gone, would be waited for.
forget_other_nodes() {
  kubectl get ivn -o json | jq -r '.items[].metadata.name | select(IN("master", "worker1") | not)' |
    xargs --no-run-if-empty kubectl delete ivn
}

# forgotten_state SECONDS [OPTION]: of scripts/api-server restore.
forgotten_state() {
  local backup=$cluster/backup saved pod address held=()
  forget_other_nodes
  own_pool master '[10.80.0.101-10.80.0.104]'
  own_pool worker1 '[10.80.0.111]'
  # Each block is one address.
  shared_pool forgotten 10.50.0.129-10.50.0.188
  within 120 gives master 10.80.0.101-10.80.0.104
  within 120 gives worker1 10.80.0.111
  [ -n "$(until_given master forgotten m)" ]
  [ -n "$(until_given worker1 forgotten w)" ]
  "$repository/scripts/api-server" save "$cluster" "$backup"
  saved=$(blocks_of_pool forgotten | jq -r '.[].ips[]')
  # What the backup does not know: an address moves to worker1, whose pod gets it, and another pod's is of a new block.
  own_pool master '[10.80.0.102-10.80.0.104]'
  own_pool worker1 '[10.80.0.101]'
  within 240 gives worker1 10.80.0.101
  # It may rest since the test before.
  expect_equal "$(until_given worker1 moved moved)" 10.80.0.101/24 "what worker1 gives"
  for pod in 1 2 3 4 5 6 7 8; do
    address=$(until_given worker1 forgotten "w$pod")
    address=${address%/*}
    held+=("$address")
    grep -qxF "$address" <<<"$saved" || break
  done
  expect_equal "$(grep -cxF "$address" <<<"$saved" || true)" 0 "whether the backup has the block of $address"
  kill -STOP "$(<"$cluster/agents/worker1/pid")"
  "$repository/scripts/api-server" restore "$cluster" "$backup" "${@:2}"
  expect_equal "$(kubectl get sp moved-master -o json | jq -c .spec.ips)" '["10.80.0.101-10.80.0.104"]' "the addresses of master by the backup"
  expect_equal "$(claimed worker1 "$address")" '[]' "the block of $address by the backup"
  leaves_alone "$1" claims_nothing forgotten "${held[@]}"
  within 60 waits_for master 'the API server was restored to an older state'
  within 60 waits_for master 'the API server was restored to an older state' forgotten
  expect_equal "$(ippool ADD master forgotten n8)" '' "what the last pod of master gets meanwhile"
  # The agent that knows is back.
  kill -CONT "$(<"$cluster/agents/worker1/pid")"
  within 240 holds worker1 10.80.0.101 "${held[@]}"
  leaves_alone 30 claims_nothing forgotten "${held[@]}"
  # And all goes on, on either node: these are more pods than it has blocks for.
  for pod in master/n{1..8} worker1/w{9..16}; do
    address=$(until_given "${pod%/*}" forgotten "${pod#*/}")
    [ -n "$address" ] || { echo "pod $pod gets no address" && return 1; }
    held+=("${address%/*}")
  done
  expect_equal "$(printf '%s\n' "${held[@]}" | sort | uniq --repeated)" '' "what two pods hold"
  ippool DEL worker1 moved moved
  within 300 gives master 10.80.0.101-10.80.0.104
  for pod in p{1..4}; do [ -n "$(until_given master moved "$pod")" ] || { echo "pod $pod gets no address" && return 1; }; done
  for pod in p{1..4}; do ippool DEL master moved "$pod"; done
  for pod in m n{1..8}; do ippool DEL master forgotten "$pod"; done
  for pod in w{,{1..16}}; do ippool DEL worker1 forgotten "$pod"; done
  kubectl delete sp moved-master moved-worker1 forgotten
}

# Two nodes join after the backup, and their agents are away when the server is restored. One comes back, the other is gone.
joined_later() {
  local backup=$cluster/backup node pod address command held=()
  forget_other_nodes
  shared_pool joined 10.50.0.221-10.50.0.232
  [ -n "$(until_given master joined m)" ]
  "$repository/scripts/api-server" save "$cluster" "$backup"
  for node in later1 later2; do
    prepare_agent "$node"
    start_agent "$node" $((19120 + ${node#later}))
    for pod in a b; do
      address=$(until_given "$node" joined "$node-$pod")
      held+=("${address%/*}")
    done
    within 60 grep -q "\"$node\"" "$cluster/agents/master/ippool.d/.api-server.json"
  done
  kill -STOP "$(<"$cluster/agents/later1/pid")"
  end_agent later2 KILL
  "$repository/scripts/api-server" restore "$cluster" "$backup"
  expect_equal "$(kubectl get nodes,ivn --ignore-not-found later1 later2)" '' "what the backup has of them"
  # For longer than agents are waited for that are known.
  leaves_alone 75 true joined "${held[@]}"
  within 60 waits_for master 'does not know node later1, whose pods had addresses' joined
  # The machine joins again, with a new token for its agent.
  prepare_agent later1
  kill -CONT "$(<"$cluster/agents/later1/pid")"
  within 240 holds later1 "${held[@]:0:2}"
  within 60 waits_for master 'does not know node later2, whose pods had addresses' joined
  leaves_alone 10 true joined "${held[@]}"
  # The command of the message.
  command=$(kubectl get ivn master -o json | jq -r '.status.pools[] | select(.name == "joined") | .error' | sed 's/.*gone for good: \(kubectl create -f - <<<.[^;]*\).*/\1/')
  eval "$command"
  # Now those of the machine that is gone can be had, and no other.
  held=("${held[@]:0:2}")
  for pod in n{1..8}; do
    address=$(until_given master joined "$pod")
    held+=("${address%/*}")
  done
  expect_equal "$(printf '%s\n' "${held[@]}" | sort | uniq --repeated)" '' "what two pods hold"
  # Worker1 has heard of both, though it needs no address.
  within 120 jq -e '.settled and .settled == .lostState' "$cluster/agents/worker1/ippool.d/.api-server.json"
  end_agent later1 KILL
  for pod in m n{1..8}; do ippool DEL master joined "$pod"; done
  kubectl delete node later1
  kubectl delete ivn later1 later2
  kubectl get ivb -o json | jq -r '.items[] | select(.spec.node == "later1") | .metadata.name' | xargs --no-run-if-empty kubectl delete ivb
  kubectl delete sp joined
}

# returned_blocks [OPTION]: the backup has blocks of master that pods of worker1 hold by now.
returned_blocks() {
  local backup=$cluster/backup saved pod address held=()
  forget_other_nodes
  shared_pool returned 10.50.0.201-10.50.0.208
  for pod in m{1..5}; do [ -n "$(until_given master returned "$pod")" ]; done
  for pod in m{1..5}; do ippool DEL master returned "$pod"; done
  "$repository/scripts/api-server" save "$cluster" "$backup"
  saved=$(blocks_of_pool returned | jq -r '.[] | select(.node == "master") | .ips[]')
  has_given_back() { [ "$(blocks_of_pool returned | jq '[.[] | select(.node == "master")] | length')" -le 3 ]; }
  within 400 has_given_back
  for pod in w{1..5}; do
    address=$(until_given worker1 returned "$pod")
    grep -qxF "${address%/*}" <<<"$saved" && held+=("${address%/*}")
  done
  [ "${#held[@]}" -ge 1 ]
  kill -STOP "$(<"$cluster/agents/worker1/pid")"
  "$repository/scripts/api-server" restore "$cluster" "$backup" "$@"
  leaves_alone 75 true returned "${held[@]}"
  kill -CONT "$(<"$cluster/agents/worker1/pid")"
  within 240 holds worker1 "${held[@]}"
  leaves_alone 30 true returned "${held[@]}"
  for pod in w{1..5}; do ippool DEL worker1 returned "$pod"; done
  # Worker1 keeps one address.
  for pod in n{7..8}; do ippool DEL master returned "$pod"; done
  for pod in n{1..6}; do
    [ -n "$(until_given master returned "$pod")" ] || { echo "pod $pod of master gets no address" && return 1; }
  done
  for pod in n{1..6}; do ippool DEL master returned "$pod"; done
  kubectl delete sp returned
}

# The watches of the leader are ahead of all that the restored server writes during the test: they stay silent.
controller_restored() {
  local backup=$cluster/backup
  forget_other_nodes
  own_pool master '[10.80.0.121-10.80.0.124]'
  within 60 counts moved-master 0/4
  "$repository/scripts/api-server" save "$cluster" "$backup"
  # What the backup does not have: 300 versions, and a change of the pool that the leader has seen.
  jq -n '{apiVersion: "v1", kind: "List", items: [range(300) |
    {apiVersion: "v1", kind: "ConfigMap", metadata: {name: "later-\(.)", namespace: "default"}}]}' | kubectl create -f - >/dev/null
  own_pool master '[10.80.0.121-10.80.0.123]'
  within 60 counts moved-master 0/3
  "$repository/scripts/api-server" restore "$cluster" "$backup"
  own_pool worker1 '[10.80.0.131-10.80.0.132]'
  within 30 counts moved-worker1 0/2
  expect_equal "$(kubectl get sp moved-worker1 -o jsonpath='{.metadata.finalizers}')" '["ipvlan-cni.dev/held"]' "the finalizers of a new pool"
  own_pool master '[10.80.0.121-10.80.0.122]'
  within 30 counts moved-master 0/2
  # Also the one that waits says so.
  cat "$cluster"/controllers/*/log | grep -q 'it was restored from a backup'
  kubectl delete sp moved-master moved-worker1 --wait=false
  within 120 no_pool moved-master
  within 120 no_pool moved-worker1
}
