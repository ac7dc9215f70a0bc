internal import Addressing
internal import IPPool
internal import JSON

/// What pods of this node hold, by their leases and by their links.
enum HeldAddresses {
  /// Everything that is known; nothing may be taken away on less.
  /// - Throws: ``Refusal`` when leases or links cannot be read.
  static func all(_ sources: NodeSources) throws(Refusal) -> AddressSet {
    let inventory = try Node.inventory(sources)
    let directory = NetworkDirectory(sources.configurations, cache: inventory.cache)
    var held = inventory.slaves.filter { !$0.isHostLink }.flatMap(\.hosts)
    var seen: Set<String> = []
    // The leases of configurations that were removed lie where the default is.
    let standard = try? IPPoolAllocator(JSONFields([:]), network: "", environment: .current())
    for allocator in directory.networks.compactMap(\.poolAllocator) + [standard].compactMap(\.self)
    where seen.insert(allocator.dataDirectory).inserted {
      do throws(AllocationError) {
        held += try allocator.holders().flatMap(\.addresses)
      } catch {
        throw Refusal("what pods hold is not known: \(error.message); \(error.details)")
      }
    }
    return AddressSet(held.map { IPRange($0) })
  }
}
