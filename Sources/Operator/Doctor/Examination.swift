internal import Addressing
internal import CNI
internal import IPPool
internal import IPVLAN
internal import JSON
internal import Netlink

/// All that a doctor looks at, read once.
package struct Examination {
  let inventory: NodeInventory
  let directory: NetworkDirectory
  let leases: LeaseBook
  /// What no living attachment owns.
  let garbage: Garbage
  /// The networks whose keys can be used.
  let subjects: [Subject]
  /// What the instance's NICs own; `nil` where no metadata service is to be asked, or none answers.
  let instance: Instance?
  /// The node's own addresses.
  let nodeAddresses: NodeAddresses
  /// Where `ipvlan-agent` says how it is.
  let agentDirectory: String
  /// What could not be looked at, and why.
  let remarks: [String]

  /// Reads everything.
  /// - Throws: ``Refusal`` when not even the node's links can be listed.
  package init(_ sources: NodeSources) throws(Refusal) {
    agentDirectory = sources.agent
    let cache = AttachmentCache(directory: sources.cache)
    directory = NetworkDirectory(sources.configurations, cache: cache)
    // Before the links: a lease that is younger than they are has none yet.
    let stores = LeaseStores(directory)
    garbage = stores.garbage(cache)
    leases = LeaseBook(stores, garbage, cache)
    var inventory = try Node.inventory(cache)
    inventory.identify(by: leases.entries)
    self.inventory = inventory
    subjects = directory.ipvlanNetworks.compactMap(Subject.init)
    var remarks = inventory.remarks + garbage.failures.map(\.message)
    var instance: Instance?
    if let endpoint = sources.metadata {
      do throws(Refusal) { instance = try Instance(endpoint) } catch {
        remarks.append("what the NICs own is not looked at: \(error)")
      }
    }
    self.instance = instance
    nodeAddresses = NodeAddresses(
      inventory.nodeAddresses, links: inventory.nodeLinks,
      primaries: instance?.interfaces.compactMap(\.primary) ?? [])
    self.remarks = remarks + (instance?.remarks ?? [])
  }

  /// A network of this plugin with its keys, its master if there is one, and its pools if it has some.
  struct Subject {
    let network: Network
    let keys: PluginConfiguration
    let master: Link?
    let allocator: IPPoolAllocator?
    let survey: IPPoolAllocator.Survey?

    init?(_ network: Network) {
      guard let fields = network.ipvlan, let keys = try? PluginConfiguration(checking: fields) else {
        return nil
      }
      self.network = network
      self.keys = keys
      master = Self.master(keys)
      allocator = network.poolAllocator
      survey = allocator.flatMap { try? $0.survey() }
    }

    /// The pools that serve the network here.
    var pools: [PoolCount] { survey?.pools.filter { $0.objection == nil }.map(\.count) ?? [] }

    private static func master(_ keys: PluginConfiguration) -> Link? {
      // A master in a pod is known only when there is a pod.
      guard !keys.isLinkInContainer, var socket = try? NetlinkSocket() else { return nil }
      return try? Master.find(keys.master, through: &socket)
    }
  }

  /// The links in pods whose master is a link of this node.
  var podLinks: [NodeLink] {
    inventory.slaves.filter { ($0.masterPlace?.isHome ?? false) && !$0.isHostLink }
  }

  /// The keys of the network that an attachment is on.
  func keys(of link: NodeLink) -> PluginConfiguration? {
    subjects.first { $0.network.name == link.attachment?.network }?.keys
  }
}
