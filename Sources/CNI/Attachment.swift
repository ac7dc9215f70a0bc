/// A container's interface on a network, as GC lists them (CNI SPEC 1.1.0, `cni.dev/valid-attachments`).
public struct Attachment: Sendable, Hashable {
  /// The runtime's name of the container.
  public let containerID: String
  /// The interface in it.
  public let ifname: String

  /// Names an attachment.
  public init(containerID: String, ifname: String) {
    self.containerID = containerID
    self.ifname = ifname
  }
}
