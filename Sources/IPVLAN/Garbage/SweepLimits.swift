internal import Addressing
internal import IPAM
internal import Netlink

/// What may be taken from the node as belonging to nobody.
///
/// An address belongs to a pod when a link has it, and also when a living attachment's lease has it: somebody may have taken it
/// off the link.
struct SweepLimits {
  private var spared: Set<IPAddress>
  private var hasUnknownOwners: Bool

  /// - Parameter holders: the holders of each store of the scope; `nil` for one that could not be read.
  init(
    _ inventory: CompleteInventory, without removed: [IPVLANSlave] = [], scope: Garbage.Scope,
    holders: [[LeaseHolder]?], except attachment: AttachmentID? = nil
  ) {
    let liveness = Liveness(
      inventory, without: removed, valid: scope.valid, sparesUnknown: !scope.knowsNamespaces)
    let leased = holders.flatMap { $0 ?? [] }.filter { $0.attachment != attachment && liveness.isAlive($0) }
    let removed = Set(removed.map { $0.place })
    let slaves = inventory.slaves.filter { $0.mayBeOfNode && !removed.contains($0.place) }
    spared = Set(slaves.flatMap { $0.addresses }).union(leased.flatMap { $0.addresses })
    let known = Set(leased.map { $0.attachment.noted })
    // A pod that has lost its addresses, and whose lease is not at hand, may own any; but the one that is detached owns none any more.
    // In l2 the node has nothing for pods.
    hasUnknownOwners =
      holders.contains { $0 == nil }
      || slaves.contains { slave in
        guard let owner = LinkIdentity.attachment(of: slave.link), slave.link.ipvlanMode != .l2 else {
          return false
        }
        return slave.addresses.allSatisfy { $0.isLinkLocal } && !known.contains(owner)
          && owner != attachment?.noted
      }
  }

  /// Those of the addresses that nobody owns.
  ///
  /// - Parameter known: addresses that belonged to an attachment that is gone, whoever else may have lost some.
  func leftover(of addresses: [IPAddress], known: Set<IPAddress> = []) -> [IPAddress] {
    addresses.filter { !spared.contains($0) && (!hasUnknownOwners || known.contains($0)) }
  }
}
