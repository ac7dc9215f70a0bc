package import ClusterObjects
package import KubernetesClient

/// A SpiderIPPool as the API server hands it out.
package func pool(
  _ name: String, subnet: String = "10.0.0.0/24", ips: [String], nodes: [String] = ["n1"], age: Int = 100,
  generation: Int64 = 1, uid: String? = nil, isTerminating: Bool = false, _ more: [String: FieldValue] = [:]
) -> UnstructuredObject {
  var metadata = ObjectMetadata(name: name)
  metadata.uid = uid ?? "uid-\(name)"
  metadata.generation = generation
  metadata.creationTimestamp = Timestamp(seconds: 1_000_000 - age)
  if isTerminating { metadata.deletionTimestamp = Timestamp(seconds: 1_000_001) }
  var spec: [String: FieldValue] = [
    "subnet": .string(subnet), "ips": .array(ips.map(FieldValue.string)), "default": true, "disable": false,
  ]
  if !nodes.isEmpty { spec["nodeName"] = .array(nodes.map(FieldValue.string)) }
  for (key, value) in more { spec[key] = value }
  return UnstructuredObject(
    metadata: metadata,
    fields: [
      "apiVersion": "spiderpool.spidernet.io/v2beta1", "kind": "SpiderIPPool", "spec": .object(spec),
      "status": ["totalIPCount": 5],
    ])
}

package func reserved(_ name: String, ips: [String]) -> UnstructuredObject {
  UnstructuredObject(
    metadata: ObjectMetadata(name: name),
    fields: [
      "apiVersion": "spiderpool.spidernet.io/v2beta1", "kind": "SpiderReservedIP",
      "spec": ["ips": .array(ips.map(FieldValue.string))],
    ])
}

/// A node that has looked, and found the API server whole.
package func whole() -> Continuity {
  var continuity = Continuity(grace: .seconds(60))
  _ = continuity.take(
    ResourceList(items: [], resourceVersion: "1", serverTime: Timestamp(seconds: 1_000_000)),
    after: continuity.look(), nodeUID: nil, at: .now)
  return continuity
}

/// What becomes of the pools on a node.
package func resolved(
  _ objects: [UnstructuredObject], on node: String = "n1", labels: [String: String]? = [:]
) throws -> PoolResolution {
  try PoolResolver(node: NodeIdentity(name: node, labels: labels)).resolve(objects.map { try PoolObject($0) })
}
