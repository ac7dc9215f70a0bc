internal import Addressing
package import CNI
package import IPAM
internal import Netlink

/// Which attachments live: one answer for everything that frees something.
///
/// Leases must be listed before the namespaces are read. A listed lease without a link then belongs to a link that is
/// gone, and not to one that is about to be made.
package struct Liveness: Sendable {
  /// An attachment that was given an address so short a time ago, in seconds, may belong to an ADD at work, whose link
  /// is not there yet. A delegated plugin may take 60 s.
  package static let grace = 120

  private let valid: Set<Attachment>?
  private let sparesUnknown: Bool
  private let attachments: Set<AttachmentID>
  private let addresses: Set<IPAddress>

  /// - Parameters:
  ///   - inventory: all ipvlan links of the machine.
  ///   - removed: those of them that are to be removed.
  ///   - valid: the attachments that the runtime lists; `nil` when it lists none.
  ///   - sparesUnknown: an attachment lives whose namespace nobody knows: what could tell it was not read, or its pod may have a
  ///     link of another plugin.
  package init(
    _ inventory: CompleteInventory, without removed: [IPVLANSlave] = [], valid: Set<Attachment>? = nil,
    sparesUnknown: Bool = false
  ) {
    self.valid = valid.map(Self.noted)
    self.sparesUnknown = sparesUnknown
    let removed = Set(removed.map { $0.place })
    let slaves = inventory.slaves.filter { !removed.contains($0.place) }
    attachments = Set(slaves.compactMap { LinkIdentity.attachment(of: $0.link) })
    // A link without an alias belongs to an attachment that only its addresses tell: the reference plugin made it.
    addresses = Set(slaves.filter { $0.mayBeOfNode }.flatMap { $0.addresses })
  }

  /// Whether a holder of leases keeps them.
  package func isAlive(_ holder: LeaseHolder) -> Bool {
    if isListed(holder.attachment) || attachments.contains(holder.attachment.noted) {
      return true
    }
    if holder.addresses.contains(where: addresses.contains) { return true }
    let hasNamespace = holder.netns.map(NetworkNamespace.exists)
    if sparesUnknown, hasNamespace == nil { return true }
    // Without a list nothing else tells that the pod has ended.
    if valid == nil, hasNamespace ?? false { return true }
    // No ADD is at work for a namespace that is gone.
    return hasNamespace != false && Self.isYoung(holder)
  }

  /// The listed attachments, and what the aliases of links hold of those with long names.
  static func noted(_ valid: Set<Attachment>) -> Set<Attachment> {
    valid.union(
      valid.map {
        Attachment(containerID: AttachmentID.noted(containerID: $0.containerID), ifname: $0.ifname)
      })
  }

  /// Whether an ADD may still be at work for a holder.
  static func isYoung(_ holder: LeaseHolder) -> Bool { holder.age.map { $0 < grace } ?? false }

  private func isListed(_ attachment: AttachmentID) -> Bool {
    valid?.contains(Attachment(containerID: attachment.containerID, ifname: attachment.ifname)) ?? false
  }
}

extension IPVLANSlave {
  /// What tells a link of this machine apart.
  struct Place: Hashable {
    let namespace: NetworkNamespace.Identity
    let index: Int32
  }

  /// Where the link is.
  var place: Place { Place(namespace: namespaceID, index: link.index) }
}
