/// Who leads (coordination.k8s.io/v1).
public struct Lease: KubernetesObject, Hashable {
  /// Name, namespace, identity and version.
  public var metadata: ObjectMetadata
  /// Who leads, since when and until when.
  public var spec: Specification?

  /// Who leads, since when and until when.
  public struct Specification: Codable, Sendable, Hashable {
    /// Who leads; empty or absent when nobody does.
    public var holderIdentity: String?
    /// For how long after the last renewal the others stay back.
    public var leaseDurationSeconds: Int?
    /// Since when, by the leader's clock.
    public var acquireTime: Timestamp?
    /// The last renewal, by the leader's clock.
    public var renewTime: Timestamp?
    /// How often another has become leader.
    public var leaseTransitions: Int?
  }

  /// A lease.
  public init(metadata: ObjectMetadata, spec: Specification? = nil) {
    self.metadata = metadata
    self.spec = spec
  }

  /// Where leases are found.
  public static let resource = Resource<Lease>(
    group: "coordination.k8s.io", version: "v1", plural: "leases", kind: "Lease", isNamespaced: true)
}
