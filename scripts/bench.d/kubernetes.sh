#!/usr/bin/env bash
# Measures agents beside a real API server, on this machine.
#
#   scripts/bench.d/kubernetes.sh WORK POOLS AGENTS EDITS
#
# scripts/bench calls it. WORK is a directory of its own. Prints a line a figure: its name and its value.

. "$(dirname "$0")/../lib.sh"

readonly cluster=$1 pools=$2 agents=$3 edits=$4 dist=$repository/dist
# Debian's: another may come first on the PATH.
readonly python=/usr/bin/python3

# shellcheck source=/dev/null
for file in agent crds; do . "$repository/Tests/Kubernetes/$file.sh"; done

node_of() { printf 'bench-%03d' "$1"; }

# Each node has its share of the pools, in subnets of their own.
all_pools() {
  local number
  for ((number = 0; number < pools; number++)); do
    cat <<END
---
apiVersion: spiderpool.spidernet.io/v2beta1
kind: SpiderIPPool
metadata: {name: $(printf 'bench-%04d' "$number")}
spec:
  subnet: 10.$((number / 250)).$((number % 250)).0/24
  gateway: 10.$((number / 250)).$((number % 250)).1
  ips: [10.$((number / 250)).$((number % 250)).10-10.$((number / 250)).$((number % 250)).29]
  default: true
  nodeName: ["$(node_of $((number % agents)))"]
END
  done
}

# instructions POOL-DIRECTORY: of an ADD by dist/ippool, when the documents have settled.
instructions() {
  local data
  data=$(mktemp -d "$cluster/data.XXXX")
  count "$1" "$data" one >/dev/null
  sleep 4
  count "$1" "$data" two >/dev/null
  count "$1" "$data" three
}

# count POOL-DIRECTORY DATA-DIRECTORY CONTAINER
count() {
  local log=$cluster/callgrind
  CNI_COMMAND=ADD CNI_CONTAINERID=$3 CNI_NETNS=/run/netns/none CNI_IFNAME=eth0 CNI_PATH=/opt/cni/bin CNI_ARGS='' \
    valgrind --tool=callgrind --callgrind-out-file=/dev/null --log-file="$log" "$dist/ippool" >"$cluster/answer" <<END
{"cniVersion": "1.1.0", "name": "bench", "type": "ippool", "ipam": {"type": "ippool", "poolDir": "$1",
  "dataDir": "$2", "nodeName": "$(node_of 0)"}}
END
  sed -n 's/.*Collected : \([0-9]*\).*/\1/p' "$log"
}

all_in_step() {
  [ "$(kubectl get ivn -o json | jq '[.items[].status.conditions[] | select(.type == "PoolsInSync" and .status == "True")] | length')" = "$agents" ]
}

end_agents() {
  local number
  for ((number = 0; number < agents; number++)); do end_agent "$(node_of "$number")" KILL; done
}

need_packages curl jq valgrind python3
command -v kubectl >/dev/null || need_packages kubernetes-client
trap 'end_agents; "$repository/scripts/api-server" stop "$cluster"' EXIT
"$repository/scripts/api-server" start "$cluster" >&2
export KUBECONFIG=$cluster/admin.kubeconfig
minor=$(kubectl get --raw /version | jq -r '.minor | gsub("[^0-9]"; "") | tonumber')
has_rules() { [ "$minor" -ge 30 ]; }
echo "server $(kubectl get --raw /version | jq -r .gitVersion)"

say "making $pools pools and $agents nodes"
apply_definitions >&2
apply_chart >&2
all_pools | kubectl create -f - >/dev/null
for ((number = 0; number < agents; number++)); do
  prepare_agent "$(node_of "$number")" >/dev/null
done

say "starting an agent"
start_agent "$(node_of 0)" 19200
within 60 in_step "$(node_of 0)"
directory=$cluster/agents/$(node_of 0)
memory() { awk '/^VmRSS/ { printf "%.1f\n", $2 / 1024 }' "/proc/$(<"$directory/pid")/status"; }
echo "memory-start $(memory)"

say "editing a pool $edits times"
"$python" "$repository/scripts/bench.d/kubernetes.py" edits "$cluster" "$directory/ippool.d/zz-kubernetes.json" "$edits"
echo "memory $(memory)"

say "counting the instructions of an ADD"
mkdir "$cluster/by-hand"
jq '{apiVersion, kind, items: [.items[] | {apiVersion, kind, metadata: {name: .metadata.name}, spec: .spec}]}' \
  "$directory/ippool.d/zz-kubernetes.json" >"$cluster/by-hand/pools.json"
echo "add-by-hand $(instructions "$cluster/by-hand")"
echo "add-with-agent $(instructions "$directory/ippool.d")"

say "starting the other agents"
for ((number = 1; number < agents; number++)); do
  start_agent "$(node_of "$number")" $((19200 + number))
  # A node starts by itself; many at once would measure this machine.
  sleep 0.2
done
within 300 all_in_step
sleep 5
say "counting the requests of a quiet minute"
"$python" "$repository/scripts/bench.d/kubernetes.py" requests idle "$cluster" 60

say "restarting the API server"
"$repository/scripts/api-server" kill-api "$cluster"
sleep 5
"$repository/scripts/api-server" start-api "$cluster" >&2
"$python" "$repository/scripts/bench.d/kubernetes.py" requests restart "$cluster" 45
kubectl patch sp bench-0000 --type merge --patch '{"spec": {"ips": ["10.0.0.30"]}}' >/dev/null
within 60 grep -q 10.0.0.30 "$directory/ippool.d/zz-kubernetes.json"
within 300 all_in_step
