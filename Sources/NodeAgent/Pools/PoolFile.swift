internal import Addressing
internal import ClusterObjects
internal import IPAM
internal import JSON
internal import KubernetesClient
internal import Operator
internal import Platform

/// The file in which the plugin finds the pools of the API server, beside those that people write.
///
/// It is a List as `kubectl get -o json` prints it, so that the plugin, `ipvlanctl` and kubectl read it alike.
struct PoolFile: Sendable {
  let directory: String
  /// As much as the plugin reads of a file, in bytes.
  var largest = 1 << 20

  var path: String { "\(directory)/\(AgentFiles.poolFileName)" }

  /// What is written.
  struct Content: Sendable {
    /// Where the objects come from.
    var server: String
    /// The agent's version.
    var agent: String
    var resolution: PoolResolution
    /// SpiderReservedIPs as they are: the plugin reserves what can be read of a document that is wrong.
    var reserved: [UnstructuredObject]
    /// Whether pods are followed; `nil` when that is not known yet, and what the file says holds.
    var followsPods: Bool?
    /// Versions of the collections, for people who ask how old the file is.
    var versions: [String: String] = [:]
  }

  /// Writes the file unless it says the same already.
  /// - Returns: whether it was written.
  /// - Throws: ``ObjectFault`` when it cannot be written; then it is as it was.
  func write(_ content: Content, at time: WallClock = .now()) throws(ObjectFault) -> Bool {
    let items = content.items
    let old = try? read()
    let followed = old?["metadata"]?.object?[PoolCatalog.podFilesKey]?.bool ?? false
    let follows = content.followsPods ?? followed
    if let old, old["items"]?.array == items, followed == follows { return false }
    var versions = JSONObject()
    for (collection, version) in content.versions.sorted(by: { $0.key < $1.key }) {
      versions[collection] = .string(version)
    }
    var metadata: JSONObject = [
      "writtenBy": .string("ipvlan-agent \(content.agent)"), "server": .string(content.server),
      "time": .string("\(time)"), "resourceVersions": .object(versions),
    ]
    if follows { metadata[PoolCatalog.podFilesKey] = .bool(true) }
    let list: JSONObject = [
      "apiVersion": .string("v1"), "kind": .string("List"), "metadata": .object(metadata),
      "items": .array(items),
    ]
    let bytes = JSONValue.object(list).serialized(indented: true) + [0x0A]
    guard bytes.count <= largest else {
      throw ObjectFault(
        problem:
          "the pools of this node take \(bytes.count) bytes, and the plugin reads \(largest): write fewer,"
          + " longer ranges")
    }
    do throws(Errno) {
      try Files.makeDirectory(
        directory, permissions: [.ownerReadWriteExecute, .groupReadExecute, .otherReadExecute])
      try Files.replaceDurably(path, with: bytes, permissions: [.ownerReadWrite, .groupRead, .otherRead])
    } catch {
      throw ObjectFault(
        problem: "\(path) cannot be written: \(error); see: df -h \(directory); ls -ld \(directory)")
    }
    return true
  }

  /// The pools that the run before has left, as far as they can be used.
  func pools() -> [PoolObject] {
    let items = (try? read())?["items"]?.array?.compactMap(\.object) ?? []
    return items.filter { $0["kind"]?.string == "SpiderIPPool" }.compactMap { item in
      try? PoolObject(ofFile: item)
    }
  }

  /// The list; `nil` when there is no file, or none of ours.
  private func read() throws -> JSONObject? { try JSONValue(parsing: try Files.read(path)).object }
}

extension PoolFile.Content {
  var items: [JSONValue] {
    resolution.entries.map(Self.item)
      + reserved.sorted { $0.metadata.name ?? "" < $1.metadata.name ?? "" }.map(Self.item)
  }

  private static func item(_ entry: PoolResolution.Entry) -> JSONValue {
    var metadata = entry.object.identity.metadata
    var specification = entry.object.specification
    var annotations = JSONObject()
    if let reason = entry.withheld {
      specification["disable"] = .bool(true)
      annotations[NodePool.withheldAnnotation] = .string(reason)
    }
    annotations[NodePool.sharingAnnotation] = entry.sharing.map { .string($0.rawValue) }
    if !annotations.members.isEmpty { metadata["annotations"] = .object(annotations) }
    // Decided here, by labels that the plugin does not know.
    if entry.isChosenByLabels { specification["nodeAffinity"] = nil }
    if entry.addresses != entry.object.pool.addresses {
      specification["ips"] = .array(entry.addresses.ranges.map { .string("\($0)") })
      specification["excludeIPs"] = nil
    }
    return .object([
      "apiVersion": .string("spiderpool.spidernet.io/v2beta1"), "kind": .string("SpiderIPPool"),
      "metadata": .object(metadata),
      "spec": .object(specification),
    ])
  }

  private static func item(_ object: UnstructuredObject) -> JSONValue {
    .object([
      "apiVersion": .string("spiderpool.spidernet.io/v2beta1"), "kind": .string("SpiderReservedIP"),
      "metadata": .object(ObjectIdentity(object.metadata).metadata),
      "spec": object["spec"].map { JSONValue($0) } ?? .object([:]),
    ])
  }
}
