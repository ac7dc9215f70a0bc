# shellcheck shell=bash
# A Deployment of 20 with links on all NICs, while everything below it is restarted. Sourced.

# The guide's pools, larger: for enlarge_pools.
readonly larger=("master ens5 172.31.16" "master ens6 210.22.16" "worker1 ens5 180.17.16" "worker1 ens6 210.22.32")

run_scenarios() {
  heading "Larger pools, and one that both nodes share"
  apply_guide
  enlarge_pools < <(printf '%s\n' "${larger[@]}")
  start_watching
  with_images "$repository/scripts/cluster.d/many.yaml" | shown kubectl create -f -
  settled "20 pods start at once" 20

  heading "Down and up, while the kubelet of worker1 is killed"
  shown kubectl scale deployment many --replicas 6
  settled "6 are left" 6
  shown kubectl scale deployment many --replicas 20
  sleep 3
  kill_service worker1 kubelet
  settled "20 again" 20

  heading "A rollout, while containerd of master is killed"
  shown kubectl rollout restart deployment many
  sleep 8
  kill_service master containerd
  check "the rollout ends" "kubectl rollout status deployment many" kubectl rollout status deployment many --timeout 1500s
  settled "20 new pods" 20

  heading "worker1 is drained, and comes back"
  check "the drain ends" "kubectl get po -o wide" kubectl drain worker1 --ignore-daemonsets --timeout 1500s
  settled "20 on master" 20
  check "all are on master" "kubectl get po -o wide" on_master_only
  shown kubectl uncordon worker1
  shown kubectl rollout restart deployment many
  check "the rollout ends" "kubectl rollout status deployment many" kubectl rollout status deployment many --timeout 1500s
  settled "20 on both" 20

  heading "The power of worker1 fails, while the Deployment is scaled"
  power_off worker1
  shown kubectl scale deployment many --replicas 14
  sleep 5
  boot_node worker1
  check "worker1 is Ready again" "kubectl describe node worker1" within 900 rebooted worker1
  settled "14 are left" 14

  heading "All go"
  shown kubectl delete deployment many
  settled "none is left" 0
  kill "${watchers[@]}"
  check "no pod ever answered on another's address" "less $disks/answers; less $disks/pods" everybody_had_his_address
  check "the VPC saw no sender and no receiver that it does not know" "nft list counters" vpc_refused_nothing
}

on_master_only() { equal "$(pods_of run=many | cut -d ' ' -f 2 | sort -u)" master; }

rebooted() {
  kubectl get node "$1" -o json | jq -e --arg boot "$(<"$disks/$1/boot-id")" '.status.nodeInfo.bootID == $boot and
    any(.status.conditions[]; .type == "Ready" and .status == "True")'
}

# settled WHAT COUNT: so many pods are ready, and all that is known of addresses agrees.
settled() {
  local node
  check "$1" "kubectl get po -o wide; kubectl get events" within 1500 exactly "$2"
  for node in "${nodes[@]}"; do
    check "each lease on $node is of a pod that runs, and each of its pods has its leases" "ipvlanctl leases, on $node; kubectl get po -o wide" \
      within 90 leases_fit "$node"
    check "ipvlanctl doctor has nothing to say on $node" "ipvlanctl doctor, on $node" within 60 on "$node" ipvlanctl doctor
  done
  check "the pools count the leases" "kubectl get sp" within 60 counts_fit
}

exactly() {
  equal "$(kubectl get po -l run=many -o json | jq -c '[(.items | length),
    ([.items[] | select(.metadata.deletionTimestamp == null) | .status.conditions[]? | select(.type == "Ready" and .status == "True")] | length)]')" "[$1,$1]"
}

held_on() { leases "$1" | jq -c '[.[] | select(.state == "held")]'; }

# Both the API server's word, address for address, and the runtime's, sandbox for sandbox.
leases_fit() {
  local held
  held=$(held_on "$1")
  equal "$(jq -r '.[] | "\(.pod) \(.address)"' <<<"$held" | sort)" "$(kubectl get po -o json | jq -r --arg node "$1" '.items[] |
    select(.spec.nodeName == $node) | "\(.metadata.namespace)/\(.metadata.name)" as $pod |
    .metadata.annotations["k8s.v1.cni.cncf.io/network-status"] // "[]" | fromjson[].ips[] | "\($pod) \(.)"' | sort)" || return 1
  equal "$(jq -r '.[].containerID' <<<"$held" | sort -u)" "$(on "$1" ctr --namespace k8s.io tasks list | awk '$3 == "RUNNING" { print $1 }' |
    sort | comm -12 - <(on "$1" ctr --namespace k8s.io containers list -q 'labels."io.cri-containerd.kind"==sandbox,labels."run"==many' | sort))"
}

counts_fit() {
  equal "$(kubectl get sp -o json | jq -r '.items[] | "\(.metadata.name) \(.status.allocatedIPCount // 0)"')" \
    "$(for node in "${nodes[@]}"; do held_on "$node"; done | jq -rs --argjson pools "$(kubectl get sp -o json | jq '[.items[].metadata.name]')" '
      add as $held | $pools[] as $pool | "\($pool) \([$held[] | select(.pool == $pool)] | length)"')"
}

start_watching() {
  local line node nic prefix all=()
  for line in "${larger[@]}"; do
    read -r node nic prefix <<<"$line"
    # shellcheck disable=SC2207 # words
    all+=($(addresses "$prefix" 101 130))
  done
  # shellcheck disable=SC2207
  all+=($(addresses 10.77.0 101 160))
  : >"$disks/answers"
  kubectl get po -l run=many --watch -o json >"$disks/pods" 2>>"$disks/watch.log" &
  watchers=($!)
  nice python3 "$repository/scripts/cluster.d/prober.py" "$disks/answers" "${all[@]}" 2>>"$disks/watch.log" &
  watchers+=($!)
}

# A name is a pod's for good. Who answered but was gone before its addresses were told is not known, and is not counted.
everybody_had_his_address() {
  local wrong count
  jq -r '. as $pod | .metadata.annotations["k8s.v1.cni.cncf.io/network-status"] // "[]" | fromjson[].ips[] | "\(.) \($pod.metadata.name)"' \
    <"$disks/pods" 2>/dev/null | sort -u >"$disks/owners"
  count=$(wc -l <"$disks/answers")
  [ "$count" -gt 500 ] || { echo "only $count answers were heard" && return 1; }
  wrong=$(cut -d ' ' -f 2- "$disks/answers" | sort -u | comm -23 - "$disks/owners" | while read -r address name; do
    if grep -q " $name\$" "$disks/owners"; then echo "$name answered on $address"; fi
  done)
  equal "$wrong" ""
}
