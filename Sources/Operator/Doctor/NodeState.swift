internal import Addressing
internal import CNI
internal import IPAM
internal import IPVLAN
internal import JSON
internal import Netlink

/// All that a doctor looks at, read once.
package struct NodeState {
  let inventory: NodeInventory
  let directory: NetworkDirectory
  let leases: LeaseBook
  /// What no living attachment owns.
  let garbage: Garbage
  /// The networks that use this plugin. A failure is one whose keys cannot be used.
  let networks: [Result<Subject, KeyFault>]
  /// Those of them whose keys can be used.
  var subjects: [Subject] { networks.compactMap { try? $0.get() } }
  /// What the instance's NICs own; `nil` where no metadata service is to be asked, or none answers.
  let instance: Instance?
  /// The node's own addresses.
  let nodeAddresses: NodeAddresses
  /// Where `ipvlan-agent` says how it is.
  let agentDirectory: String
  /// What the node has for pods; `nil` where that cannot be read.
  private let podAccess: PodAccess?
  /// What could not be looked at, and why; but for ``unread``.
  private let notes: [String]
  /// What could not be read, and why, so that nothing is known of it.
  let unread: [String]
  /// What could not be looked at, and why.
  var remarks: [String] { notes + unread }

  /// Reads everything.
  /// - Throws: ``UserError`` when not even the node's links can be listed.
  package init(_ sources: NodeSources) throws(UserError) {
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
    networks = directory.networks.compactMap(Subject.read)
    var remarks = inventory.remarks
    var unread = garbage.failures.map(\.message)
    do throws(NetlinkError) { podAccess = try PodAccess() } catch {
      podAccess = nil
      unread.append("which pods have host access, and which are fenced, is not known: \(error)")
    }
    unread += networks.compactMap { try? $0.get() }.compactMap(\.surveyFault)
    var instance: Instance?
    if let endpoint = sources.metadata {
      do throws(UserError) { instance = try Instance(endpoint) } catch {
        remarks.append("what the NICs own is not looked at: \(error)")
      }
    }
    self.instance = instance
    nodeAddresses = NodeAddresses(
      inventory.nodeAddresses, links: inventory.nodeLinks,
      primaries: instance?.interfaces.compactMap(\.primary) ?? [])
    notes = remarks + (instance?.remarks ?? [])
    self.unread = unread
  }

  /// A network of this plugin whose keys cannot be used, and why.
  struct KeyFault: Error {
    let network: Network
    let error: JSONFieldError
  }

  /// A network of this plugin with its keys, its master if there is one, and its pools if it has some.
  struct Subject {
    let network: Network
    let keys: PluginConfiguration
    let master: Link?
    /// Why there is no master; `nil` also where none was looked for.
    let masterFault: CNIError?
    /// The gateways of the node's default routes by the master.
    let gateways: Set<IPAddress>
    let allocator: IPPoolAllocator?
    let survey: IPPoolAllocator.Survey?
    /// Why there is none although there are pools, in words.
    let surveyFault: String?

    /// `nil` for a network that does not use this plugin.
    static func read(_ network: Network) -> Result<Subject, KeyFault>? {
      guard let fields = network.ipvlan else { return nil }
      do throws(JSONFieldError) {
        return .success(Subject(network, try PluginConfiguration(checking: fields)))
      } catch {
        return .failure(KeyFault(network: network, error: error))
      }
    }

    private init(_ network: Network, _ keys: PluginConfiguration) {
      self.network = network
      self.keys = keys
      (master, masterFault) = Self.master(keys)
      gateways = Self.gateways(master)
      allocator = network.poolAllocator
      do throws(AllocationError) {
        survey = try allocator?.survey()
        surveyFault = nil
      } catch {
        survey = nil
        surveyFault = "the pools of network \(network.name) are not looked at: \(error.text)"
      }
    }

    /// The pools that serve the network here.
    var pools: [PoolCount] { survey?.pools.filter { $0.objection == nil }.map(\.count) ?? [] }

    private static func master(_ keys: PluginConfiguration) -> (Link?, CNIError?) {
      // A master in a pod is known only when there is a pod.
      guard !keys.isLinkInContainer else { return (nil, nil) }
      do throws(CNIError) { return (try Master.find(keys.master), nil) } catch { return (nil, error) }
    }

    private static func gateways(_ master: Link?) -> Set<IPAddress> {
      guard let master, var socket = try? NetlinkSocket() else { return [] }
      return Set(
        IPFamily.allCases.flatMap { (try? socket.defaultGateways($0, outOf: master.index)) ?? [] }
          .map(\.gateway))
    }
  }

  /// The links in pods whose master is a link of this node.
  var podLinks: [NodeLink] {
    inventory.slaves.filter { ($0.masterPlace?.isHostNamespace ?? false) && !$0.isHostLink }
  }

  /// What is known of a network of the directory; `nil` where its keys cannot be used, or another plugin's are.
  func subject(of network: Network) -> Subject? {
    subjects.first { $0.network.name == network.name && $0.network.source == network.source }
  }

  /// The keys of the network that an attachment is on, as its configuration is now.
  func keys(of link: NodeLink) -> PluginConfiguration? { subject(of: link)?.keys }

  /// The network that an attachment is on.
  func subject(of link: NodeLink) -> Subject? {
    subjects.first { $0.network.name == link.attachment?.network }
  }

  /// Whether what the node has for pods could be read.
  var isPodAccessKnown: Bool { podAccess != nil }

  /// How a running pod and the node stand to each other: as the node has it, else as it was configured when the pod was made,
  /// else as it is configured now. `nil` where nothing tells it, or what the node has cannot be read.
  func nodeAccess(of link: NodeLink) -> PluginConfiguration.NodeAccess? {
    guard let podAccess else { return nil }
    // In l2 the node never sees the pod's packets, whatever the file says by now.
    guard link.link.ipvlanMode != .l2 else { return link.cached?.keys?.nodeAccess ?? .separate }
    // An address that another pod has too tells nothing of this one.
    return podAccess.nodeAccess(of: link.hosts.filter { !isElsewhere($0, than: link) })
      ?? (link.cached?.keys ?? keys(of: link))?.nodeAccess
  }

  private func isElsewhere(_ address: IPAddress, than link: NodeLink) -> Bool {
    podLinks.contains { other in
      (other.place.identity, other.link.index) != (link.place.identity, link.link.index)
        && other.hosts.contains(address)
    }
  }
}
