# shellcheck shell=bash
# Pools that several nodes share, beside a real API server: dist/ipvlan-agent claims blocks, dist/ippool allocates in them.

readonly sharers=(s1 s2 s3 s4 s5 s6 s7 s8)

prepare_sharers() {
  apply_chart
  local node
  for node in "${sharers[@]}"; do prepare_agent "$node"; done
}

end_sharers() { for node in "${sharers[@]}"; do end_agent "$node" KILL; done; }

with_sharers() {
  prepare_sharers
  trap 'end_sharers; revive' EXIT
  local node
  for node in "${sharers[@]}"; do start_agent "$node" "$((19130 + ${node#s}))"; done
  "$@"
}

shared_pool() {
  kubectl apply -f - <<END
apiVersion: spiderpool.spidernet.io/v2beta1
kind: SpiderIPPool
metadata: {name: $1}
spec: {subnet: 10.50.0.0/24, ips: ["$2"], default: true, multusName: [$1]}
END
}

# until_given NODE NETWORK POD: as a kubelet does, which tries again after code 11 and 104; prints the address.
until_given() {
  local address='' tries
  for tries in $(seq 2000); do
    address=$(ippool ADD "$1" "$2" "$3")
    [ -z "$address" ] || break
    sleep 0.2
  done
  echo "$address"
}

blocks_of() { kubectl get ivb -o json | jq --arg node "$1" '[.items[] | select(.spec.node == $node)] | length'; }
has_blocks() { [ "$(blocks_of "$1")" -ge 1 ]; }

# delete_pool POOL: agents that end before they have reported that it is gone would be waited for by all that share its subnet.
delete_pool() {
  kubectl delete sp "$1"
  reported_by_nobody() { kubectl get ivn -o json | jq -e --arg pool "$1" 'all(.items[].status.pools[]?; .name != $pool)'; }
  within 60 reported_by_nobody "$1"
}

# Runtimes try again after seconds: what was claimed for a pod stays until it comes back for it, though the pool is claimed as a
# whole then. It went back and forth, and the last of seven pods waited for minutes.
test_p_a_burst_on_a_small_pool_is_served() { with_agents burst; }

burst() {
  shared_pool burst 10.50.0.241-10.50.0.249
  within 60 has_blocks master
  within 60 has_blocks worker1
  local pod pods=()
  for pod in 1 2 3 4 5 6 7; do
    (for _ in $(seq 12); do
      [ -z "$(ippool ADD master burst "burst-$pod")" ] || exit 0
      sleep 4
    done
    exit 1) &
    pods+=($!)
  done
  for pod in "${pods[@]}"; do wait "$pod"; done
  for pod in 1 2 3 4 5 6 7; do ippool DEL master burst "burst-$pod"; done
  delete_pool burst
}

test_p_eight_nodes_share_a_pool_while_the_server_is_killed() { with_sharers eight_nodes; }

eight_nodes() {
  shared_pool shared64 10.50.0.1-10.50.0.64
  local node pod pods=() tokens=()
  for node in "${sharers[@]}"; do within 60 has_blocks "$node"; done
  # Six pods on each node, as fast as they come; each is tried again until it has an address. Each node keeps one ahead.
  for node in "${sharers[@]}"; do
    (for pod in 1 2 3 4 5 6; do until_given "$node" shared64 "p$pod"; done) >"$cluster/agents/$node/given" &
    pods+=($!)
  done
  sleep 2
  "$repository/scripts/api-server" kill-api "$cluster"
  sleep 2
  "$repository/scripts/api-server" start-api "$cluster"
  for pod in "${pods[@]}"; do wait "$pod"; done
  cat "$cluster"/agents/s*/given >"$cluster/given"
  expect_equal "$(grep -c '/24$' "$cluster/given")" 48 "pods with an address"
  expect_equal "$(sort -u "$cluster/given" | grep -c '/24$')" 48 "different addresses"
  expect_equal "$(kubectl get ivb -o json | jq '[.items[].spec.ips[]] | length - (unique | length)')" 0 "addresses in two blocks"
  # Pods go; what is not needed is free for other nodes after a minute.
  for pod in 1 2 3 4 5 6; do ippool DEL s1 shared64 "p$pod"; done
  few_blocks() { [ "$(blocks_of_pool shared64 | jq '[.[] | select(.node == "s1")] | length')" -le 3 ]; }
  within 300 few_blocks
}

test_p_a_pool_of_one_node_becomes_everybodys_while_pods_hold_addresses() { with_sharers opened_pool; }

opened_pool() {
  kubectl apply -f - <<END
apiVersion: spiderpool.spidernet.io/v2beta1
kind: SpiderIPPool
metadata: {name: opened}
spec: {subnet: 10.51.0.0/24, ips: [10.51.0.1-10.51.0.12], default: true, nodeName: [s1], multusName: [opened]}
END
  local pod held
  for pod in 1 2 3 4; do until_given s1 opened "o$pod"; done
  within 60 reports s1 opened 4
  expect_equal "$(blocks_of_pool opened)" '[]' "blocks of a pool of one node"
  # The agent that has not heard of the edit is waited for, and named.
  kill -STOP "$(<"$cluster/agents/s1/pid")"
  kubectl patch sp opened --type json --patch '[{"op": "remove", "path": "/spec/nodeName"}]'
  waits_for_s1() {
    kubectl get ivn s2 -o json | jq -e '.status.pools[] | select(.name == "opened") | .error | test("given by node s1")'
  }
  within 60 waits_for_s1 || { kubectl get ivn -o json | jq -c '.items[] | [.metadata.name, .status.pools]' && return 1; }
  # By the file from before it gives addresses still.
  pod=$(until_given s1 opened o5)
  grep -q '^10\.51\.0\.' <<<"$pod"
  expect_equal "$(blocks_of_pool opened)" '[]' "blocks while it has not"
  kill -CONT "$(<"$cluster/agents/s1/pid")"
  others_have_some() { [ "$(blocks_of_pool opened | jq '[.[] | select(.node != "s1")] | length')" -ge 3 ]; }
  within 60 others_have_some
  held=$(kubectl get ivn s1 -o json | jq -c '[.status.records[] | select(.pool == "opened") | .ip] | sort')
  expect_equal "$(jq length <<<"$held")" 5 "addresses that pods of s1 hold"
  expect_equal "$(blocks_of_pool opened | jq --argjson held "$held" '[.[] | select(.node != "s1") | .ips[]] - ([.[] | select(.node != "s1") | .ips[]] - $held)')" \
    '[]' "addresses of them that others have claimed"
  for pod in 1 2 3 4 5; do ippool DEL s1 opened "o$pod"; done
}

# blocks_of_pool POOL: node and addresses of each, ranges written out.
blocks_of_pool() {
  kubectl get ivb -o json | jq -c --arg pool "$1" '[.items[].spec | select(.pool == $pool) | {node, ips: [.ips[] | split("-") |
    (.[0] | split(".")) as $first | (.[-1] | split(".")) as $last |
    range($first[3] | tonumber; ($last[3] | tonumber) + 1) | ($first[:3] + ["\(.)"]) | join(".")]}]'
}

test_p_an_agent_claims_for_no_other_node_and_nobody_changes_a_block() {
  has_rules || return 0
  prepare_sharers
  local uid block
  block='{"apiVersion": "ipvlan-cni.dev/v1alpha1", "kind": "IPVLANBlock", "metadata": {"name": "b"}, "spec": {"pool": "x", "poolUID": "u", "node": "s2", "nodeUID": "n", "ips": ["10.1.1.1"]}}'
  fails 'IPVLANBlocks of its own node only: this is s2, and the token is of s1' \
    kubectl --kubeconfig "$cluster/agents/s1/kubeconfig" create -f - <<<"$block"
  kubectl create -f - <<<"$block"
  fails 'IPVLANBlocks of its own node only: this is s2, and the token is of s1' \
    kubectl --kubeconfig "$cluster/agents/s1/kubeconfig" delete ivb b
  fails 'a block never changes' kubectl annotate ivb b note=x
  kubectl delete ivb b
}

test_p_without_an_agent_a_shared_pool_gives_nothing_unless_there_is_one_node() {
  local directory=$cluster/alone
  mkdir -p "$directory/pools"
  cat >"$directory/pools/p.yaml" <<'END'
apiVersion: spiderpool.spidernet.io/v2beta1
kind: SpiderIPPool
metadata: {name: everybodys}
spec: {subnet: 10.60.0.0/24, ips: [10.60.0.1-10.60.0.9], default: true}
END
  alone() {
    CNI_COMMAND=ADD CNI_CONTAINERID=a CNI_NETNS=/run/netns/none CNI_IFNAME=eth0 CNI_PATH=/opt/cni/bin "$dist/ippool" <<END || true
{"cniVersion": "1.1.0", "name": "n", "type": "ippool", "ipam": {"type": "ippool", "poolDir": "$directory/pools",
  "dataDir": "$directory/data", "nodeName": "a"$1}}
END
  }
  alone '' | jq -e '.code == 104 and (.details | test("pool everybodys: several nodes would share it.*nodeName.*ipvlan-agent"))'
  expect_equal "$(alone ', "singleNode": true' | jq -r '.ips[0].address')" 10.60.0.1/24 "the address"
}
