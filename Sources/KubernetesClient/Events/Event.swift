/// What happened to an object, for people to read with `kubectl describe` (v1).
public struct Event: KubernetesObject, Hashable {
  /// Name, namespace, identity and version.
  public var metadata: ObjectMetadata
  /// The object that it happened to.
  public var involvedObject: ObjectReference
  /// One word in capitals and small letters: `AddressesOutside`.
  public var reason: String?
  /// A sentence.
  public var message: String?
  /// `Normal` or `Warning`.
  public var type: String?
  /// Who says so.
  public var source: Source?
  /// When it happened first.
  public var firstTimestamp: Timestamp?
  /// When it happened last.
  public var lastTimestamp: Timestamp?
  /// How often it has happened.
  public var count: Int?

  /// Who says so.
  public struct Source: Codable, Sendable, Hashable {
    /// The program.
    public var component: String?
    /// The node.
    public var host: String?
  }

  /// How much it matters.
  public enum Severity: String, Sendable, Hashable {
    /// All is well.
    case normal = "Normal"
    /// Somebody should look.
    case warning = "Warning"
  }

  /// Where events are found.
  public static let resource = Resource<Event>(
    group: "", version: "v1", plural: "events", kind: "Event", isNamespaced: true)
}

/// An object that another speaks of (`ObjectReference`, v1).
public struct ObjectReference: Codable, Sendable, Hashable {
  /// Group and version.
  public var apiVersion: String?
  /// The kind.
  public var kind: String?
  /// The namespace; `nil` for an object of the cluster.
  public var namespace: String?
  /// The name.
  public var name: String?
  /// The identity.
  public var uid: String?

  /// A reference to an object of a collection.
  public init<Object>(_ resource: Resource<Object>, _ metadata: ObjectMetadata) {
    apiVersion = resource.apiVersion
    kind = resource.kind
    namespace = metadata.namespace
    name = metadata.name
    uid = metadata.uid
  }
}
