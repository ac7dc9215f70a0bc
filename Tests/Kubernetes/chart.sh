# shellcheck shell=bash
# The Helm chart, and what it renders.

test_e_the_chart_is_right_and_ipvlan_yaml_is_what_it_renders() { "$repository/scripts/chart" check; }

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
