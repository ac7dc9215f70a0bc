internal import KubernetesClient

/// The versions of objects as they were seen last. An object's version only grows, so that one with a lower version than before
/// proves that the API server was restored from a backup, however much it has written since.
struct ObjectVersions: Sendable {
  /// By collection, then by UID.
  private var versions: [String: [String: UInt64]] = [:]

  /// Takes note of all objects of a collection.
  /// - Returns: whether one of them is older than it was.
  mutating func note(_ collection: String, listed objects: [ObjectMetadata]) -> Bool {
    let former = versions[collection] ?? [:]
    let listed = Dictionary(
      objects.compactMap { object in object.version.map { (object.uid ?? "", $0) } }, uniquingKeysWith: max)
    versions[collection] = listed
    return listed.contains { $0.value < former[$0.key] ?? 0 }
  }

  /// Takes note of an object that has changed since.
  mutating func note(_ collection: String, changed object: ObjectMetadata) {
    if let version = object.version { versions[collection, default: [:]][object.uid ?? ""] = version }
  }
}

extension ObjectMetadata {
  /// The version as a number: every write goes through one etcd, which counts them.
  var version: UInt64? { resourceVersion.flatMap(UInt64.init) }
}
