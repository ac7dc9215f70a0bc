package import Addressing
package import IPAM
internal import JSON

/// What a node needs to know of itself to tell which pools are its own.
package struct NodeIdentity: Sendable, Hashable {
  /// The node's name.
  package var name: String
  /// The labels of the Node; `nil` as long as nobody could tell.
  package var labels: [String: String]?

  package init(name: String, labels: [String: String]?) { (self.name, self.labels) = (name, labels) }
}

/// What becomes of the cluster's pools on one node.
package struct PoolResolution: Sendable {
  /// A pool of this node.
  package struct Entry: Sendable {
    package let object: PoolObject
    /// What this node may give: without the addresses that older pools have.
    package let addresses: AddressSet
    /// Why nothing is given from it; `nil` when something is.
    package let withheld: String?
    /// The rest of a shared pool, when this node's part was cut out.
    package let sharing: NodePool.Sharing?
    /// The labels of the node have made it this node's.
    package let isChosenByLabels: Bool

    /// The same pool with less.
    package func with(
      _ addresses: AddressSet, sharing: NodePool.Sharing? = nil, withheld: String? = nil
    ) -> Entry {
      Entry(
        object: object, addresses: addresses, withheld: self.withheld ?? withheld, sharing: sharing,
        isChosenByLabels: isChosenByLabels)
    }
  }

  /// Something to tell of a pool.
  package struct Conflict: Sendable, Hashable {
    package let identity: ObjectIdentity
    package let problem: String
  }

  /// The pools of this node, the older first.
  package var entries: [Entry] = []
  /// Pools that older ones leave less to, or nothing.
  package var conflicts: [Conflict] = []
}

/// Decides which pools serve a node, and what of them. Every node decides alike, since every node sees the same objects.
package struct PoolResolver: Sendable {
  package let node: NodeIdentity

  package init(node: NodeIdentity) { self.node = node }

  package func resolve(_ pools: some Collection<PoolObject>) -> PoolResolution {
    var resolution = PoolResolution()
    var older: [(pool: NodePool, addresses: AddressSet)] = []
    let sorted = pools.sorted { ObjectIdentity.precedes($0.identity, $1.identity) }
    // Of a thousand pools few have anything in common with others.
    for (object, isSuspect) in zip(sorted, PoolContradictions.suspects(sorted.map(\.pool))) {
      let pool = object.pool
      guard isSuspect else {
        if isOwn(pool) {
          resolution.entries.append(entry(object, pool.addresses, withheld: withheld(object)))
        }
        continue
      }
      if let other = older.first(where: {
        $0.pool.subnet != pool.subnet && $0.pool.subnet.overlaps(pool.subnet)
      }) {
        resolution.conflicts.append(
          .init(
            identity: object.identity,
            problem:
              "subnet \(pool.subnet) overlaps with subnet \(other.pool.subnet) of pool \(other.pool.name), which"
              + " is older: nothing is given from this pool"))
        // It has no addresses, and stands in nobody's way.
        if isOwn(pool) {
          resolution.entries.append(
            entry(
              object, AddressSet(),
              withheld: "its subnet overlaps with that of the older pool \(other.pool.name)"))
        }
        continue
      }
      var addresses = pool.addresses
      for other in older where other.addresses.overlaps(addresses) {
        resolution.conflicts.append(
          .init(
            identity: object.identity,
            problem:
              "\(Self.text(addresses.intersection(other.addresses))) belong to pool \(other.pool.name), which is"
              + " older: this pool does without"))
        addresses = addresses.subtracting(other.addresses)
      }
      older.append((pool, addresses))
      guard isOwn(pool) else { continue }
      resolution.entries.append(entry(object, addresses, withheld: withheld(object)))
    }
    return resolution
  }

  private func entry(
    _ object: PoolObject, _ addresses: AddressSet, withheld: String?
  ) -> PoolResolution.Entry {
    let pool = object.pool
    return .init(
      object: object, addresses: addresses, withheld: withheld, sharing: nil,
      isChosenByLabels: pool.nodeNames.isEmpty && pool.nodeAffinity != nil && node.labels != nil)
  }

  /// Whether the pool is for this node, alone or with others. As long as the node's labels are not known, a pool that
  /// asks for them counts as its own: several nodes share it, so that nothing is given from it by that.
  private func isOwn(_ pool: NodePool) -> Bool {
    guard pool.nodeNames.isEmpty else { return pool.nodeNames.contains(node.name) }
    guard let affinity = pool.nodeAffinity, let labels = node.labels else { return true }
    return affinity.matches(labels)
  }

  private func withheld(_ object: PoolObject) -> String? {
    object.identity.terminating == nil ? nil : "it is being deleted"
  }

  private static func text(_ addresses: AddressSet) -> String {
    let shown = addresses.ranges.prefix(5).map(\.description).joined(separator: ", ")
    return addresses.ranges.count > 5 ? "\(shown) and \(addresses.ranges.count - 5) more ranges" : shown
  }
}
