internal import ClusterObjects
internal import KubernetesClient

/// One write that brings the cluster nearer to what it should be.
///
/// Each carries what it was decided on, a uid or a resourceVersion: the server refuses it when that is no longer so, and
/// so does a write of a controller that has led before.
enum Step: Sendable {
  case createDefinition(UnstructuredObject)
  case replaceDefinition(UnstructuredObject)
  case deleteDefinition(UnstructuredObject)
  case writeStatus(Resources.Collection, UnstructuredObject, FieldValue)
  case setFinalizers(UnstructuredObject, [String])
  case deleteReport(UnstructuredObject)
  case deleteBlock(UnstructuredObject, Block.Owner)

  /// What is written, for the pace and for the log.
  struct Key: Sendable, Hashable, CustomStringConvertible {
    enum Kind: String, Sendable { case definition, status, finalizers, report, block }

    var kind: Kind
    var collection: String
    var object: ObjectKey

    var description: String { "\(collection) \(object)" }
  }

  var key: Key {
    switch self {
    case .createDefinition(let object), .replaceDefinition(let object), .deleteDefinition(let object):
      Key(.definition, Resources.definitions, object)
    case .writeStatus(let collection, let object, _): Key(.status, collection, object)
    case .setFinalizers(let object, _): Key(.finalizers, Resources.pools, object)
    case .deleteReport(let object): Key(.report, Resources.reports, object)
    case .deleteBlock(let object, _): Key(.block, Resources.blocks, object)
    }
  }

  /// Whether the object goes with it.
  var isEnd: Bool {
    guard case .setFinalizers(let object, let finalizers) = self else { return false }
    return finalizers.isEmpty && object.metadata.deletionTimestamp != nil
  }

  /// The object that it changes, with the identity for which that was decided; `nil` of one that it makes or deletes.
  var changed: (resource: Resource<UnstructuredObject>, object: UnstructuredObject)? {
    switch self {
    case .replaceDefinition(let object): (Resources.definitions, object)
    case .writeStatus(let collection, let object, _): (collection, object)
    case .setFinalizers(let object, _): (Resources.pools, object)
    case .createDefinition, .deleteDefinition, .deleteReport, .deleteBlock: nil
    }
  }

  /// What a definition is to say.
  var content: FieldValue? {
    switch self {
    case .createDefinition(let object), .replaceDefinition(let object): object["spec"]
    default: nil
    }
  }

  /// What is said of it in the log, as the subject of a step that was taken.
  var text: String {
    switch self {
    case .createDefinition: "made"
    case .replaceDefinition: "set right"
    case .deleteDefinition: "deleted, since its SpiderMultusConfig makes another one"
    case .writeStatus: "status written"
    case .setFinalizers(_, let finalizers):
      finalizers.contains(PoolKeeper.finalizer)
        ? "has the finalizer \(PoolKeeper.finalizer) now: if it is deleted one day, it stays until pods have given back all of its addresses"
        : "is deleted, and goes: pods have given back all of its addresses"
    case .deleteReport: "deleted, since its Node is gone"
    case .deleteBlock(_, let owner):
      "free, since the Node \(owner.node) that had it is gone, or was made anew and no pod there holds an address of it"
    }
  }

  /// Sends it.
  /// - Returns: the object as the server has it now; `nil` where it is gone.
  func take(_ client: APIClient) async throws(KubernetesError) -> UnstructuredObject? {
    switch self {
    case .createDefinition(let object): return try await client.create(Resources.definitions, object)
    case .replaceDefinition(let object): return try await client.replace(Resources.definitions, object)
    case .deleteDefinition(let object):
      try await Self.delete(Resources.definitions, object, client)
      return nil
    case .writeStatus(let collection, let object, let status):
      let patch: FieldValue = ["metadata": ["uid": Self.text(object.metadata.uid)], "status": status]
      return try await client.mergePatch(
        collection, object.metadata.name ?? "", namespace: object.metadata.namespace, subresource: .status,
        patch: patch)
    case .setFinalizers(let object, let finalizers):
      let metadata: FieldValue = [
        "uid": Self.text(object.metadata.uid), "resourceVersion": Self.text(object.metadata.resourceVersion),
        "finalizers": .array(finalizers.map(FieldValue.string)),
      ]
      return try await client.mergePatch(
        Resources.pools, object.metadata.name ?? "", patch: ["metadata": metadata] as FieldValue)
    case .deleteReport(let object):
      // The list may have been older than the Node.
      guard try await Self.uid(ofNode: object.metadata.name ?? "", client) == nil else { throw isThere }
      try await Self.delete(Resources.reports, object, client)
      return nil
    case .deleteBlock(let object, let owner):
      guard try await Self.uid(ofNode: owner.node, client) != owner.uid else { throw isThere }
      try await Self.delete(Resources.blocks, object, client)
      return nil
    }
  }

  /// The Node has come back, and its event is on the way.
  private var isThere: KubernetesError {
    KubernetesError(.conflict, action: "delete \(key)", problem: "its Node is there again")
  }

  /// The identity of a Node as the server has it now; `nil` when there is none of that name.
  private static func uid(ofNode name: String, _ client: APIClient) async throws(KubernetesError) -> String? {
    do throws(KubernetesError) {
      return try await client.get(Resources.nodes, name).metadata.uid ?? ""
    } catch {
      guard error.kind == .notFound else { throw error }
      return nil
    }
  }

  private static func delete(
    _ collection: Resources.Collection, _ object: UnstructuredObject, _ client: APIClient
  ) async throws(KubernetesError) {
    do throws(KubernetesError) {
      try await client.delete(
        collection, object.metadata.name ?? "", namespace: object.metadata.namespace,
        preconditions: DeletePreconditions(uid: object.metadata.uid))
    } catch {
      guard error.kind == .notFound else { throw error }
    }
  }

  private static func text(_ value: String?) -> FieldValue { value.map(FieldValue.string) ?? .null }
}

extension Step.Key {
  fileprivate init(_ kind: Kind, _ collection: Resources.Collection, _ object: UnstructuredObject) {
    self.init(
      kind: kind, collection: collection.qualifiedName,
      object: ObjectKey(namespace: object.metadata.namespace, name: object.metadata.name ?? ""))
  }
}
