internal import ClusterObjects
internal import KubernetesClient

/// What the controller knows of the cluster.
struct ControllerView: Sendable {
  /// The objects of a collection, and how far they can be relied on.
  struct Mirror<Value: Sendable>: Sendable {
    private(set) var feed = Feed()
    private(set) var objects: [ObjectKey: Value] = [:]
    private var versions: [ObjectKey: String] = [:]
    private let make: @Sendable (UnstructuredObject) -> Value

    init(_ make: @escaping @Sendable (UnstructuredObject) -> Value) { self.make = make }

    /// What is not there is not there.
    var isWhole: Bool { feed.isWhole }

    mutating func take(_ event: ReflectorEvent<UnstructuredObject>) {
      feed.note(event)
      switch event {
      case .listed(let list):
        objects = [:]
        versions = [:]
        for object in list.items { put(object) }
      case .changed(let object): put(object)
      case .deleted(let object): remove(object)
      case .connected, .failed: break
      }
    }

    /// Takes over what the server has answered to a write, so that it is not written again before its event comes. An
    /// event of a later change may have been faster, also that of its end: an unknown object is left to its event.
    mutating func putAnswer(_ object: UnstructuredObject) {
      guard let key = object.metadata.key, let known = versions[key], object.metadata.isNewer(than: known)
      else { return }
      put(object)
    }

    private mutating func put(_ object: UnstructuredObject) {
      guard let key = object.metadata.key else { return }
      objects[key] = make(object)
      versions[key] = object.metadata.resourceVersion
    }

    private mutating func remove(_ object: UnstructuredObject) {
      guard let key = object.metadata.key else { return }
      objects[key] = nil
      versions[key] = nil
    }
  }

  var networks = Mirror { $0 }
  var definitions = Mirror { $0 }
  var pools = Mirror { $0 }
  var reports = Mirror(ReportObject.init)
  /// The identities of the Nodes.
  var nodes = Mirror { $0.metadata.uid ?? "" }
  var blocks = Mirror { $0 }
  /// The pools in the last form that could be used.
  private(set) var ledger = LastValidPools()

  mutating func take(_ collection: Resources.Collection, _ event: ReflectorEvent<UnstructuredObject>) {
    switch collection {
    case Resources.networks: networks.take(event)
    case Resources.definitions: definitions.take(event)
    case Resources.reports: reports.take(event)
    case Resources.nodes: nodes.take(event)
    case Resources.blocks: blocks.take(event)
    case Resources.pools:
      pools.take(event)
      ledger.take(event)
    default: break
    }
  }

  /// Takes over the answer to a write.
  mutating func put(_ collection: String, _ object: UnstructuredObject) {
    switch collection {
    case Resources.networks.qualifiedName: networks.putAnswer(object)
    case Resources.definitions.qualifiedName: definitions.putAnswer(object)
    case Resources.pools.qualifiedName: pools.putAnswer(object)
    case Resources.reports.qualifiedName: reports.putAnswer(object)
    default: break
    }
  }

  /// The reports that say anything of a pool, by its name.
  var reportsByPool: [String: [ReportObject]] {
    var reports: [String: [ReportObject]] = [:]
    for report in self.reports.objects.values {
      for name in report.poolNames { reports[name, default: []].append(report) }
    }
    return reports
  }

  /// What is followed, in the order in which people look for it.
  static let collections = [
    Resources.networks, Resources.definitions, Resources.pools, Resources.reports, Resources.nodes,
    Resources.blocks,
  ]

  /// How far each collection can be relied on.
  var feeds: [(collection: String, feed: Feed)] {
    zip(
      Self.collections, [networks.feed, definitions.feed, pools.feed, reports.feed, nodes.feed, blocks.feed]
    )
    .map { ($0.qualifiedName, $1) }
  }
}
