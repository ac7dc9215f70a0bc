/// A container's interface on a network, as GC lists them (CNI SPEC 1.1.0, `cni.dev/valid-attachments`).
package struct Attachment: Sendable, Hashable {
  /// The runtime's name of the container.
  package let containerID: String
  /// The interface in it.
  package let ifname: String

  /// Names an attachment.
  package init(containerID: String, ifname: String) {
    self.containerID = containerID
    self.ifname = ifname
  }
}
