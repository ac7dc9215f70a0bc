# shellcheck shell=bash
# How long pods take to be ready, and what they cost the API server. Sourced. Figures go to $directory/figures, a line each.

readonly rounds=3 crowd=20

run_bench() {
  apply_guide
  enlarge_pools <<'END'
master ens5 172.31.16
worker1 ens5 180.17.16
END
  check "the networks are there" "kubectl describe smc -A" within 60 networks_are_there
  heading "$crowd pods at once, ours"
  measure ours
  heading "$crowd pods at once with the API server stopped"
  without_api_server
  [ -z "$multus" ] || return 0
  heading "$crowd pods at once, the reference plugin with host-local"
  use_reference_plugin master 172.31.16 20
  use_reference_plugin worker1 180.17.16 24
  measure reference
}

figure() { echo "$1 $2" | tee -a "$directory/figures"; }

crowd_of() {
  with_images - <<END
apiVersion: apps/v1
kind: Deployment
metadata: {name: crowd}
spec:
  replicas: $crowd
  selector: {matchLabels: {run: crowd}}
  template:
    metadata: {labels: {run: crowd}}
    spec:
      terminationGracePeriodSeconds: 1
      containers: [{name: nginx, image: "$nginx_image"}]
END
}

# measure WHO
measure() {
  local round from
  for ((round = 0; round <= rounds; round++)); do
    from=$(date -u +%FT%TZ)
    crowd_of | kubectl create -f - >/dev/null
    check "all are ready" "kubectl get po -o wide" within 900 pods_ready "$crowd"
    # The first round brings all programs into memory.
    [ "$round" = 0 ] || figure "$1-seconds" "$(seconds_to_ready)"
    sleep 8
    [ "$round" != "$rounds" ] || count_requests "$1" "$from"
    kubectl delete deployment crowd >/dev/null
    check "all go" "kubectl get po" within 200 pods_are_gone
    sleep 5
  done
}

# From the Deployment to the last pod that is ready, by the API server's and the kubelets' clock, which is one.
seconds_to_ready() {
  kubectl get deployment,po -o json | jq '[.items[] | select(.kind == "Pod") | .status.conditions[] | select(.type == "Ready").lastTransitionTime |
    fromdate] as $ready | [.items[] | select(.kind == "Deployment").metadata.creationTimestamp | fromdate] as $made | ($ready | max) - ($made | min)'
}

# count_requests WHO SINCE: who asked the API server for how much, by the log that it keeps. A Lease is renewed whether there
# are pods or not.
count_requests() {
  jq -rs --arg since "$2" --arg who "$1" --argjson crowd "$crowd" '
    [.[] | select(.requestReceivedTimestamp >= $since and .verb != "watch" and .objectRef.resource != "leases") | .userAgent // "" | split("/")[0]] as $agents |
    ["ipvlan-agent", "ipvlan-controller", "kubelet", "kube-", "kubectl"] as $known |
    ($known[:3][] as $name | "\($who)-requests-of-\($name) \([$agents[] | select(startswith($name))] | length / $crowd)"),
    # Whoever else asks does so while a pod waits for its network.
    "\($who)-requests-in-the-way \([$agents[] | select(. as $agent | all($known[]; . as $name | $agent | startswith($name) | not))] | length / $crowd)"' "$directory/audit.log" | tee -a "$directory/figures"
}

# Pods that are bound already: the kubelet reads them from files, and nobody has to be asked.
without_api_server() {
  local number node started=$SECONDS
  echo kill-api >"$directory/request"
  while [ -e "$directory/request" ]; do sleep 0.2; done
  for ((number = 0; number < crowd; number++)); do
    node=${nodes[number % 2]}
    mkdir -p "$disks/$node/etc/kubernetes/manifests"
    cat >"$disks/$node/etc/kubernetes/manifests/static-$number.yaml" <<END
apiVersion: v1
kind: Pod
metadata: {name: static-$number, namespace: default}
spec:
  terminationGracePeriodSeconds: 1
  containers: [{name: nginx, image: "$nginx_image"}]
END
  done
  started=$SECONDS
  while [ "$(running_static)" -lt "$crowd" ] && [ $((SECONDS - started)) -lt 90 ]; do sleep 1; done
  figure "without-api-running" "$(running_static)"
  figure "without-api-seconds" "$((SECONDS - started))"
  for node in "${nodes[@]}"; do rm -f "$disks/$node/etc/kubernetes/manifests/"*; done
  echo start-api >"$directory/request"
  while [ -e "$directory/request" ]; do sleep 0.2; done
  check "the static pods go" "kubectl get po" within 200 pods_are_gone
}

# Containers, not sandboxes: a container starts when its pod has a network.
running_static() {
  local node
  for node in "${nodes[@]}"; do
    on "$node" ctr --namespace k8s.io containers list -q 'labels."io.cri-containerd.kind"==container,labels."io.kubernetes.pod.name"~="^static-"'
  done | grep -c .
}

# use_reference_plugin NODE PREFIX LENGTH: the runtime's first network by its name.
use_reference_plugin() {
  [ -e "$disks/$1/opt/cni/bin/ipvlan.reference" ] || cp /usr/lib/cni/ipvlan "$disks/$1/opt/cni/bin/ipvlan.reference"
  cat >"$disks/$1/etc/cni/net.d/00-a-reference.conflist" <<END
{"cniVersion": "1.0.0", "name": "reference", "plugins": [{"type": "ipvlan.reference", "master": "ens5", "mode": "l3s", "ipam": {
  "type": "host-local", "ranges": [[{"subnet": "$2.0/$3", "rangeStart": "$2.101", "rangeEnd": "$2.130", "gateway": "$2.1"}]],
  "routes": [{"dst": "0.0.0.0/0"}]}}]}
END
}
