import Addressing
import ClusterObjects
import ClusterTestSupport
import KubernetesClient
import TestSupport

/// The API server: what happened, in its order.
struct ModelServer {
  enum Change {
    case block(UnstructuredObject)
    case noBlock(String)
    case pool(UnstructuredObject)
    case node(String, uid: String?)
  }

  /// Each collection has a watch of its own: pools, blocks, Nodes.
  private(set) var changes: [[(change: Change, version: Int)]] = [[], [], []]
  private(set) var version = 0
  /// By how much each write raises the version. Between a backup and a restore there are far more writes than between the
  /// restore and the moment when the nodes have looked.
  var stride = 1000
  /// Its clock, in seconds.
  var clock = 1_000_000
  private var blocks: [String: UnstructuredObject] = [:]
  /// In an order that each run has.
  var sortedBlocks: [UnstructuredObject] { blocks.sorted { $0.key < $1.key }.map(\.value) }
  private(set) var pools: [String: UnstructuredObject] = [:]
  private(set) var nodes: [String: String] = [:]
  /// They outlive the Nodes.
  private(set) var reports: [String: NodeProgress] = [:]
  private(set) var reportMetadata: [String: ObjectMetadata] = [:]
  private var uids = 0

  init(_ pools: [UnstructuredObject]) { for pool in pools { set(pool) } }

  mutating func uid() -> String {
    uids += 1
    return "uid-\(uids)"
  }

  private mutating func write(_ change: Change, watch: Int) {
    version += stride
    changes[watch].append((change, version))
  }

  mutating func set(_ pool: UnstructuredObject) {
    pools[pool.metadata.name ?? ""] = pool
    write(.pool(pool), watch: 0)
  }

  mutating func setNode(_ name: String, _ uid: String?) {
    nodes[name] = uid
    write(.node(name, uid: uid), watch: 2)
  }

  /// Writes a report over the version that its node knows; `nil` for one that it makes.
  /// - Returns: `nil` when there is another version.
  mutating func setReport(_ report: NodeProgress, over version: String?) -> ObjectMetadata? {
    guard reportMetadata[report.node]?.resourceVersion == version else { return nil }
    self.version += stride
    var metadata = reportMetadata[report.node] ?? ObjectMetadata(name: report.node)
    metadata.uid = metadata.uid ?? uid()
    metadata.resourceVersion = "\(self.version)"
    (reports[report.node], reportMetadata[report.node]) = (report, metadata)
    return metadata
  }

  mutating func removeReport(of node: String) { (reports[node], reportMetadata[node]) = (nil, nil) }

  /// A list of a node's report.
  func list(reportOf node: String) -> ResourceList<UnstructuredObject> {
    ResourceList(
      items: reportMetadata[node].map { [UnstructuredObject(metadata: $0)] } ?? [],
      resourceVersion: "\(version)",
      serverTime: Timestamp(seconds: clock))
  }

  /// Becomes what it was; clock and UIDs go on.
  mutating func restore(_ backup: ModelServer, leaping: Bool) {
    let (clock, uids) = (clock, uids)
    self = backup
    (self.clock, self.uids, stride) = (clock, uids, 1)
    if leaping { version += 1_000_000_000 }
  }

  /// - Returns: whether it was made.
  mutating func create(_ object: UnstructuredObject) -> Bool {
    guard let name = object.metadata.name, blocks[name] == nil else { return false }
    var object = object
    object.metadata.uid = uid()
    object.metadata.resourceVersion = "\(version + stride)"
    blocks[name] = object
    write(.block(object), watch: 1)
    return true
  }

  mutating func delete(_ name: String, uid: String) {
    guard blocks[name]?.metadata.uid == uid else { return }
    blocks[name] = nil
    write(.noBlock(name), watch: 1)
  }
}
