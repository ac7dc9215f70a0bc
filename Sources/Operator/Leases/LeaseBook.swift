package import Addressing
package import IPPool
internal import IPVLAN
internal import JSON
internal import Platform

/// Every lease of the node, whichever network and allocator gave it.
package struct LeaseBook {
  /// A lease and what has become of its holder.
  package struct Entry: Sendable {
    /// The address.
    package let address: IPAddress
    /// Who holds it, or held it.
    package let attachment: AttachmentID
    /// The pool that it came from; `host-local` has none.
    package let pool: String?
    /// The pod, `namespace/name`.
    package let pod: String?
    /// The path of the holder's namespace.
    package let netns: String?
    /// When it was given, in seconds of Unix time; `nil` where that is not recorded.
    package let since: Int?
    /// Seconds for which the released address still rests; `nil` while it is held.
    package let rest: Int?
    /// Where the lease is kept.
    package let store: String
    /// It is held, and nothing that lives holds it.
    package let isOrphan: Bool
  }

  /// The leases by address.
  package private(set) var entries: [Entry] = []
  /// Stores that cannot be read, each with the reason.
  package private(set) var faults: [String] = []
  /// The stores that exist, whichever networks share them.
  let poolStores: [IPPoolAllocator]
  let hostLocalStores: [HostLocalAllocator]

  /// Reads the stores of all networks, and of the default directory.
  package init(_ networks: NetworkDirectory, _ inventory: NodeInventory) {
    let living = inventory.living
    var stores: [IPPoolAllocator] = []
    let byDefault = try? IPPoolAllocator(JSONFields([:]), network: "default", environment: .current())
    for allocator in networks.networks.compactMap(\.poolAllocator) + [byDefault].compactMap(\.self)
    where !stores.contains(where: { $0.dataDirectory == allocator.dataDirectory }) {
      stores.append(allocator)
    }
    poolStores = stores
    hostLocalStores = networks.networks.compactMap(\.hostLocalAllocator)
    for store in poolStores { read(store, living) }
    for store in hostLocalStores { read(store, living, inventory) }
    entries.sort { ($0.address, $0.store) < ($1.address, $1.store) }
  }

  private mutating func read(_ store: IPPoolAllocator, _ living: LivingAttachments) {
    do throws(AllocationError) {
      let dead = Set(try store.holders().filter { !living.isAlive($0) }.map(\.attachment))
      for lease in try store.leases() {
        entries.append(
          Entry(
            address: lease.address, attachment: lease.attachment, pool: lease.pool, pod: lease.pod,
            netns: lease.netns, since: lease.since,
            rest: lease.release.map { _ in store.rest(of: lease) }, store: store.dataDirectory,
            isOrphan: lease.release == nil && dead.contains(lease.attachment)))
      }
    } catch {
      faults.append("\(error.message); \(error.details)")
    }
  }

  private mutating func read(
    _ store: HostLocalAllocator, _ living: LivingAttachments, _ inventory: NodeInventory
  ) {
    do throws(AllocationError) {
      for holder in try store.holders() {
        let cached = inventory.cache.attachments.first { $0.id == holder.attachment }
        // What host-local writes down does not tell the namespace; libcni's cache does.
        let known = LeaseHolder(
          attachment: holder.attachment, netns: cached?.netns, addresses: holder.addresses)
        for address in holder.addresses {
          entries.append(
            Entry(
              address: address, attachment: holder.attachment, pool: nil, pod: cached?.pod,
              netns: cached?.netns, since: nil, rest: nil, store: store.leaseDirectory,
              isOrphan: !living.isAlive(known)))
        }
      }
    } catch {
      faults.append("\(error.message); \(error.details)")
    }
  }
}

extension NodeInventory {
  /// What must keep its leases.
  var living: LivingAttachments {
    var living = LivingAttachments(valid: nil)
    living.isComplete = isComplete
    for slave in slaves {
      if let attachment = slave.attachment { living.note(attachment) } else { living.note(slave.hosts) }
    }
    return living
  }
}
