# shellcheck shell=bash
# The guide's page, step by step. Sourced.

show_page() {
  heading "Install CNI configuration"
  apply_guide
  check "each network has its NetworkAttachmentDefinition" "kubectl describe smc -A" within 60 networks_are_there
  shown kubectl get spidermultusconfigs.spiderpool.spidernet.io -A
  shown kubectl get network-attachment-definitions.k8s.cni.cncf.io -A
  heading "Create applications"
  with_images "$repository/scripts/cluster.d/page.yaml" | shown kubectl create -f -
  with_images "$repository/scripts/cluster.d/both-networks.yaml" | shown kubectl create -f -
  check "all pods are ready" "kubectl describe pods" within 600 pods_ready 8
  shown kubectl get po -o wide
  check "each pod has an address of its node and its NIC" "kubectl get po -o wide; kubectl get sp" right_addresses
  check "the pools count what the pods have" "kubectl get sp; kubectl get ipvlannodes -o yaml" within 30 pools_count
  shown kubectl get sp -o wide
  east_west
  north_south
  two_networks
  chosen_pool
  check "the VPC saw no sender and no receiver that it does not know" "nft list counters" vpc_refused_nothing
  no_complaints
  take_down
}

networks_are_there() {
  equal "$(kubectl get net-attach-def -n default -o json | jq -r '[.items[].metadata.name] | join(" ")')" "ipvlan-ens5 ipvlan-ens6"
}

# pods_ready COUNT
pods_ready() {
  equal "$(kubectl get po -o json | jq '[.items[].status.conditions[]? | select(.type == "Ready" and .status == "True")] | length')" "$1"
}

# pods_of LABEL: name, node and address of each, sorted by node.
pods_of() {
  kubectl get po -l "$1" -o json | jq -r '.items | sort_by(.spec.nodeName)[] | "\(.metadata.name) \(.spec.nodeName) \(.status.podIP)"'
}

right_addresses() {
  local label nic pod node address
  for label in run=nginx-lb-1:ens5 run=nginx-ingress:ens6 app=echoserver:ens6 run=both-networks:ens5; do
    nic=${label#*:} label=${label%:*}
    equal "$(pods_of "$label" | cut -d ' ' -f 2 | xargs)" "master worker1" || return 1
    while read -r pod node address; do
      nics_of "$node" | grep "^$nic " | cut -d ' ' -f 5- | grep -qwF "$address" || { echo "$pod on $node has $address" && return 1; }
    done < <(pods_of "$label")
  done
  equal "$(kubectl get po -o json | jq '[.items[].status.podIP] | unique | length')" 8
}

# ens5: nginx-lb-1 and both-networks; ens6: nginx-ingress, echoserver and both-networks.
pools_count() {
  equal "$(kubectl get sp -o json | jq -c '[.items[] | [.metadata.name, .status.allocatedIPCount, .status.totalIPCount]]')" \
    '[["master-v4-ens5",2,5],["master-v4-ens6",3,5],["worker1-v4-ens5",2,5],["worker1-v4-ens6",3,5]]'
}

east_west() {
  local pod node address other pods cluster
  heading "Test east-west connectivity in the cluster"
  mapfile -t pods < <(pods_of run=nginx-lb-1)
  cluster=$(kubectl get service nginx-svc-lb-1 -o jsonpath='{.spec.clusterIP}')
  for pod in "${pods[@]}"; do
    read -r pod node address <<<"$pod"
    for other in "${nodes[@]}"; do
      check "$node's pod pings $other, $(address_of_node "$other")" "kubectl exec $pod -- ip route" \
        in_pod "$pod" ping -c 1 -W 10 "$(address_of_node "$other")"
    done
    other=$(printf '%s\n' "${pods[@]}" | grep -v "^$pod " | cut -d ' ' -f 3)
    check "$node's pod pings the pod of the other node and subnet, $other" "kubectl exec $pod -- ip route" in_pod "$pod" ping -c 1 -W 10 "$other"
    check "$node's pod reaches the ClusterIP $cluster" "nft list table ip kube-proxy, on $node" answered_by run=nginx-lb-1 "$cluster" in_pod "$pod"
    check "$node reaches its pod $address" "ipvlanctl trace default/$pod, on $node" named "$pod" on "$node" -- "$address"
    check "$node reaches the ClusterIP $cluster" "nft list table ip kube-proxy, on $node" answered_by run=nginx-lb-1 "$cluster" on "$node"
  done
}

# named NAME WHERE... -- ADDRESS [PORT]
named() { equal "$(answer "${@:2}")" "$1"; }

# answered_by LABEL ADDRESS WHERE...: each of the pods answers, when it is asked often enough.
answered_by() {
  local label=$1 address=$2 tries said seen=''
  shift 2
  for ((tries = 0; tries < 30; tries++)); do
    said=$(answer "$@" -- "$address") || return 1
    [ -n "$said" ] || { echo "no answer" && return 1; }
    seen=$(printf '%s\n%s\n' "$seen" "$said" | grep . | sort -u)
    [ "$seen" != "$(pods_of "$label" | cut -d ' ' -f 1 | sort)" ] || return 0
  done
  echo "answers came from: $seen"
  return 1
}

north_south() {
  local pod node address endpoints
  heading "Test north-south connectivity in the cluster"
  while read -r pod node address; do
    check "$node's pod reaches the internet by the NAT gateway" "kubectl exec $pod -- ip route" named outside in_pod "$pod" -- "$outside"
  done < <(pods_of run=nginx-lb-1)
  mapfile -t endpoints < <(pods_of run=nginx-lb-1 | cut -d ' ' -f 3)
  balance "$nlb" 80 "${endpoints[@]}"
  check "the internet reaches the pods on ens5 by the load balancer" "nft list table ip gateway" answered_by run=nginx-lb-1 "$nlb" from_outside
  mapfile -t endpoints < <(pods_of run=nginx-ingress | cut -d ' ' -f 3)
  keep_client=false balance "$alb" 80 "${endpoints[@]}"
  check "the internet reaches the pods on ens6 by the ingress" "nft list table ip gateway" answered_by run=nginx-ingress "$alb" from_outside
  check "the pods of the ingress reach the ClusterIP of the echoserver" "nft list table ip kube-proxy, on the node" echoserver_answers
}

echoserver_answers() {
  local cluster pod rest
  cluster=$(kubectl get service echoserver -o jsonpath='{.spec.clusterIP}')
  while read -r pod rest; do answered_by app=echoserver "$cluster" in_pod "$pod" || return 1; done < <(pods_of run=nginx-ingress)
}

two_networks() {
  local pod node address second
  heading "A second network by annotation"
  while read -r pod node address; do
    check "$node's pod is told what it has got" "kubectl get pod $pod -o yaml" within 30 has_status "$pod" "$address"
    second=$(network_status "$pod" | jq -r '.[1].ips[0]')
    check "the internet's router reaches both addresses of $node's pod, $address and $second" "ipvlanctl trace default/$pod, on $node" \
      both_answer "$pod" "$address" "$second"
  done < <(pods_of run=both-networks)
}
network_status() { kubectl get pod "$1" -o json | jq -r '.metadata.annotations["k8s.v1.cni.cncf.io/network-status"] // "[]"'; }
has_status() {
  local first=default/ipvlan-ens5
  # The one that Multus' daemon has found as a file has no namespace.
  [ "$multus" != thick ] || first=ipvlan-ens5
  equal "$(network_status "$1" | jq -c '[.[] | [.name, .interface]]')" "[[\"$first\",\"eth0\"],[\"default/ipvlan-ens6\",\"data0\"]]" &&
    equal "$(network_status "$1" | jq -r '.[0].ips[0]')" "$2"
}
both_answer() { named "$1" env -- "$2" && named "$1" env -- "$3"; }

# A pod that names a pool: by the annotation itself, or, behind Multus, by what the agent knows of the pod.
chosen_pool() {
  heading "A pool by annotation"
  with_images "$repository/scripts/cluster.d/chosen-pool.yaml" | shown kubectl create -f -
  check "the pod has the address of the pool that it names" "kubectl describe pod chosen; kubectl describe sp chosen" within 120 \
    chosen_address 172.31.16.9
  check "the internet's router reaches the pod" "ipvlanctl trace default/chosen, on master" named chosen env -- 172.31.16.9
  shown kubectl delete pod/chosen sp/chosen
}
chosen_address() { equal "$(kubectl get pod chosen -o json | jq -r '[.status.podIP, .status.phase] | join(" ")')" "$1 Running"; }

vpc_refused_nothing() {
  equal "$(nft -j list counters table inet vpc | jq -c '[.nftables[].counter? | select(.) | [.name, .packets]] | sort')" \
    '[["unknown_owner",0],["unknown_sender",0]]'
}

no_complaints() {
  local node
  for node in "${nodes[@]}"; do check "ipvlanctl doctor has nothing to say on $node" "ipvlanctl doctor, on $node" on "$node" ipvlanctl doctor; done
}

take_down() {
  heading "Delete the applications"
  shown kubectl delete deployment --all
  check "all pods go" "kubectl get po -o wide" within 120 pods_are_gone
  check "no address is held" "ipvlanctl leases, on each node; kubectl get sp" within 60 nothing_held
}
pods_are_gone() { equal "$(kubectl get po -o name)" ""; }
nothing_held() {
  equal "$(kubectl get sp -o json | jq -c '[.items[].status.allocatedIPCount // 0] | add')" 0
}
