/// The attachment that a lease belongs to: an interface of a container on a network.
public struct AttachmentID: Sendable, Hashable {
  /// The network's name, `name` of the configuration.
  public let network: String
  /// The runtime's name of the container.
  public let containerID: String
  /// The interface in the container.
  public let ifname: String

  /// Names an attachment.
  public init(network: String, containerID: String, ifname: String) {
    self.network = network
    self.containerID = containerID
    self.ifname = ifname
  }
}

extension AttachmentID: CustomStringConvertible {
  /// `network/container/interface`.
  public var description: String { "\(network)/\(containerID)/\(ifname)" }
}
