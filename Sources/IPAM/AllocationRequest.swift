public import Addressing
public import JSON

/// Who asks for addresses, and which.
public struct AllocationRequest: Sendable {
  /// The Kubernetes pod of an attachment, when the runtime named it.
  public struct Pod: Sendable, Hashable, CustomStringConvertible {
    /// The pod's namespace.
    public let namespace: String
    /// The pod's name.
    public let name: String
    /// The pod's unique number; empty when the runtime did not pass it.
    public let uid: String

    /// Names a pod.
    public init(namespace: String, name: String, uid: String = "") {
      self.namespace = namespace
      self.name = name
      self.uid = uid
    }

    /// `namespace/name`.
    public var description: String { "\(namespace)/\(name)" }
  }

  /// The attachment.
  public let attachment: AttachmentID
  /// The pod; `nil` outside of Kubernetes.
  public var pod: Pod?
  /// The path of the attachment's network namespace, recorded with the lease.
  public var netns: String?
  /// The addresses asked for, of which those are to be given; empty leaves the choice to the allocator.
  public var requested: [RequestedAddress] = []
  /// GATEWAY of CNI_ARGS, for the requested addresses.
  public var requestedGateways: [IPAddress] = []
  /// The pod's annotations (capability `io.kubernetes.cri.pod-annotations`).
  public var annotations = PodAnnotations()
  /// Whether the pod has these annotations and no others; else nobody has told which it has.
  public var annotationsAreKnown = false
  /// What the API server knows of the pod, as far as it is known here.
  public internal(set) var record: PodRecord?
  /// Range sets of the runtime (capability `ipRanges`), which come before those of the configuration.
  public var ranges: [JSONValue] = []

  /// What must not be given, since somebody has it already.
  public var occupied = OccupiedAddresses()

  /// The pod's unique number, where the runtime passed it.
  var podUID: String? { pod.flatMap { $0.uid.isEmpty ? nil : $0.uid } }

  /// A request without wishes.
  public init(attachment: AttachmentID, pod: Pod? = nil, netns: String? = nil) {
    self.attachment = attachment
    self.pod = pod
    self.netns = netns
  }
}

/// An address that was asked for, with or without a prefix length.
public struct RequestedAddress: Sendable, Hashable, LosslessStringConvertible {
  /// The address.
  public let address: IPAddress
  /// The prefix length, when one was written.
  public let prefixLength: Int?

  /// Reads `10.0.0.5` or `10.0.0.5/24`.
  public init?(_ text: String) {
    if let address = IPAddress(text) {
      self.address = address
      prefixLength = nil
    } else if let cidr = CIDR(text) {
      address = cidr.address
      prefixLength = cidr.prefixLength
    } else {
      return nil
    }
  }

  /// As it is read.
  public var description: String { prefixLength.map { "\(address)/\($0)" } ?? "\(address)" }
}
