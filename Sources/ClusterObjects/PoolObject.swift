package import IPAM
package import JSON
package import KubernetesClient
internal import YAML

/// Why an object of the API cannot be used.
package struct ObjectFault: Error, Sendable, Hashable, CustomStringConvertible {
  /// What is wrong, with key and value.
  package var problem: String

  package init(problem: String) { self.problem = problem }

  package var description: String { problem }
}

/// A SpiderIPPool of the API server that the parser of pool files has read and found right.
package struct PoolObject: Sendable {
  package let identity: ObjectIdentity
  package let specification: JSONObject
  /// The pool; its addresses are without `excludeIPs`.
  package let pool: NodePool

  package var name: String { pool.name }

  /// What to do where the pool has no addresses at all.
  package var lackOfAddresses: String {
    specification["ips"]?.array?.isEmpty ?? true
      ? "it has no addresses: set spec.ips"
      : "it has no addresses: spec.excludeIPs, or the gateways of spec.routes, leave none of spec.ips"
  }

  /// Reads an object.
  /// - Throws: ``ObjectFault`` with the parser's own words.
  package init(_ object: UnstructuredObject) throws(ObjectFault) {
    let identity = ObjectIdentity(object.metadata)
    (self.identity, specification, pool) = try Self.read(
      identity, JSONObject(document: object, of: Resources.pools))
  }

  /// Reads an item of the file that ``PoolFile`` has written.
  package init(ofFile item: JSONObject) throws(ObjectFault) {
    let fields = JSONFields(item["metadata"]?.object ?? [:])
    var members = item
    members["metadata"] = nil
    // This run decides again about the addresses that the run before has withheld.
    if let notes = fields.object["annotations"]?.object, notes[NodePool.withheldAnnotation] != nil {
      var specification = item["spec"]?.object ?? [:]
      specification["disable"] = nil
      members["spec"] = .object(specification)
    }
    let sharing = fields.object["annotations"]?.object?[NodePool.sharingAnnotation]
    (identity, specification, pool) = try Self.read(ObjectIdentity(fields), members, sharing)
  }

  private static func read(
    _ identity: ObjectIdentity, _ members: JSONObject, _ sharing: JSONValue? = nil
  ) throws(ObjectFault) -> (ObjectIdentity, JSONObject, NodePool) {
    var document = members
    var metadata: JSONObject = ["name": .string(identity.name)]
    metadata["annotations"] = sharing.map { .object([NodePool.sharingAnnotation: $0]) }
    document["metadata"] = .object(metadata)
    var catalog = PoolCatalog()
    let whole = YAMLDocument(.object(document))
    for object in whole.objects {
      do throws(JSONFieldError) {
        _ = catalog.take(
          try object.get(), of: whole, at: NodePool.Source(file: identity.name, document: 1, line: 1))
      } catch {
        throw ObjectFault(problem: "\(error)")
      }
    }
    catalog.finish()
    if let fault = catalog.faults.first { throw ObjectFault(problem: fault.problem) }
    guard let pool = catalog.pools.first else { throw ObjectFault(problem: "it is no SpiderIPPool") }
    return (identity, members["spec"]?.object ?? [:], pool)
  }
}

/// What tells an object and its states apart.
package struct ObjectIdentity: Sendable, Hashable {
  package let name: String
  package let uid: String
  package let generation: Int
  /// When it was made, by the server's clock: the same for all who ask.
  package let created: Timestamp?
  /// When its deletion was asked for.
  package let terminating: Timestamp?

  package init(_ metadata: ObjectMetadata) {
    name = metadata.name ?? ""
    uid = metadata.uid ?? ""
    generation = Int(metadata.generation ?? 0)
    created = metadata.creationTimestamp
    terminating = metadata.deletionTimestamp
  }

  package init(_ metadata: JSONFields) {
    func text(_ key: String) -> String? { metadata.object[key]?.string }
    name = text("name") ?? ""
    uid = text("uid") ?? ""
    generation = metadata.object["generation"]?.int ?? 0
    created = text("creationTimestamp").flatMap(Timestamp.init)
    terminating = text("deletionTimestamp").flatMap(Timestamp.init)
  }

  /// As the object's own metadata says it. Without the version, which a new status changes too.
  package var metadata: JSONObject {
    var metadata: JSONObject = [
      "name": .string(name), "uid": .string(uid), "generation": .int(generation),
    ]
    metadata["creationTimestamp"] = created.map { .string("\($0)") }
    metadata["deletionTimestamp"] = terminating.map { .string("\($0)") }
    return metadata
  }

  /// The older goes first, as everywhere where two contradict each other.
  package static func precedes(_ left: ObjectIdentity, _ right: ObjectIdentity) -> Bool {
    (left.created?.seconds ?? 0, left.name) < (right.created?.seconds ?? 0, right.name)
  }
}
