public import Addressing

/// An attachment that holds addresses, as far as the allocator's state tells.
public struct LeaseHolder: Sendable, Hashable {
  /// The attachment.
  public let attachment: AttachmentID
  /// The path of its network namespace; `nil` where the state does not record it.
  public let netns: String?
  /// What it holds.
  public let addresses: [IPAddress]

  /// Describes a holder.
  public init(attachment: AttachmentID, netns: String?, addresses: [IPAddress]) {
    self.attachment = attachment
    self.netns = netns
    self.addresses = addresses
  }
}
