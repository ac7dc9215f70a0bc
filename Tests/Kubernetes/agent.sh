# shellcheck shell=bash
# dist/ipvlan-agent beside a real API server, and dist/ippool, which reads what it has written.

# The chart, and a token of the agents' service account for each of the guide's nodes.
prepare_agents() {
  [ ! -e "$cluster/agents/master" ] || return 0
  apply_chart
  local node
  for node in master worker1; do prepare_agent "$node"; done
}

# prepare_agent NODE: the Node, its agent's pod, and a kubeconfig with the token that such a pod has.
prepare_agent() {
  kubectl apply -f - <<END
apiVersion: v1
kind: Node
metadata: {name: $1}
---
apiVersion: v1
kind: Pod
metadata: {name: agent-$1, namespace: kube-system}
spec: {nodeName: $1, serviceAccountName: ipvlan-agent, automountServiceAccountToken: false, containers: [{name: a, image: a}]}
END
  write_kubeconfig "$cluster/agents/$1" "$(token_of ipvlan-agent "{\"boundObjectRef\":
    {\"apiVersion\": \"v1\", \"kind\": \"Pod\", \"name\": \"agent-$1\"}}")"
}

# apply_chart [VALUES]: a server without admission policies gets none.
apply_chart() {
  local values=$cluster/values.yaml
  printf '%s\n' "${1-}" >"$values"
  has_rules || echo 'admissionPolicy: {enabled: false}' >>"$values"
  "$repository/scripts/chart" render "$values" | kubectl apply -f -
}

# token_of ACCOUNT SPECIFICATION: of a service account. Debian's kubectl has no `create token`. It lives longer than any test.
token_of() {
  raw POST "/api/v1/namespaces/kube-system/serviceaccounts/$1/token" json \
    "{\"apiVersion\": \"authentication.k8s.io/v1\", \"kind\": \"TokenRequest\",
      \"spec\": $(jq -c '{expirationSeconds: 14400} + .' <<<"$2")}" | jq -r .status.token
}

# write_kubeconfig DIRECTORY TOKEN: the directory is two below the cluster's.
write_kubeconfig() {
  mkdir -p "$1"
  cat >"$1/kubeconfig" <<END
apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: "https://localhost:$(<"$cluster/port")", certificate-authority: ../../ca.crt}}]
users: [{name: u, user: {token: $2}}]
contexts: [{name: x, context: {cluster: c, user: u}}]
current-context: x
END
}

# More options of agents.
agent_options=()

# start_agent NODE [PORT]: in the background; its number and its log lie in its directory.
start_agent() {
  local directory=$cluster/agents/$1 port=${2-19114}
  [ "$1" != worker1 ] || port=19115
  "$dist/ipvlan-agent" --kubeconfig "$directory/kubeconfig" --node-name "$1" --pool-dir "$directory/ippool.d" \
    --data-dir "$directory/data" --run-dir "$directory/run" --listen "127.0.0.1:$port" "${agent_options[@]}" >>"$directory/log" 2>&1 </dev/null &
  echo $! >"$directory/pid"
  # The shell says nothing of its end.
  disown
}

# end_process DIRECTORY SIGNAL: what was started there.
end_process() {
  local pid
  pid=$(cat "$1/pid" 2>/dev/null) || return 0
  kill "-$2" "$pid" 2>/dev/null || true
  # A subshell cannot wait for what its parent has started; until the process is gone its lock is not free.
  while [[ $(sed -n 's/^State:\s*//p' "/proc/$pid/status" 2>/dev/null) == [!ZX]* ]]; do sleep 0.05; done
  wait "$pid" 2>/dev/null || true
  rm -f "$1/pid"
}

# end_agent NODE SIGNAL
end_agent() { end_process "$cluster/agents/$1" "$2"; }

end_agents() { for node in master worker1; do end_agent "$node" KILL; done; }

# ippool COMMAND NODE NETWORK POD: as a main plugin calls it; prints the address.
ippool() { answer "$1" "$2" "$3" "$4" default '' | jq -r '.ips[]?.address'; }

# answer COMMAND NODE NETWORK POD NAMESPACE UID [MEMBERS]: the same, with more members of the configuration; prints what the
# plugin does.
answer() {
  local directory=$cluster/agents/$2
  CNI_COMMAND=$1 CNI_CONTAINERID=$4 CNI_NETNS=/run/netns/none CNI_IFNAME=eth0 CNI_PATH=/opt/cni/bin \
    CNI_ARGS="IgnoreUnknown=1;K8S_POD_NAMESPACE=$5;K8S_POD_NAME=$4;K8S_POD_UID=$6" "$dist/ippool" <<END || true
{"cniVersion": "1.1.0", "name": "$3", "type": "ippool",${7-} "ipam": {"type": "ippool", "poolDir": "$directory/ippool.d",
  "dataDir": "$directory/data", "runDir": "$directory/run", "nodeName": "$2", "cooldownSeconds": 0}}
END
}

# within SECONDS COMMAND...
within() {
  local end=$((SECONDS + $1))
  until "${@:2}" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$end" ] || { echo "not within $1 s: ${*:2}" && return 1; }
    sleep 0.1
  done
}

# reports NODE POOL HELD: what the node's report says is held.
reports() {
  [ "$(kubectl get ivn "$1" -o json | jq --arg pool "$2" '[.status.pools[] | select(.name == $pool and (.uid // "") != "") | .held] | add')" = "$3" ]
}

# gives_as_many NODE POOL COUNT: what the node's report says of the addresses that its file has.
gives_as_many() {
  [ "$(kubectl get ivn "$1" -o json | jq --arg pool "$2" '[.status.pools[] | select(.name == $pool and (.uid // "") != "") | .total] | add')" = "$3" ]
}

in_step() { [ "$(kubectl get ivn "$1" -o json | jq -r '.status.conditions[] | select(.type == "PoolsInSync") | .status')" = True ]; }

# has_pools NODE NAMES: the node gives addresses of these pools, and of no other.
has_pools() { [ "$(jq -r '[.items[] | select(.kind == "SpiderIPPool" and (.spec.disable | not)) | .metadata.name] | join(" ")' "$cluster/agents/$1/ippool.d/zz-kubernetes.json")" = "$2" ]; }

# The server, for the next test, when one has failed that killed it.
revive() { kubectl get --raw /readyz >/dev/null 2>&1 || "$repository/scripts/api-server" start-api "$cluster"; }

with_agents() {
  prepare_agents
  trap 'end_agents; revive' EXIT
  start_agent master
  start_agent worker1
  "$@"
}

test_g_each_node_gives_exactly_its_own_addresses() { with_agents each_node; }

each_node() {
  guides_pools | kubectl apply -f -
  within 60 has_pools master "master-v4-ens5 master-v4-ens6"
  within 60 has_pools worker1 "worker1-v4-ens5 worker1-v4-ens6"
  expect_equal "$(ippool ADD master ipvlan-ens5 a)" 172.31.16.4/20 "the first address of master on ens5"
  expect_equal "$(ippool ADD worker1 ipvlan-ens6 a)" 210.22.32.11/24 "the first address of worker1 on ens6"
  within 60 reports master master-v4-ens5 1
  within 60 reports worker1 worker1-v4-ens6 1
  expect_equal "$(kubectl get ivn master -o json | jq -c .status.records)" \
    '[{"ip":"172.31.16.4","pod":"default/a","pool":"master-v4-ens5"}]' "the records of master"
  # An edit is there for the next pod, and held addresses are not given again.
  kubectl patch sp master-v4-ens5 --type merge --patch '{"spec": {"ips": ["172.31.16.4", "172.31.16.100"]}}'
  within 60 jq -e '.items[] | select(.spec.ips == ["172.31.16.4", "172.31.16.100"])' "$cluster/agents/master/ippool.d/zz-kubernetes.json"
  expect_equal "$(ippool ADD master ipvlan-ens5 b)" 172.31.16.100/20 "the next address"
  ippool DEL master ipvlan-ens5 a
  ippool DEL master ipvlan-ens5 b
  ippool DEL worker1 ipvlan-ens6 a
  within 60 reports master master-v4-ens5 0
  curl --silent --fail http://127.0.0.1:19114/readyz
  curl --silent --fail http://127.0.0.1:19114/metrics | grep -q '^ipvlan_agent_in_step 1$'
}

test_g_a_pool_made_anew_gives_nothing_that_is_held() { with_agents made_anew; }

# Somebody removes the finalizer by hand, and applies a pool of that name again: for the same node, then for another one.
made_anew() {
  local pool=$cluster/anew.json
  jq -n '{apiVersion: "spiderpool.spidernet.io/v2beta1", kind: "SpiderIPPool", metadata: {name: "anew"},
    spec: {subnet: "10.9.0.0/24", ips: ["10.9.0.1-10.9.0.4"], default: true, nodeName: ["master"], multusName: ["default/anew"]}}' >"$pool"
  kubectl create -f "$pool"
  within 60 given_by master anew 10.9.0.1-10.9.0.4
  expect_equal "$(ippool ADD master anew a)" 10.9.0.1/24 "the first address"
  local former present
  former=$(kubectl get sp anew -o jsonpath='{.metadata.uid}')
  within 60 reports master anew 1
  make_anew "$pool"
  present=$(kubectl get sp anew -o jsonpath='{.metadata.uid}')
  within 60 same_uid master anew
  # What is given before the agent looks at the leases counts as of the former one.
  within 60 reports_held master anew "$former 1" "$present 0"
  expect_equal "$(ippool ADD master anew b)" 10.9.0.2/24 "the next address, of the pool that was made anew"
  within 60 reports_held master anew "$former 1" "$present 1"
  ippool DEL master anew b
  # What it still takes for held gets a block, for a minute at least.
  within 60 reports_held master anew "$former 1" "$present 0"
  jq '.spec.nodeName = ["worker1"]' "$pool" >"$pool.worker1"
  make_anew "$pool.worker1"
  within 60 given_by worker1 anew 10.9.0.2-10.9.0.4
  ippool DEL master anew a
  kubectl delete -f "$pool"
}

# make_anew FILE: deletes the object, whatever holds it, and makes it from the file.
make_anew() {
  kubectl patch -f "$1" --type merge --patch '{"metadata": {"finalizers": ["example.dev/hold"]}}'
  kubectl delete -f "$1" --wait=false
  kubectl patch -f "$1" --type merge --patch '{"metadata": {"finalizers": null}}'
  kubectl create -f "$1"
}

# same_uid NODE POOL: the node's file has the pool that the API server has.
same_uid() {
  [ "$(jq -r --arg pool "$2" '.items[] | select(.kind == "SpiderIPPool" and .metadata.name == $pool) | .metadata.uid' \
    "$cluster/agents/$1/ippool.d/zz-kubernetes.json")" = "$(kubectl get sp "$2" -o jsonpath='{.metadata.uid}')" ]
}

# reports_held NODE POOL "UID COUNT"...: of these pools of the name the node's pods hold so many addresses.
reports_held() {
  local node=$1 pool=$2
  shift 2
  [ "$(kubectl get ipvlannode "$node" -o json |
    jq -r --arg pool "$pool" '.status.pools[] | select(.name == $pool) | "\(.uid) \(.held)"' | sort)" = "$(printf '%s\n' "$@" | sort)" ]
}

# given_by NODE POOL RANGES: what the node gives of the pool.
given_by() {
  [ "$(jq -r --arg pool "$2" '.items[] | select(.kind == "SpiderIPPool" and .metadata.name == $pool) | .spec.ips | join(" ")' \
    "$cluster/agents/$1/ippool.d/zz-kubernetes.json")" = "$3" ]
}

test_h_pods_come_and_go_while_the_server_is_dead() { with_agents dead_server; }

dead_server() {
  guides_pools | kubectl apply -f -
  within 60 has_pools master "master-v4-ens5 master-v4-ens6"
  # Not as a test before has left it.
  within 60 jq -e '.items[] | select(.spec.ips == ["172.31.16.4-172.31.16.8"])' "$cluster/agents/master/ippool.d/zz-kubernetes.json"
  within 60 in_step master
  local before pod
  before=$(sha256sum <"$cluster/agents/master/ippool.d/zz-kubernetes.json")
  "$repository/scripts/api-server" kill-api "$cluster"
  for pod in $(seq 100); do
    expect_equal "$(ippool ADD master ipvlan-ens5 "p$pod" | grep -c '^172\.31\.16\.[4-8]/20$')" 1 "an address for pod $pod"
    [ "$pod" = 100 ] || ippool DEL master ipvlan-ens5 "p$pod"
  done
  expect_equal "$(sha256sum <"$cluster/agents/master/ippool.d/zz-kubernetes.json")" "$before" "the file"
  within 60 grep -q '"problem"' "$cluster/agents/master/run/agent.json"
  # An agent that is started meanwhile changes nothing either.
  end_agent master TERM
  start_agent master
  within 60 curl --silent --fail http://127.0.0.1:19114/healthz
  expect_equal "$(sha256sum <"$cluster/agents/master/ippool.d/zz-kubernetes.json")" "$before" "the file after a restart of the agent"
  "$repository/scripts/api-server" start-api "$cluster"
  within 120 reports master master-v4-ens5 1
  within 60 in_step master
  ippool DEL master ipvlan-ens5 p100
  within 60 reports master master-v4-ens5 0
}

test_i_a_role_that_is_taken_away_is_told_and_leaves_the_file() { with_agents without_role; }

without_role() {
  guides_pools | kubectl apply -f -
  within 60 has_pools master "master-v4-ens5 master-v4-ens6"
  local before
  before=$(sha256sum <"$cluster/agents/master/ippool.d/zz-kubernetes.json")
  kubectl delete clusterrolebinding ipvlan-agent
  # The watches end after minutes; a new agent asks at once.
  end_agent master TERM
  start_agent master
  within 60 grep -q 'cannot \(list\|watch\) resource .*spiderippools' "$cluster/agents/master/run/agent.json"
  expect_equal "$(sha256sum <"$cluster/agents/master/ippool.d/zz-kubernetes.json")" "$before" "the file"
  apply_chart
  within 120 in_step master
}

test_i_a_second_agent_ends_with_status_75() { with_agents second_agent; }

second_agent() {
  local directory=$cluster/agents/master status=0
  within 60 curl --silent --fail http://127.0.0.1:19114/healthz
  "$dist/ipvlan-agent" --kubeconfig "$directory/kubeconfig" --node-name master --run-dir "$directory/run" \
    --pool-dir "$directory/ippool.d" --data-dir "$directory/data" --listen 127.0.0.1:0 || status=$?
  expect_equal "$status" 75 "the status of the second"
  # SIGTERM ends the first, in time.
  local start=$SECONDS
  end_agent master TERM
  [ $((SECONDS - start)) -le 5 ] || { echo "it took $((SECONDS - start)) s to end" && return 1; }
}

test_j_an_agent_writes_for_no_other_node() {
  has_rules || return 0
  prepare_agents
  kubectl --kubeconfig "$cluster/agents/master/kubeconfig" create -f - <<<'{"apiVersion": "ipvlan-cni.dev/v1alpha1", "kind": "IPVLANNode", "metadata": {"name": "master"}}' || true
  fails 'of its own node only: this is other, and the token is of master' \
    kubectl --kubeconfig "$cluster/agents/master/kubeconfig" create -f - <<<'{"apiVersion": "ipvlan-cni.dev/v1alpha1", "kind": "IPVLANNode", "metadata": {"name": "other"}}'
}

test_j_an_agent_with_the_token_of_another_node_is_not_ready() {
  has_rules || return 0
  prepare_agents
  trap 'end_agents; prepare_agent master' EXIT
  cp "$cluster/agents/worker1/kubeconfig" "$cluster/agents/master/kubeconfig"
  kubectl delete ivn master --ignore-not-found
  start_agent master 19114
  within 60 not_ready 'of its own node only: this is master, and the token is of worker1'
  # Pools come all the same.
  within 60 test -s "$cluster/agents/master/ippool.d/zz-kubernetes.json"
  fails 'this is master, and the token is of worker1' kube_status master
  end_agent master KILL
  prepare_agent master
  start_agent master 19114
  within 60 curl --silent --fail http://127.0.0.1:19114/readyz
}
kube_status() {
  local directory=$cluster/agents/$1
  "$dist/ipvlanctl" kube status --pool-dir "$directory/ippool.d" --run-dir "$directory/run" --data-dir "$directory/data"
}
not_ready() { curl --silent http://127.0.0.1:19114/readyz | grep -q "$1"; }

# What an agent has that systemd runs: no pod, and the same rights and policy. Tokens name Nodes from 1.31 on.
test_j_a_token_bound_to_a_node_is_enough_for_an_agent() {
  [ "$minor" -ge 31 ] || return 0
  prepare_agents
  trap 'end_agents; prepare_agent master' EXIT
  write_kubeconfig "$cluster/agents/master" "$(token_of ipvlan-agent '{"boundObjectRef":
    {"apiVersion": "v1", "kind": "Node", "name": "master"}, "expirationSeconds": 86400}')"
  kubectl delete ivn master --ignore-not-found
  start_agent master
  within 60 in_step master
  fails 'of its own node only: this is other, and the token is of master' \
    kubectl --kubeconfig "$cluster/agents/master/kubeconfig" create -f - <<<'{"apiVersion": "ipvlan-cni.dev/v1alpha1", "kind": "IPVLANNode", "metadata": {"name": "other"}}'
}

# Agent and API server die at random moments while pods come and go.
test_k_killed_at_random_moments() { with_agents killed_at_random; }

killed_at_random() {
  local seconds=${IPVLAN_CHAOS_SECONDS:-20} file=$cluster/agents/master/ippool.d/zz-kubernetes.json pods=0 end
  guides_pools | kubectl apply -f -
  # All five, which an edit of another test may have taken: what is new to a node waits for the other nodes' reports.
  within 60 gives_as_many master master-v4-ens5 5
  within 60 gives_as_many master master-v4-ens6 5
  end=$((SECONDS + seconds))
  (
    while [ "$SECONDS" -lt "$end" ]; do
      sleep "$((RANDOM % 3)).$((RANDOM % 10))"
      end_agent master KILL
      start_agent master
      if ((RANDOM % 4 == 0)); then
        "$repository/scripts/api-server" kill-api "$cluster"
        sleep "$((RANDOM % 3))"
        "$repository/scripts/api-server" start-api "$cluster"
      fi
      # Something to write.
      kubectl patch sp master-v4-ens6 --type merge --patch "{\"spec\": {\"ips\": [\"210.22.16.$((11 + RANDOM % 5))\"]}}" || true
    done
  ) >"$cluster/chaos.log" 2>&1 &
  local chaos=$!
  while [ "$SECONDS" -lt "$end" ]; do
    local round addresses=''
    for round in 1 2 3 4 5; do addresses+="$(ippool ADD master ipvlan-ens5 "r$round") "; done
    # Each of the five addresses, each once.
    expect_equal "$(tr ' ' '\n' <<<"$addresses" | sort -u | grep -c /20)" 5 "addresses of five pods ($addresses)"
    jq -e '.items | length >= 2' "$file" >/dev/null
    for round in 1 2 3 4 5; do ippool DEL master ipvlan-ens5 "r$round"; done
    pods=$((pods + 5))
  done
  wait "$chaos" || true
  end_agent master KILL
  start_agent master
  within 120 reports master master-v4-ens5 0
  within 60 in_step master
  echo "measured: $pods pods in $seconds s"
}
