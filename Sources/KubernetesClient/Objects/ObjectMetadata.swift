/// What every object carries (`ObjectMeta`, meta/v1). `managedFields` is left out, since it is most of an object's
/// size and nobody's business but the server's.
public struct ObjectMetadata: Codable, Sendable, Hashable {
  /// The name, unique for its kind and namespace.
  public var name: String?
  /// A prefix for which the server makes up a name.
  public var generateName: String?
  /// The namespace; `nil` for objects of the cluster.
  public var namespace: String?
  /// The identity: an object that was deleted and made anew has another one.
  public var uid: String?
  /// The version that the server compares when it is written back; see ``isNewer(than:)``.
  public var resourceVersion: String?
  /// How often the specification has changed.
  public var generation: Int64?
  /// When the object was made, by the server's clock.
  public var creationTimestamp: Timestamp?
  /// When its deletion was asked for. While finalizers are left, the object stays.
  public var deletionTimestamp: Timestamp?
  /// What selectors look at.
  public var labels: [String: String]?
  /// What tools note down.
  public var annotations: [String: String]?
  /// Whose deletion takes this object with it.
  public var ownerReferences: [OwnerReference]?
  /// Who has something to do before the object may go.
  public var finalizers: [String]?

  /// The metadata of an object to be made.
  public init(
    name: String? = nil, namespace: String? = nil, labels: [String: String]? = nil,
    annotations: [String: String]? = nil
  ) {
    self.name = name
    self.namespace = namespace
    self.labels = labels
    self.annotations = annotations
  }

  /// Whether this is a later form of the object than the one of that version.
  ///
  /// The versions of one collection are numbers that grow: servers since 1.35 promise so (KEP-5504), and those before did
  /// so. A version that is no number is never newer, and nothing is newer than it.
  public func isNewer(than version: String) -> Bool {
    guard let own = resourceVersion.flatMap({ UInt64($0) }), let other = UInt64(version) else { return false }
    return own > other
  }

  /// Where the object is found; `nil` when it has no name yet.
  public var key: ObjectKey? { name.map { ObjectKey(namespace: namespace, name: $0) } }
}

/// Namespace and name of an object.
public struct ObjectKey: Sendable, Hashable, Comparable, CustomStringConvertible {
  /// The namespace; `nil` for an object of the cluster.
  public var namespace: String?
  /// The name.
  public var name: String

  /// The place of an object.
  public init(namespace: String? = nil, name: String) {
    self.namespace = namespace
    self.name = name
  }

  /// `namespace/name`, or the name alone.
  public var description: String { namespace.map { "\($0)/\(name)" } ?? name }

  /// By namespace, then by name.
  public static func < (left: ObjectKey, right: ObjectKey) -> Bool {
    (left.namespace ?? "", left.name) < (right.namespace ?? "", right.name)
  }
}

/// An object whose deletion takes another with it.
public struct OwnerReference: Codable, Sendable, Hashable {
  /// Group and version of the owner.
  public var apiVersion: String
  /// The owner's kind.
  public var kind: String
  /// The owner's name; it lies in the same namespace, or in none.
  public var name: String
  /// The owner's identity: a later object of that name is not the owner.
  public var uid: String
  /// Whether this owner is the one that manages the object.
  public var controller: Bool?
  /// Whether the owner cannot go before this object.
  public var blockOwnerDeletion: Bool?

  /// A reference to an owner.
  public init(
    apiVersion: String, kind: String, name: String, uid: String, controller: Bool? = nil,
    blockOwnerDeletion: Bool? = nil
  ) {
    self.apiVersion = apiVersion
    self.kind = kind
    self.name = name
    self.uid = uid
    self.controller = controller
    self.blockOwnerDeletion = blockOwnerDeletion
  }
}
