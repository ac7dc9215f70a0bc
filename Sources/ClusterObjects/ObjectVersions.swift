internal import KubernetesClient

/// The versions of objects as they were seen last. An object's version only grows, so that one with a lower version than before
/// proves that the API server was restored from a backup, however much it has written since.
struct ObjectVersions: Sendable {
  private struct Collection: Sendable {
    /// The version of the last list.
    var list: UInt64
    /// By UID.
    var objects: [String: UInt64]
  }

  private var collections: [String: Collection] = [:]

  /// Takes note of all objects of a collection.
  ///
  /// A list that was asked for before the last one, and came after it, says nothing.
  /// - Returns: whether an object is older than it was.
  mutating func note(_ name: String, _ list: ResourceList<UnstructuredObject>) -> Bool {
    guard let version = UInt64(list.resourceVersion) else { return false }
    let former = collections[name]
    if let former, version < former.list { return false }
    let objects = Dictionary(
      list.items.map(\.metadata).compactMap { object in object.version.map { (object.uid ?? "", $0) } },
      uniquingKeysWith: max)
    collections[name] = Collection(list: version, objects: objects)
    return objects.contains { $0.value < former?.objects[$0.key] ?? 0 }
  }

  /// Takes note of an object that has changed since.
  mutating func note(_ name: String, changed object: ObjectMetadata) {
    if let version = object.version { collections[name]?.objects[object.uid ?? ""] = version }
  }
}

extension ObjectMetadata {
  /// The version as a number: every write goes through one etcd, which counts them.
  var version: UInt64? { resourceVersion.flatMap(UInt64.init) }
}
