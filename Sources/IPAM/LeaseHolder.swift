public import Addressing

/// An attachment that holds addresses, as far as the allocator's state tells.
public struct LeaseHolder: Sendable, Hashable {
  /// The attachment.
  public let attachment: AttachmentID
  /// The path of its network namespace; `nil` where the state does not record it.
  public let netns: String?
  /// How long ago the attachment was given an address last, in seconds; `nil` where the state does not tell.
  public let age: Int?
  /// What it holds.
  public var addresses: [IPAddress] { claims.map { $0.address } }
  /// The leases as they were when they were listed.
  public let claims: [Allocation.Claim]

  /// Describes a holder that an allocator has listed.
  public init(attachment: AttachmentID, netns: String?, age: Int?, claims: [Allocation.Claim]) {
    self.attachment = attachment
    self.netns = netns
    self.age = age
    self.claims = claims
  }

  /// Describes a holder that no allocator has listed, and that none releases.
  public init(attachment: AttachmentID, netns: String?, age: Int? = nil, addresses: [IPAddress]) {
    self.init(
      attachment: attachment, netns: netns, age: age,
      claims: addresses.map { Allocation.Claim(address: $0, mark: 0) })
  }

  /// The holder, with a namespace that somebody else knows where the state records none.
  public func knowing(netns: String?) -> LeaseHolder {
    LeaseHolder(attachment: attachment, netns: self.netns ?? netns, age: age, claims: claims)
  }
}
