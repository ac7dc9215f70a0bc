internal import IPAM
package import IPVLAN
internal import JSON
internal import Platform

/// The lease stores of a node, whichever networks share them, each once.
package struct LeaseStores {
  /// Those of `ippool`, that of the default directory included.
  private(set) var pools: [IPPoolAllocator] = []
  /// Those of `host-local`: first those of this plugin's networks.
  private(set) var hostLocals: [HostLocalAllocator] = []
  /// How many of ``hostLocals`` are of this plugin's networks.
  private var ownHostLocals = 0
  /// What could not be read of the configurations, so that stores may be missing, each with the reason.
  package private(set) var faults: [String] = []

  /// Finds the stores of all networks.
  package init(_ networks: NetworkDirectory) {
    faults = networks.faults.filter { $0.remedy == nil }.map { "\($0.file): \($0.problem)" }
    for network in networks.networks {
      do throws(JSONFieldError) { try add(network.poolStore()) } catch { note(error, network) }
    }
    add(try? IPPoolAllocator(ofLeases: JSONFields([:]), network: "default"))
    for network in networks.ipvlanNetworks { addHostLocal(network) }
    ownHostLocals = hostLocals.count
    for network in networks.networks where network.ipvlan == nil { addHostLocal(network) }
  }

  private mutating func add(_ allocator: IPPoolAllocator?) {
    guard let allocator, !pools.contains(where: { $0.dataDirectory == allocator.dataDirectory }) else {
      return
    }
    pools.append(allocator)
  }

  private mutating func addHostLocal(_ network: Network) {
    do throws(JSONFieldError) {
      guard let allocator = try network.hostLocalStore(),
        !hostLocals.contains(where: { $0.leaseDirectory == allocator.leaseDirectory })
      else { return }
      hostLocals.append(allocator)
    } catch {
      note(error, network)
    }
  }

  private mutating func note(_ error: JSONFieldError, _ network: Network) {
    faults.append("\(network.source): the leases of network \(network.name) are not looked at: \(error)")
  }

  /// What no living attachment owns.
  ///
  /// What host-local keeps tells no namespace: pods of other plugins' networks have no link that would tell that they live, so
  /// that those leases are left to whoever made them.
  ///
  /// - Parameter cache: tells the namespaces of attachments whose leases do not.
  package func garbage(_ cache: AttachmentCache, onlyLeases: Bool = false) -> Garbage {
    let namespaces = Dictionary(
      cache.attachments.compactMap { entry in entry.netns.map { (entry.id, $0) } }
    ) { first, _ in first }
    return Garbage(
      .node(namespaces: namespaces, isComplete: cache.faults.isEmpty),
      stores: pools.map { $0 } + hostLocals.prefix(ownHostLocals).map { $0 },
      onlyLeases: onlyLeases)
  }
}
