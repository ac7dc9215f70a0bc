internal import ClusterObjects
internal import KubernetesClient

/// What the agent knows of the cluster.
struct ClusterView: Sendable {
  private(set) var ledger: LastValidPools
  private(set) var reserved: [String: UnstructuredObject] = [:]
  private(set) var labels: [String: String]?
  private(set) var nodeUID: String?
  /// The Node was there in this run.
  private(set) var wasNodeSeen = false
  private(set) var pools = Feed()
  private(set) var reservations = Feed()
  private(set) var node = Feed()
  /// Who has claimed what of shared pools.
  private(set) var blocks = BlockMap()
  private(set) var blockFeed = Feed()
  /// Pods and namespaces, while they are followed.
  private(set) var podMirror = PodMirror()

  /// The definitions of networks, while they are followed.
  private(set) var networkMirror = NetworkMirror()

  /// - Parameter before: the pools of the run before.
  init(before: [PoolObject]) { ledger = LastValidPools(before: before) }

  /// Whether everything that the pool file says has been read whole. The node's labels are no part of it: they decide
  /// about no address (``PoolResolver``).
  var isComplete: Bool { feeds.allSatisfy { $0.feed.isComplete } }

  /// The collections that decide about addresses.
  private var feeds: [(collection: String, feed: Feed)] {
    [
      (Resources.pools.qualifiedName, pools), (Resources.reservedIPs.qualifiedName, reservations),
      (Resources.blocks.qualifiedName, blockFeed),
    ]
  }

  /// What is followed all the time.
  var allFeeds: [(collection: String, feed: Feed)] { feeds + [(Resources.nodes.qualifiedName, node)] }

  /// What cannot be followed at the moment, by collection.
  var failures: [(collection: String, failure: Feed.Failure)] {
    allFeeds.compactMap { name, feed in feed.failure.map { (name, $0) } }
  }

  /// What cannot be followed of pods and namespaces, by collection.
  var podFailures: [(collection: String, failure: Feed.Failure)] {
    podFeeds.compactMap { name, feed in feed.failure.map { (name, $0) } }
  }

  /// What cannot be followed of the definitions of networks, by collection.
  var networkFailures: [(collection: String, failure: Feed.Failure)] {
    networkMirror.feed.failure.map { [(Resources.definitions.qualifiedName, $0)] } ?? []
  }

  var podFeeds: [(collection: String, feed: Feed)] {
    [
      (Resources.pods.qualifiedName, podMirror.podFeed),
      (Resources.namespaces.qualifiedName, podMirror.namespaceFeed),
    ]
  }

  /// All that decides about addresses has to be listed anew before it counts.
  mutating func forgetLists() {
    pools.forgetList()
    reservations.forgetList()
    blockFeed.forgetList()
  }

  mutating func takePods(_ event: ReflectorEvent<PodObject>) { podMirror.takePods(event) }
  mutating func takeNamespaces(_ event: ReflectorEvent<NamespaceObject>) { podMirror.takeNamespaces(event) }
  mutating func takeNetworks(_ event: ReflectorEvent<UnstructuredObject>) { networkMirror.take(event) }
  mutating func forgetPods() { podMirror = PodMirror() }

  mutating func takePools(_ event: ReflectorEvent<UnstructuredObject>) {
    pools.note(event)
    ledger.take(event)
  }

  mutating func takeReserved(_ event: ReflectorEvent<UnstructuredObject>) {
    reservations.note(event)
    switch event {
    case .listed(let list):
      reserved = Dictionary(list.items.map { ($0.metadata.name ?? "", $0) }) { first, _ in first }
    case .changed(let object): if let name = object.metadata.name { reserved[name] = object }
    case .deleted(let object): if let name = object.metadata.name { reserved[name] = nil }
    case .connected, .failed: break
    }
  }

  mutating func takeBlocks(_ event: ReflectorEvent<UnstructuredObject>) {
    blockFeed.note(event)
    blocks.take(event)
  }

  mutating func takeNode(_ event: ReflectorEvent<UnstructuredObject>) {
    node.note(event)
    switch event {
    case .listed(let list): setNode(list.items.first)
    case .changed(let object): setNode(object)
    case .deleted: setNode(nil)
    case .connected, .failed: break
    }
  }

  private mutating func setNode(_ object: UnstructuredObject?) {
    labels = object.map { $0.metadata.labels ?? [:] }
    nodeUID = object?.metadata.uid
    if object != nil { wasNodeSeen = true }
  }
}
