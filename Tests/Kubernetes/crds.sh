# shellcheck shell=bash
# The definitions of cni-conf/kubernetes/crds.yaml, and the guide's objects, by kubectl.

# Before the tests. A server that does not know rules does not know their key either.
apply_definitions() {
  local validate=true
  has_rules || validate=false
  kubectl apply --validate="$validate" -f "$repository/cni-conf/kubernetes/crds.yaml" \
    -f "$repository/cni-conf/kubernetes/network-attachment-definitions.yaml"
  kubectl wait --for condition=established --timeout=60s \
    crd/{spiderippools,spiderreservedips,spidermultusconfigs}.spiderpool.spidernet.io crd/ipvlan{nodes,blocks}.ipvlan-cni.dev \
    crd/network-attachment-definitions.k8s.cni.cncf.io
}

test_a_definitions_are_accepted() {
  # A definition that the server has doubts about says so here.
  expect_equal "$(kubectl get crd -o json | jq -r '.items[] | select(.spec.group | test("spidernet|ipvlan-cni"))
    | .metadata.name as $name | .status.conditions[] | select(.type == "NonStructuralSchema" or
      (.type == "NamesAccepted" and .status != "True")) | "\($name): \(.message)"')" "" "what the server finds fault with"
  if has_rules; then
    local rules
    rules=$(kubectl get crd spiderippools.spiderpool.spidernet.io -o json | jq '[.. | .rule? // empty] | length')
    [ "$rules" -gt 15 ] || { echo "the server keeps $rules rules" && return 1; }
  else
    say "        the server knows no rules (it is 1.$minor): set KUBE_BIN to try them"
  fi
}

test_b_the_guides_pools_are_listed() {
  guides_pools | kubectl apply -f -
  expect_equal "$(kubectl get sp | tr -s ' ')" "NAME VERSION SUBNET ALLOCATED-IP-COUNT TOTAL-IP-COUNT DEFAULT
master-v4-ens5 172.31.16.0/20 true
master-v4-ens6 210.22.16.0/24 true
worker1-v4-ens5 180.17.16.0/24 true
worker1-v4-ens6 210.22.32.0/24 true" "the list of pools"
  kubectl get spiderpool >/dev/null
  expect_equal "$(kubectl get sp master-v4-ens5 -o wide --no-headers | tr -s ' ')" \
    'master-v4-ens5 172.31.16.0/20 true false ["master"] ["default/ipvlan-ens5"] ' "the wide list"
  # Applied again, nothing changes: defaults of the definition do not fight with what was applied.
  expect_equal "$(guides_pools | kubectl apply -f - | grep -vc unchanged || true)" 0 "pools that change when applied again"
}

test_b_the_guides_networks_are_listed() {
  guides_networks | kubectl apply -f -
  expect_equal "$(kubectl get spidermultusconfigs.spiderpool.spidernet.io -A --no-headers | tr -s ' ' | cut -d ' ' -f 1,2)" \
    "default ipvlan-ens5
default ipvlan-ens6" "the list of networks"
  expect_equal "$(kubectl get smc -n default -o json ipvlan-ens5 | jq -c .spec)" \
    '{"cniType":"ipvlan","disableIPAM":false,"enableCoordinator":true,"ipvlan":{"master":["ens5"]}}' "the network as it is kept"
}

test_b_what_lies_in_cni_conf_is_accepted() {
  kubectl apply -f "$repository/cni-conf/ippool.d" -f "$repository/cni-conf/kubernetes/spidermultusconfig.yaml"
}

test_c_status_is_written_apart() {
  guides_pools | kubectl apply -f -
  kubectl patch sp master-v4-ens5 --type merge --patch '{"status": {"totalIPCount": 99}}'
  expect_equal "$(kubectl get sp master-v4-ens5 -o jsonpath='{.status}')" "" "a status that was written with the object"
  raw_patch "$(pool_path master-v4-ens5)/status" '{"status": {"ipVersion": 4, "totalIPCount": 5, "allocatedIPCount": 1,
    "allocatedIPs": "{\"172.31.16.4\":{\"pod\":\"default/a\",\"podUid\":\"1\"}}", "observedGeneration": 1,
    "conditions": [{"type": "Conflict", "status": "False", "reason": "None", "message": "none", "lastTransitionTime": "2026-11-28T00:00:00Z"}]}}'
  expect_equal "$(kubectl get sp master-v4-ens5 --no-headers | tr -s ' ')" "master-v4-ens5 4 172.31.16.0/20 1 5 true" "the pool"
}

test_c_node_and_block() {
  kubectl apply -f - <<END
apiVersion: ipvlan-cni.dev/v1alpha1
kind: IPVLANNode
metadata: {name: master}
---
apiVersion: ipvlan-cni.dev/v1alpha1
kind: IPVLANBlock
metadata: {name: shared-10.0.0.0}
spec: {pool: shared, poolUID: u1, node: master, nodeUID: u2, ips: [10.0.0.0-10.0.0.15]}
END
  raw_patch /apis/ipvlan-cni.dev/v1alpha1/ipvlannodes/master/status '{"status": {"machineID": "m", "version": "1",
    "pools": [{"name": "a", "uid": "u", "generation": 1, "total": 5, "held": 1, "cooling": 0}, {"name": "a", "uid": "v"}],
    "records": [{"ip": "10.0.0.1", "pool": "a", "pod": "default/x", "podUID": "u"}],
    "conditions": [{"type": "PoolsInSync", "status": "True", "reason": "InSync", "message": "none", "lastTransitionTime": "2026-11-28T00:00:00Z"}]}}'
  expect_equal "$(kubectl get ivn master --no-headers | tr -s ' ' | cut -d ' ' -f 1,2)" "master True" "the node"
  expect_equal "$(kubectl get ivb --no-headers | tr -s ' ' | cut -d ' ' -f 1-4)" \
    'shared-10.0.0.0 shared master ["10.0.0.0-10.0.0.15"]' "the block"
}

# Refused by the schema alone, so by every server.
test_d_what_the_schema_refuses() {
  refuses "spec.subnet: Required value" pool '{}'
  refuses "spec.ipVersion: Unsupported value: 5" pool '{"subnet": "10.0.0.0/24", "ipVersion": 5}'
  refuses 'spec.ips\[1\]: Duplicate value: "10.0.0.4"' pool '{"subnet": "10.0.0.0/24", "ips": ["10.0.0.4", "10.0.0.4"]}'
  refuses 'spec.routes(\[0\])?.gw: Required value' pool '{"subnet": "10.0.0.0/24", "routes": [{"dst": "10.1.0.0/16"}]}'
  refuses 'spec.routes\[1\]: Duplicate value' pool '{"subnet": "10.0.0.0/24", "routes": [
    {"dst": "10.1.0.0/16", "gw": "10.0.0.1"}, {"dst": "10.1.0.0/16", "gw": "10.0.0.2"}]}'
  refuses "spec.nodeAffinity.matchExpressions(\[0\])?.operator: Unsupported value: \"Like\"" pool '{"subnet": "10.0.0.0/24",
    "nodeAffinity": {"matchExpressions": [{"key": "a", "operator": "Like"}]}}'
  refuses "spec.cniType: Unsupported value: \"bridge\"" network '{"cniType": "bridge"}'
  refuses "spec.ipvlan.master: Required value" network '{"cniType": "ipvlan", "ipvlan": {}}'
  refuses "spec.ipvlan.bond.mode: Invalid value: 7" network '{"cniType": "ipvlan", "ipvlan": {"master": ["a", "b"],
    "bond": {"name": "bond0", "mode": 7}}}'
  refuses "spec.poolUID: Required value" block '{"pool": "a", "node": "a", "nodeUID": "a", "ips": ["10.0.0.1"]}'
}

# Every rule, with an object that breaks it. Messages name key and value.
test_e_what_the_rules_refuse() {
  has_rules || return 0
  refuses 'spec.subnet: .*subnet "172.31.16.0" must be a network such as' pool '{"subnet": "172.31.16.0"}'
  refuses 'spec.subnet: .*subnet 172.31.22.228/20 must be the address of the network' pool '{"subnet": "172.31.22.228/20"}'
  refuses 'spec.subnet: .*subnet 2001:DB8::/64 must be written in its shortest form' pool '{"subnet": "2001:DB8::/64"}'
  refuses 'spec.ipVersion: .*ipVersion 6 does not agree with subnet 10.0.0.0/24' pool '{"subnet": "10.0.0.0/24", "ipVersion": 6}'
  local key
  for key in ips excludeIPs; do
    refuses "spec.$key\[1\]: .*\"10.0.0\" must be an address, or a range" pool '{"subnet": "10.0.0.0/24", "'$key'": ["10.0.0.1", "10.0.0"]}'
    refuses "spec.$key\[0\]: .*\"10.0.0.1-10.0.0.2-10.0.0.3\" must be an address" pool '{"subnet": "10.0.0.0/24", "'$key'": ["10.0.0.1-10.0.0.2-10.0.0.3"]}'
    refuses "spec.$key\[0\]: .*\"10.0.0.010\" must be an address" pool '{"subnet": "10.0.0.0/24", "'$key'": ["10.0.0.010"]}'
    refuses "spec.$key\[0\]: .*\"10.0.0.0/28\" must be an address" pool '{"subnet": "10.0.0.0/24", "'$key'": ["10.0.0.0/28"]}'
    refuses "spec.$key\[0\]: .*\"10.0.0.1-fd00::1\" must have two ends of one family" pool '{"subnet": "10.0.0.0/24", "'$key'": ["10.0.0.1-fd00::1"]}'
    refuses "spec.$key\[0\]: .*\"10.0.0.10-10.0.0.9\" must have the lower end first" pool '{"subnet": "10.0.0.0/24", "'$key'": ["10.0.0.10-10.0.0.9"]}'
    refuses "spec.$key\[0\]: .*\"fd00::10-fd00::9\" must have the lower end first" pool '{"subnet": "fd00::/64", "'$key'": ["fd00::10-fd00::9"]}'
    refuses "spec.$key\[0\]: .*\"fd00::1:0-FD00::f\" must have the lower end first" pool '{"subnet": "fd00::/64", "'$key'": ["fd00::1:0-FD00::f"]}'
    refuses "spec.$key: .*$key has 10.0.1.1, which must lie in subnet 10.0.0.0/24" pool '{"subnet": "10.0.0.0/24", "'$key'": ["10.0.0.1", "10.0.1.1"]}'
    refuses "spec.$key: .*$key has 10.0.0.4-10.0.1.1, which must lie in subnet" pool '{"subnet": "10.0.0.0/24", "'$key'": ["10.0.0.4-10.0.1.1"]}'
    refuses "spec.$key: .*$key has fd00::1, which must lie in subnet" pool '{"subnet": "10.0.0.0/24", "'$key'": ["fd00::1"]}'
  done
  refuses 'spec.gateway: .*gateway "10.0.0" must be an IP address' pool '{"subnet": "10.0.0.0/24", "gateway": "10.0.0"}'
  refuses 'spec.gateway: .*gateway 10.0.1.1 must lie in subnet 10.0.0.0/24' pool '{"subnet": "10.0.0.0/24", "gateway": "10.0.1.1"}'
  refuses 'spec.gateway: .*gateway fe80::1 must lie in subnet' pool '{"subnet": "10.0.0.0/24", "gateway": "fe80::1"}'
  refuses 'spec.gateway: .*gateway 10.0.0.1 must not be one of ips' pool '{"subnet": "10.0.0.0/24", "ips": ["10.0.0.1"], "gateway": "10.0.0.1"}'
  refuses 'spec.gateway: .*gateway 10.0.0.9 must not be one of ips' pool '{"subnet": "10.0.0.0/24", "ips": ["10.0.0.4-10.0.0.10"], "gateway": "10.0.0.9"}'
  refuses 'spec.gateway: .*gateway fd00::a must not be one of ips' pool '{"subnet": "fd00::/64", "ips": ["fd00::1-fd00::1:0"], "gateway": "fd00::a"}'
  # What is the subnet's own, or nobody's.
  refuses 'spec.ips: .*ips has 10.0.0.0, which no pod can have: it is the network address of 10.0.0.0/24; leave it out' pool '{"subnet": "10.0.0.0/24", "ips": ["10.0.0.9", "10.0.0.0-10.0.0.4"]}'
  refuses 'spec.ips: .*ips has 10.0.0.0, which no pod can have' pool '{"subnet": "10.0.0.0/30", "ips": ["10.0.0.0"]}'
  refuses 'spec.ips: .*ips has fd00::, which no pod can have: it is the anycast address of the routers of' pool '{"subnet": "fd00::/64", "ips": ["fd00:0:0::0-fd00::5"]}'
  refuses 'spec.ips: .*ips has the last address of 10.0.0.0/24, .* it is the broadcast address' pool '{"subnet": "10.0.0.0/24", "ips": ["10.0.0.9-10.0.0.255"], "excludeIPs": ["10.0.0.9"]}'
  refuses 'spec.ips: .*ips has the last address of 172.31.16.0/20' pool '{"subnet": "172.31.16.0/20", "ips": ["172.31.31.255"]}'
  refuses 'spec.ips: .*no pod can have an address of 169.254.0.0/16' pool '{"subnet": "169.254.10.0/24", "ips": ["169.254.10.9"]}'
  refuses 'spec.ips: .*no pod can have an address of fe80::/10' pool '{"subnet": "fe80::/64", "ips": ["fe80::9"]}'
  refuses 'spec.gateway: .*gateway 10.0.0.0 cannot be a gateway: it is the network or the broadcast' pool '{"subnet": "10.0.0.0/24", "gateway": "10.0.0.0"}'
  refuses 'spec.gateway: .*gateway 10.0.3.255 cannot be a gateway' pool '{"subnet": "10.0.0.0/22", "gateway": "10.0.3.255"}'
  local route='{"subnet": "10.0.0.0/24", "routes": [{"dst": "DST", "gw": "GW"}]}'
  refuses 'spec.routes\[0\].dst: .*dst "10.1" must be a network' pool "$(from "$route" 10.1 10.0.0.1)"
  refuses 'dst 0.0.0.0/0 must not be the default route' pool "$(from "$route" 0.0.0.0/0 10.0.0.1)"
  refuses 'dst 10.1.2.3/16 must be the address of a network' pool "$(from "$route" 10.1.2.3/16 10.0.0.1)"
  refuses 'spec.routes\[0\].gw: .*gw "x" must be an IP address' pool "$(from "$route" 10.1.0.0/16 x)"
  refuses 'spec.routes: .*routes has gw 10.9.0.1, which must lie in subnet' pool "$(from "$route" 10.1.0.0/16 10.9.0.1)"
  refuses 'spec.routes: .*routes has dst fd00::/64, which is not of the family of subnet' pool "$(from "$route" fd00::/64 10.0.0.1)"
  for key in podAffinity namespaceAffinity nodeAffinity; do
    refuses "spec.$key: .*the selector .. must not be empty" pool '{"subnet": "10.0.0.0/24", "'$key'": {}}'
    refuses "spec.$key: .*the selector .. must not be empty" pool '{"subnet": "10.0.0.0/24", "'$key'": {"matchLabels": {}}}'
  done
  refuses 'spec.ips\[0\]: .*"10.0.0.9-10.0.0.4" must have the lower end first' reserved '{"ips": ["10.0.0.9-10.0.0.4"]}'
  refuses 'spec.ips: .*ips has fd00::1, which must be of ipVersion 4' reserved '{"ipVersion": 4, "ips": ["10.0.0.1", "fd00::1"]}'
  refuses 'cniType macvlan is not served here' network '{"cniType": "macvlan"}'
  refuses 'ipvlan is required with cniType ipvlan' network '{"cniType": "ipvlan"}'
  refuses 'ipvlan must not be set with cniType custom' network '{"cniType": "custom", "ipvlan": {"master": ["ens5"]}}'
  refuses 'customCNI must not be set with cniType ipvlan' network '{"cniType": "ipvlan", "ipvlan": {"master": ["ens5"]}, "customCNI": "{}"}'
  local text
  for text in bridge '[1]' '{\"type\": \"bridge\"'; do
    refuses 'spec.customCNI: .*customCNI must be the text of a JSON object' network '{"cniType": "custom", "customCNI": "'"$text"'"}'
    refuses 'spec.chainCNIJsonData\[1\]: .*must be the text of a JSON object' network '{"cniType": "ipvlan", "ipvlan": {"master": ["ens5"]}, "chainCNIJsonData": ["{}", "'"$text"'"]}'
  done
  refuses 'master names a, b, which needs bond' network '{"cniType": "ipvlan", "ipvlan": {"master": ["a", "b"]}}'
  refuses 'matchMasterSubnet true is not possible' network '{"cniType": "ipvlan", "ipvlan": {"master": ["a"], "ippools": {"matchMasterSubnet": true}}}'
  # shellcheck disable=SC2016 # the variable is meant to stay one
  refuses 'master "..IPVLAN_MASTER_INTERFACE0." is a variable' network '{"cniType": "ipvlan", "ipvlan": {"master": ["${IPVLAN_MASTER_INTERFACE0}"]}}'
  refuses 'spec.ips\[0\]: .*"10.0.0.0/28" must be an address' block '{"pool": "a", "poolUID": "b", "node": "c", "nodeUID": "d", "ips": ["10.0.0.0/28"]}'
}

# Neighbours of what is refused.
test_e_what_the_rules_accept() {
  has_rules || return 0
  accepts pool '{"subnet": "10.0.0.0/24", "ipVersion": 4, "ips": ["10.0.0.9-10.0.0.10", "10.0.0.200", "10.0.0.99-10.0.0.100"]}'
  accepts pool '{"subnet": "10.0.0.0/8", "ips": ["10.9.255.255-10.10.0.0", "10.200.0.0-10.200.0.0"]}'
  accepts pool '{"subnet": "fd00::/64", "ips": ["fd00::9-fd00::a", "fd00::ffff-fd00::1:0", "FD00::1:0:1-fd00:0:0:0:1:0:0:1"]}'
  accepts pool '{"subnet": "::/0", "ips": ["::1-::2", "::3-::3", "1::-1:2:3:4:5:6:7:8"]}'
  accepts pool '{"subnet": "fd00::/64", "gateway": "fe80::1", "routes": [{"dst": "fd01::/64", "gw": "fe80::1"}]}'
  accepts pool '{"subnet": "10.0.0.0/24", "ips": ["10.0.0.1-10.0.0.9"], "excludeIPs": ["10.0.0.1-10.0.0.2"], "gateway": "10.0.0.1"}'
  accepts pool '{"subnet": "10.0.0.0/24", "ips": ["10.0.0.2-10.0.0.9", "10.0.0.100"], "gateway": "10.0.0.10"}'
  accepts pool '{"subnet": "10.0.0.0/24", "nodeAffinity": {"matchLabels": {"a": "b"}}, "podAffinity": {"matchExpressions": [{"key": "a", "operator": "Exists"}]}}'
  # The parser takes these too: what is excluded is not given, and both addresses of a /31 are (RFC 3021).
  accepts pool '{"subnet": "10.0.0.0/24", "ips": ["10.0.0.0-10.0.0.255"], "excludeIPs": ["10.0.0.255", "10.0.0.0-10.0.0.9"]}'
  accepts pool '{"subnet": "10.0.0.0/31", "ips": ["10.0.0.0-10.0.0.1"]}'
  accepts pool '{"subnet": "10.0.0.1/32", "ips": ["10.0.0.1"]}'
  accepts pool '{"subnet": "fd00::/64", "ips": ["fd00::-fd00::5"], "excludeIPs": ["fd00::0"], "gateway": "fe80::1"}'
  accepts pool '{"subnet": "fd00::/127", "ips": ["fd00::-fd00::1"]}'
  accepts pool '{"subnet": "fd00::/64", "ips": ["fd00::1-fd00::ffff:ffff:ffff:ffff"], "gateway": "fe80::1"}'
  accepts pool '{"subnet": "0.0.0.0/0", "ips": ["10.0.0.0-10.255.255.255"]}'
  accepts pool '{"subnet": "169.254.10.0/24"}'
  accepts reserved '{"ips": ["10.0.0.1", "fd00::1"]}'
  accepts network '{"cniType": "custom", "customCNI": " {\"type\": \"bridge\"}\n"}'
  accepts network '{"cniType": "custom", "customCNI": ""}'
  accepts network '{"cniType": "ipvlan", "ipvlan": {"master": ["ens5"]}, "chainCNIJsonData": ["{\"type\": \"tuning\"}"]}'
  accepts network '{"cniType": "ipvlan", "ipvlan": {"master": ["a", "b"], "bond": {"name": "bond0", "mode": 1}, "vlanID": 5}}'
  accepts network '{}'
}

test_e_what_never_changes() {
  has_rules || return 0
  guides_pools | kubectl apply -f -
  fails 'subnet cannot be changed from 172.31.16.0/20 to 10.0.0.0/24: make another pool' \
    kubectl patch sp master-v4-ens5 --type merge --patch '{"spec": {"subnet": "10.0.0.0/24", "ips": [], "gateway": null}}'
  document block '{"pool": "a", "poolUID": "b", "node": "c", "nodeUID": "d", "ips": ["10.0.0.1"]}' | kubectl apply -f -
  fails 'spec of a block never changes: pool a, node c' \
    kubectl patch ivb trial --type merge --patch '{"spec": {"nodeUID": "e"}}'
}

# The budget of the rules, with the most that fits into an object: ranges, exclusions and routes.
test_f_a_thousand_ranges() {
  local spec
  spec=$(jq -nc '{subnet: "10.0.0.0/8", gateway: "10.255.0.1", ips: [range(1000) | "10.\(. / 100 | floor).\(. % 100).100-10.\(. / 100 | floor).\(. % 100).199"],
    excludeIPs: [range(1000) | "10.\(. / 100 | floor).\(. % 100).110-10.\(. / 100 | floor).\(. % 100).119"],
    routes: [range(100) | {dst: "172.\(.).0.0/16", gw: "10.255.0.1"}]}')
  accepts pool "$spec"
  spec=$(jq -nc '{subnet: "2001:db8::/32", gateway: "2001:db8:ffff::1",
    ips: [range(1000) | "2001:db8:1111:2222:3333:4444:\(1000 + .):1000-2001:db8:1111:2222:3333:4444:\(1000 + .):ffff"]}')
  accepts pool "$spec"
}

# The guide's own text, as its reader pastes it.
guides_pools() { cat "$repository/Tests/Kubernetes/guide-pools.yaml"; }

# The guide lets the shell put these in.
guides_networks() {
  sed -e 's/${IPVLAN_MASTER_INTERFACE0}/ens5/; s/${IPVLAN_MASTER_INTERFACE1}/ens6/' \
    -e 's/${IPVLAN_MULTUS_NAME0}/ipvlan-ens5/; s/${IPVLAN_MULTUS_NAME1}/ipvlan-ens6/' "$repository/Tests/Kubernetes/guide-networks.yaml"
}

pool_path() { echo "/apis/spiderpool.spidernet.io/v2beta1/spiderippools/$1"; }

# raw_patch PATH PATCH: for subresources, which not every kubectl can patch.
raw_patch() { raw PATCH "$1" merge-patch+json "$2"; }

# raw METHOD PATH TYPE BODY: without kubectl, whose own checks come first, and which takes a second for each call.
raw() {
  curl --silent --show-error --fail-with-body --cacert "$cluster/ca.crt" --cert "$cluster/admin.crt" --key "$cluster/admin.key" \
    --request "$1" --header "Content-Type: application/$3" --data-binary @- "https://127.0.0.1:$(<"$cluster/port")$2" <<<"$4"
}

# document pool|reserved|network|block SPEC
document() {
  local api=spiderpool.spidernet.io/v2beta1 kind namespace=''
  case $1 in
    pool) kind=SpiderIPPool ;;
    reserved) kind=SpiderReservedIP ;;
    network) kind=SpiderMultusConfig namespace=default ;;
    block) kind=IPVLANBlock api=ipvlan-cni.dev/v1alpha1 ;;
  esac
  jq -nc --arg api "$api" --arg kind "$kind" --arg namespace "$namespace" --argjson spec "$2" \
    '{apiVersion: $api, kind: $kind, metadata: {name: "trial", namespace: $namespace}, spec: $spec} | if $namespace == "" then del(.metadata.namespace) else . end'
}

from() {
  local text=${1/DST/"$2"}
  echo "${text/GW/"$3"}"
}

accepts() { try_out "$@" >/dev/null; }

# refuses PATTERN KIND SPEC
refuses() { fails "$1" try_out "$2" "$3"; }

# Asks the server what it would say; nothing is kept.
try_out() {
  local path
  case $1 in
    pool) path=spiderpool.spidernet.io/v2beta1/spiderippools ;;
    reserved) path=spiderpool.spidernet.io/v2beta1/spiderreservedips ;;
    network) path=spiderpool.spidernet.io/v2beta1/namespaces/default/spidermultusconfigs ;;
    block) path=ipvlan-cni.dev/v1alpha1/ipvlanblocks ;;
  esac
  raw POST "/apis/$path?dryRun=All" json "$(document "$1" "$2")" | tee "$cluster/answer" | jq -r '.message // "accepted"'
  [ "$(jq -r .kind "$cluster/answer")" != Status ]
}

# fails PATTERN COMMAND...
fails() {
  local answer
  if answer=$("${@:2}" 2>&1); then
    printf '%s\n' "accepted: ${*:2}" "$answer"
    return 1
  fi
  grep -Eq -- "$1" <<<"$answer" || {
    printf '%s\n' "the answer does not match: $1" "$answer"
    return 1
  }
}
