internal import Addressing
internal import IPAM

/// What pods of this node hold, by their leases and by their links.
enum HeldAddresses {
  /// Everything that is known; nothing may be taken away on less.
  /// - Throws: ``UserError`` when leases or links cannot be read.
  static func all(_ sources: NodeSources) throws(UserError) -> AddressSet {
    let cache = AttachmentCache(directory: sources.cache)
    var held: [IPAddress] = []
    let stores = LeaseStores(NetworkDirectory(sources.configurations, cache: cache))
    if let fault = (cache.faults + stores.faults).first {
      throw UserError("what pods hold is not known: \(fault)")
    }
    for store in stores.pools {
      do throws(AllocationError) { held += try store.holders().flatMap(\.addresses) } catch {
        throw UserError("what pods hold is not known: \(error.text)")
      }
    }
    let inventory = try Node.inventory(cache)
    guard inventory.isComplete else {
      throw UserError(
        "what pods hold is not known: \((inventory.remarks + inventory.unread.map(\.description)).joined(separator: "; "))"
      )
    }
    // A machine can hold several nodes, each in a namespace.
    held += inventory.slaves.filter { !$0.isHostLink && $0.masterPlace?.isHostNamespace ?? true }.flatMap(
      \.hosts)
    return AddressSet(held.map { IPRange($0) })
  }
}
