package import Addressing
package import CNI
package import IPPool
internal import Netlink

/// What is known of the attachments that must keep their leases.
package struct LivingAttachments {
  /// What the caller says is valid; `nil` when it does not say.
  let valid: Set<Attachment>?
  /// Whether the node's links could be looked at; if not, everything counts as alive.
  package var isComplete = true
  private var attachments: Set<AttachmentID> = []
  private var addresses: Set<IPAddress> = []

  package init(valid: Set<Attachment>?) {
    // Links of long names are known by what their notes hold of them.
    self.valid = valid.map { valid in
      valid.union(
        valid.map {
          Attachment(containerID: AttachmentID.noted(containerID: $0.containerID), ifname: $0.ifname)
        })
    }
  }

  /// Whether the link of an attachment stays.
  ///
  /// - Parameter isOccupied: a process lives in its namespace.
  func keeps(_ attachment: AttachmentID, isOccupied: Bool) -> Bool {
    isValid(attachment) || isOccupied || valid == nil
  }

  /// The attachment has a link that stays.
  package mutating func note(_ attachment: AttachmentID) { attachments.insert(attachment) }

  /// A link without a note belongs to an attachment that only its addresses can tell: the reference plugin
  /// made it.
  mutating func note(addressesOf slave: IPVLANSlave, home: borrowing NetworkNamespace) {
    note(slave.addresses(home: home))
  }

  /// Links have these addresses, whosever they are.
  package mutating func note(_ addresses: [IPAddress]) { self.addresses.formUnion(addresses) }

  /// Whether a holder of leases keeps them.
  package func isAlive(_ holder: LeaseHolder) -> Bool {
    if !isComplete || isValid(holder.attachment) || attachments.contains(holder.attachment.noted) {
      return true
    }
    if holder.addresses.contains(where: addresses.contains) { return true }
    // Without a list an ADD may be under way, whose link is not there yet.
    return valid == nil && holder.netns.map(NetworkNamespace.exists) ?? false
  }

  private func isValid(_ attachment: AttachmentID) -> Bool {
    valid?.contains(Attachment(containerID: attachment.containerID, ifname: attachment.ifname)) ?? false
  }
}
