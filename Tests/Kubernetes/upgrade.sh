# shellcheck shell=bash
# What an upgrade finds: leases and pool files of 1.0, and objects of earlier definitions.

readonly left=$repository/Tests/Kubernetes/upgrade

# Debian's server drops what it does not know of a definition, but no fields.
crd_fields() {
  kubectl get crd {spiderippools,spiderreservedips,spidermultusconfigs}.spiderpool.spidernet.io ipvlan{nodes,blocks}.ipvlan-cni.dev -o json |
    jq -r 'def fields($path): . as $schema | "field \($path) \($schema.type // "any")",
        (($schema.required // [])[] | "required \($path).\(.)"),
        (($schema.properties // {}) | to_entries[] | .key as $key | .value | fields("\($path).\($key)")),
        ($schema.items | objects | fields("\($path)[]")), ($schema.additionalProperties | objects | fields("\($path)[*]"));
      .items[] | .metadata.name as $name | .spec.versions[] | .name as $version | .schema.openAPIV3Schema
      | fields("\($name)/\($version)")' | LC_ALL=C sort
}

test_u_fields_of_definitions_stay_and_none_becomes_required() {
  crd_fields >"$cluster/fields"
  grep -q '^field spiderippools.*\.spec\.ips\[\] string$' "$cluster/fields"
  expect_equal "$(LC_ALL=C comm -23 "$left/fields.txt" "$cluster/fields" | grep '^field' || true)" "" "the fields that are gone, or of another type"
  expect_equal "$(LC_ALL=C comm -13 "$left/fields.txt" "$cluster/fields" | grep '^required' || true)" "" "the fields that are required of late"
}

# old COMMAND POD [UID]: as a runtime calls the plugin on the node old1; prints the address.
old() { answer "$1" old1 ipvlan-old "$2" default "${3-}" | jq -r '.ips[]?.address'; }

end_old() { end_agent old1 KILL && end_controller 1 KILL; }

test_u_leases_and_pool_files_of_1_0_beside_the_api() {
  local directory=$cluster/agents/old1
  prepare_agents
  prepare_agent old1
  mkdir -p "$directory/ippool.d"
  mkdir -m 700 "$directory/data"
  cp "$left/pool-1.0.yaml" "$directory/ippool.d/"
  gzip -cd "$left/leases-1.0.mdb.gz" >"$directory/data/leases-$(</proc/sys/kernel/random/boot_id).mdb"
  chmod 600 "$directory"/data/*.mdb
  # The object has one address more than the file of its name, and another pool is only there.
  kubectl apply -f - <<END
apiVersion: spiderpool.spidernet.io/v2beta1
kind: SpiderIPPool
metadata: {name: old-v4}
spec: {subnet: 10.70.0.0/24, ips: [10.70.0.4-10.70.0.9], default: true, nodeName: [old1], multusName: [default/ipvlan-old]}
---
apiVersion: spiderpool.spidernet.io/v2beta1
kind: SpiderIPPool
metadata: {name: old-more}
spec: {subnet: 10.71.0.0/24, ips: [10.71.0.4], default: true, nodeName: [old1], multusName: [default/ipvlan-more]}
END
  trap end_old EXIT
  start_agent old1 19150
  start_controller 1
  # Pools that all nodes share may be there from other tests.
  has_both() { jq -e '[.items[] | select(.kind == "SpiderIPPool") | .metadata.name] | contains(["old-more", "old-v4"])' "$directory/ippool.d/zz-kubernetes.json"; }
  within 60 has_both
  # The file goes before the object, and says so; what 1.0 has given is held, and reported.
  within 60 has_condition sp old-v4 Ready False/NodeProblem
  kubectl get ivn old1 -o json | jq -e '.status.pools[] | select(.name == "old-v4" and (.uid // "") != "") | .error | test("a file of the node goes before it")'
  expect_equal "$(kubectl get ivn old1 -o json | jq -c '[.status.records[] | [.ip, .pod]]')" \
    '[["10.70.0.4","default/a"],["10.70.0.5","default/b"]]' "what is held"
  local address
  address=$(old ADD d uid-d)
  grep -qxE '10\.70\.0\.[678]/24' <<<"$address"
  expect_equal "$(old ADD a)" 10.70.0.4/24 "what a pod of 1.0 gets when it asks again"
  # Without the file the object counts, with what is held of it.
  rm "$directory/ippool.d/pool-1.0.yaml"
  within 60 has_condition sp old-v4 Ready True/InUse
  within 60 counts old-v4 3/6
  expect_equal "$(kubectl get sp old-v4 -o jsonpath='{.status.allocatedIPs}' | jq -c '[.[]]')" \
    '[{"pod":"default/a","podUid":""},{"pod":"default/b","podUid":""},{"pod":"default/d","podUid":"uid-d"}]' "who holds it"
  old DEL a
  within 60 counts old-v4 2/6
  # It goes when the last pod has gone, which 1.0 had attached.
  kubectl delete sp old-v4 old-more --wait=false
  within 60 has_condition sp old-v4 Ready False/Terminating
  expect_equal "$(old ADD e | wc -l)" 0 "addresses of a pool that is being deleted"
  old DEL d
  old DEL b
  is_gone() { ! kubectl get sp "$1"; }
  within 60 is_gone old-v4
  within 60 is_gone old-more
}
