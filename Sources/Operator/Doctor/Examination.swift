internal import Addressing
internal import CNI
internal import IPPool
internal import IPVLAN
internal import JSON
internal import Netlink

/// All that a doctor looks at, read once.
struct Examination {
  let inventory: NodeInventory
  let directory: NetworkDirectory
  let leases: LeaseBook

  init(_ paths: NodePaths) throws(Refusal) {
    inventory = try Node.inventory(paths)
    directory = NetworkDirectory(paths.configurations, cache: inventory.cache)
    leases = LeaseBook(directory, inventory)
  }

  /// A network of this plugin with its keys, and its master if there is one.
  struct Subject {
    let network: Network
    let keys: PluginConfiguration
    let master: Link?
  }

  /// The networks whose keys can be used.
  var subjects: [Subject] {
    directory.ipvlanNetworks.compactMap { network in
      guard let fields = network.ipvlan, let keys = try? PluginConfiguration(checking: fields) else {
        return nil
      }
      return Subject(network: network, keys: keys, master: Self.master(keys))
    }
  }

  private static func master(_ keys: PluginConfiguration) -> Link? {
    // A master in a pod is known only when there is a pod.
    guard !keys.isLinkInContainer, var socket = try? NetlinkSocket() else { return nil }
    return try? Master.find(keys.master, through: &socket)
  }

  /// The links in pods whose master is a link of this node.
  var podLinks: [NodeLink] {
    inventory.slaves.filter { ($0.masterPlace?.isHome ?? false) && !$0.isHostLink }
  }

  /// The keys of the network that an attachment is on.
  func keys(of link: NodeLink) -> PluginConfiguration? {
    let network = link.attachment.flatMap { directory.network(named: $0.network) }
    return network?.ipvlan.flatMap { try? PluginConfiguration(checking: $0) }
  }
}
