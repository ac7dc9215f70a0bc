package import Addressing
package import IPAM
package import IPVLAN

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
    package let cooldown: Int?
    /// Where the lease is kept.
    package let store: String
    /// It is held, and nothing that lives holds it.
    package let isOrphan: Bool
  }

  /// The leases by address.
  package private(set) var entries: [Entry] = []
  /// Stores that cannot be read, each with the reason.
  package private(set) var faults: [String] = []

  /// Reads the stores.
  ///
  /// - Parameters:
  ///   - garbage: what ``LeaseStores/garbage(_:onlyLeases:)`` has found in them.
  ///   - cache: tells the pods of attachments whose leases do not.
  package init(_ stores: LeaseStores, _ garbage: Garbage, _ cache: AttachmentCache) {
    let dead = garbage.leases.map { Set($0.dead.map(\.attachment)) }
    for (number, store) in stores.pools.enumerated() {
      read(store, number < dead.count ? dead[number] : [])
    }
    for (number, store) in stores.hostLocals.enumerated() {
      let position = stores.pools.count + number
      read(store, position < dead.count ? dead[position] : [], cache)
    }
    entries.sort { ($0.address, $0.store) < ($1.address, $1.store) }
  }

  private mutating func read(_ store: IPPoolAllocator, _ dead: Set<AttachmentID>) {
    do throws(AllocationError) {
      for lease in try store.leases() {
        entries.append(
          Entry(
            address: lease.address, attachment: lease.attachment, pool: lease.pool, pod: lease.pod,
            netns: lease.netns, since: lease.since,
            cooldown: lease.release.map { _ in store.cooldown(of: lease) }, store: store.dataDirectory,
            isOrphan: lease.release == nil && dead.contains(lease.attachment)))
      }
    } catch {
      faults.append(error.text)
    }
  }

  private mutating func read(
    _ store: HostLocalAllocator, _ dead: Set<AttachmentID>, _ cache: AttachmentCache
  ) {
    do throws(AllocationError) {
      for holder in try store.holders() {
        let cached = cache.attachments.first { $0.id == holder.attachment }
        for address in holder.addresses {
          entries.append(
            Entry(
              address: address, attachment: holder.attachment, pool: nil, pod: cached?.pod,
              netns: cached?.netns, since: nil, cooldown: nil, store: store.leaseDirectory,
              isOrphan: dead.contains(holder.attachment)))
        }
      }
    } catch {
      faults.append(error.text)
    }
  }
}
