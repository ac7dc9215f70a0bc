# shellcheck shell=bash
# The Helm chart, and what it renders.

test_e_the_chart_is_right_and_ipvlan_yaml_is_what_it_renders() { "$repository/scripts/chart" check; }

test_e_each_document_of_ipvlan_yaml_is_one_object() {
  local file=$repository/cni-conf/kubernetes/ipvlan.yaml definition
  awk '/^---/ { check(); next } /^kind:/ { kinds++ } /^[a-z]/ { keys++ } END { check(); exit bad }
    function check() { if (keys && kinds != 1) { print "a document before line " NR " has " kinds + 0 " kinds"; bad = 1 } kinds = keys = 0 }' "$file"
  for definition in ipvlan{blocks,nodes}.ipvlan-cni.dev spider{ippools,multusconfigs,reservedips}.spiderpool.spidernet.io \
    network-attachment-definitions.k8s.cni.cncf.io; do
    [ "$(grep -c "^  name: $definition\$" "$file")" = 1 ]
  done
}

test_e_all_of_ipvlan_yaml_is_accepted() {
  # Debian's server has no admission policies, and knows no rules in definitions.
  if has_rules; then
    kubectl apply -f "$repository/cni-conf/kubernetes/ipvlan.yaml"
  else
    apply_chart
  fi
  kubectl -n kube-system get daemonset/ipvlan-agent deployment/ipvlan-controller serviceaccount/ipvlan-{agent,controller}
}

test_e_values_that_are_wrong_are_refused_by_their_key() {
  refuses() {
    printf '%s\n' "$1" >"$cluster/wrong.yaml"
    fails "$2" "$repository/scripts/chart" render "$cluster/wrong.yaml"
  }
  refuses 'controler: {}' "additional properties 'controler' not allowed"
  refuses 'controller: {mode: l4}' 'controller/mode'
  refuses 'controller: {replicas: 0}' 'controller/replicas'
  refuses 'pools: [{name: A, spec: {subnet: 10.0.0.0/24}}]' 'pools/0/name'
  refuses 'networks: [{name: a, spec: {cniType: macvlan}}]' 'networks/0/spec/cniType'
  refuses 'agent: {pluginDirectory: opt}' 'agent/pluginDirectory'
  refuses 'agent: {pods: never}' 'agent/pods'
  # Without the right to read pods it would never be in step.
  refuses 'agent: {pods: always, podAccess: false}' 'agent.podAccess is false: .* set agent.podAccess to auto, or agent.pods to auto'
  refuses 'agent: {networks: true, podAccess: false}' 'agent.podAccess is false, and ipvlan-multi .* set agent.podAccess to auto'
  refuses '{defaultNetwork: default/a, agent: {podAccess: false}}' 'agent.podAccess is false, and ipvlan-multi'
  refuses '{agent: {podAccess: false}, pools: [{name: a, spec: {subnet: 10.0.0.0/24, podAffinity: {matchLabels: {a: b}}}}]}' \
    'agent.podAccess is false, and pools/0 \(a\) has podAffinity or namespaceAffinity'
  refuses 'agent: {podAccess: maybe}' 'agent/podAccess'
  refuses 'pools: [{name: a, spec: {subnet: 10.0.0.0/24, ip: [10.0.0.1]}}]' 'pools/0/spec'
  refuses 'agent: {networks: 1}' 'agent/networks'
  refuses 'agent: {follow: 1}' 'agent/follow'
  refuses 'agent: {resources: {limits: {memory: lots}}}' 'agent/resources/limits/memory'
  refuses 'defaultNetwork: a/b/c' 'defaultNetwork'
  refuses 'multus: {enabled: true}' 'defaultNetwork is empty: .* set defaultNetwork to NAMESPACE/NAME of a SpiderMultusConfig'
  refuses '{multus: {enabled: true}, defaultNetwork: a/b/c}' 'defaultNetwork'
  refuses '{multus: {enabled: true, image: {tag: ""}}, defaultNetwork: a}' 'multus/image/tag'
}

# bound_with VALUES: whether the agent may read pods and namespaces.
bound_with() {
  printf '%s\n' "$1" >"$cluster/values.yaml"
  "$repository/scripts/chart" render "$cluster/values.yaml" |
    awk '/^---/ { binding = 0 } /^kind: ClusterRoleBinding/ { binding = 1 } binding && /^  name: ipvlan-agent-pods$/ { n++; binding = 0 } END { print n + 0 }'
}

test_e_pods_may_be_read_only_if_that_is_used() {
  local pool='{name: a, spec: {subnet: 10.0.0.0/24'
  for values in '{}' '{multus: {enabled: true}, defaultNetwork: default/a}' "pools: [$pool}}]" 'agent: {podAccess: false}'; do
    expect_equal "$(bound_with "$values")" 0 "the number of bindings with $values"
  done
  for values in 'agent: {pods: always}' 'agent: {networks: true}' '{defaultNetwork: default/a}' 'agent: {podAccess: true}' \
    "pools: [$pool, podAffinity: {matchLabels: {a: b}}}}]" "pools: [$pool}}, $pool, namespaceAffinity: {matchLabels: {a: b}}}}]"; do
    expect_equal "$(bound_with "$values")" 1 "the number of bindings with $values"
  done
}

# Without the words of the language that it is written in.
test_e_a_file_of_values_that_cannot_be_read_is_named() {
  local chart=$repository/scripts/chart
  fails "^chart: the values in $cluster/none.yaml cannot be read: No such file or directory\$" "$chart" render "$cluster/none.yaml"
  fails "^chart: the values in $cluster cannot be read: Is a directory\$" "$chart" render "$cluster"
  printf 'pools: [\n' >"$cluster/wrong.yaml"
  fails "^chart: $cluster/wrong.yaml does not hold values in YAML: " "$chart" render "$cluster/wrong.yaml"
  expect_equal "$("$chart" render "$cluster/wrong.yaml" 2>&1 | grep -c Traceback)" 0 "what Python has said"
  fails "^chart: render takes one file of values, not: a b" "$chart" render a b
}

# network_of VALUES: what Multus is told of the default network.
network_of() {
  printf '%s\n' "$1" >"$cluster/values.yaml"
  "$repository/scripts/chart" render "$cluster/values.yaml" | sed -n 's/^ *- --network=//p'
}

test_e_the_default_network_has_a_namespace_or_none() {
  expect_equal "$(network_of '{multus: {enabled: true}, defaultNetwork: default/ipvlan-ens5}')" default/ipvlan-ens5 "with one"
  expect_equal "$(network_of '{multus: {enabled: true}, defaultNetwork: ipvlan-ens5}')" default/ipvlan-ens5 "without"
  expect_equal "$(network_of '{multus: {enabled: true}, defaultNetwork: a, networks: [
    {name: a, spec: {cniType: ipvlan}}]}')" kube-system/a "one of the values, in the release's namespace"
  expect_equal "$(network_of '{multus: {enabled: true}, defaultNetwork: b, networks: [
    {name: a, namespace: web, annotations: {multus.spidernet.io/cr-name: b}, spec: {cniType: ipvlan}}]}')" web/b "under another name"
  expect_equal "$(network_of '{}')" "" "what is rendered without Multus"
}

# What a node gets, with the token of the account that the chart makes.
test_e_multus_is_an_option() {
  local node=$cluster/multus account=$cluster/multus/account pid
  apply_chart 'multus: {enabled: true}
defaultNetwork: default/ipvlan-ens5'
  expect_equal "$(kubectl -n kube-system get daemonset ipvlan-multus -o jsonpath='{.spec.template.spec.containers[0].command[1]}')" \
    --network=default/ipvlan-ens5 "the command"
  mkdir -p "$account"
  cp "$cluster/ca.crt" "$account/ca.crt"
  token_of ipvlan-multus '{}' >"$account/token"
  KUBERNETES_SERVICE_HOST=127.0.0.1 KUBERNETES_SERVICE_PORT=$(<"$cluster/port") "$repository/scripts/multus-node" \
    --network=default/ipvlan-ens5 --to="$node/net.d" --node-dir="$node/net.d" --account="$account" >"$node/log" 2>&1 &
  pid=$!
  multus_files "$node" "$account" || { kill "$pid" && cat "$node/log" && return 1; }
  # What the kubelet does when the container is replaced: pods go on starting by the files that stay.
  kill "$pid"
  wait "$pid" || return 1
  [ -s "$node/net.d/00-multus.conf" ]
  kubectl -n kube-system delete daemonset/ipvlan-multus serviceaccount/ipvlan-multus
  kubectl delete clusterrole/ipvlan-multus clusterrolebinding/ipvlan-multus
}

# multus_files NODE ACCOUNT
multus_files() {
  local config=$1/net.d/multus.d/multus.kubeconfig
  within 20 test -s "$1/net.d/00-multus.conf" &&
    expect_equal "$(jq -r '[.type, .clusterNetwork, .multusNamespace, .kubeconfig] | join(" ")' "$1/net.d/00-multus.conf")" \
      "multus ipvlan-ens5 default $config" "Multus' configuration" &&
    expect_equal "$(stat -c %a "$config")" 600 "the mode of what has the token" &&
    may "$config" yes get network-attachment-definitions.k8s.cni.cncf.io && may "$config" yes get pods &&
    may "$config" yes update pods --subresource=status && may "$config" yes create events && may "$config" no list secrets &&
    may "$config" no update pods && may "$config" no list pods &&
    # A new token and one that cannot be read.
    token_of ipvlan-multus '{"expirationSeconds": 7200}' >"$2/token" && within 30 grep -qF "$(<"$2/token")" "$config" &&
    rm "$2/token" && within 30 grep -q 'cannot be written' "$1/log" && may "$config" yes get pods
}

# may KUBECONFIG ANSWER VERB RESOURCE...
may() {
  expect_equal "$(kubectl --kubeconfig "$1" auth can-i "${@:3}" -n default 2>/dev/null)" "$2" "whether it may ${*:3}"
}

test_e_networks_and_pools_can_be_values() {
  apply_chart 'networks:
  - {name: values-ens5, namespace: default, annotations: {ipvlan-cni.dev/mode: l3}, spec: {cniType: ipvlan, ipvlan: {master: [ens5]}}}
pools:
  - {name: values-pool, spec: {subnet: 10.99.0.0/24, ips: [10.99.0.1-10.99.0.9], nodeName: [nobody], default: true}}'
  expect_equal "$(kubectl get smc -n default values-ens5 -o jsonpath='{.metadata.annotations.ipvlan-cni\.dev/mode}')" l3 "the mode"
  expect_equal "$(kubectl get sp values-pool -o jsonpath='{.spec.ips[0]}')" 10.99.0.1-10.99.0.9 "the addresses"
  kubectl delete smc -n default values-ens5
  kubectl delete sp values-pool --wait=false
}
