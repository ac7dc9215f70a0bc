internal import IPAM
package import IPVLAN
internal import JSON
internal import Platform

/// The lease stores of a node, whichever networks share them, each once.
package struct LeaseStores {
  /// Those of `ippool`, that of the default directory included.
  let pools: [IPPoolAllocator]
  /// Those of `host-local`.
  let hostLocals: [HostLocalAllocator]

  /// Finds the stores of all networks.
  package init(_ networks: NetworkDirectory) {
    let byDefault = try? IPPoolAllocator(JSONFields([:]), network: "default", environment: .current())
    var pools: [IPPoolAllocator] = []
    for allocator in networks.networks.compactMap(\.poolAllocator) + [byDefault].compactMap(\.self)
    where !pools.contains(where: { $0.dataDirectory == allocator.dataDirectory }) {
      pools.append(allocator)
    }
    var hostLocals: [HostLocalAllocator] = []
    for allocator in networks.networks.compactMap(\.hostLocalAllocator)
    where !hostLocals.contains(where: { $0.leaseDirectory == allocator.leaseDirectory }) {
      hostLocals.append(allocator)
    }
    self.pools = pools
    self.hostLocals = hostLocals
  }

  /// What no living attachment owns.
  ///
  /// - Parameter cache: tells the namespaces of attachments whose leases do not.
  package func garbage(_ cache: AttachmentCache, onlyLeases: Bool = false) -> Garbage {
    let namespaces = Dictionary(
      cache.attachments.compactMap { entry in entry.netns.map { (entry.id, $0) } }
    ) { first, _ in first }
    return Garbage(
      .node(namespaces: namespaces), stores: pools.map { $0 } + hostLocals.map { $0 },
      onlyLeases: onlyLeases)
  }
}
