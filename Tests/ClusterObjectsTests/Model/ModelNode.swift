import Addressing
import ClusterObjects
import ClusterTestSupport
import KubernetesClient
import TestSupport

/// A node: the agent, its file, and the lease store.
struct ModelNode {
  enum Request {
    case create(UnstructuredObject)
    case delete(name: String, uid: String)
  }

  let name: String
  /// How far its watches have come.
  var positions = [0, 0, 0]
  var map = BlockMap()
  var pools: [String: UnstructuredObject] = [:]
  var uid: String?
  var division: BlockDivision
  var given = GivenPools(before: [])
  /// What the plugin's file has; it survives the agent.
  var file: [PoolResolution.Entry] = []
  /// What was to be in it.
  var resolution: PoolResolution?
  /// The last one could not be written.
  var isFileOld = false
  /// The leases have been looked at.
  var wasLooked = false
  /// Reports that have been read, and not been looked at.
  var answers: [(question: BlockDivision.Question, reports: [NodeProgress], version: String)] = []
  /// The store, by address; it survives the agent too.
  var held: Set<UInt128> = []
  /// Requests on their way: they arrive in any order, also after the agent has died.
  var sent: [Request] = []
  var isCut = false
  /// A watch that brings nothing for a while, beside others that do.
  var silentWatch: Int?
  /// The machine is gone, with its pods.
  var isDead = false
  /// Its report, as far as it knows.
  var reportVersion: String?
  /// Lists of its own report that have been asked for.
  var looks: [(look: Continuity.Look, list: ResourceList<UnstructuredObject>)] = []
  /// What it knows may be of a state that the server has no more.
  var isListed = true
  /// How often it has listed everything anew, and for which time its file was written.
  var lives = 0
  var writtenLife = -1
  /// What the agent has seen of the server, for the run after.
  var mark = Continuity.Mark()

  init(_ name: String) {
    self.name = name
    division = BlockDivision(
      node: name, before: AddressSet(), rest: .seconds(60), continuity: Continuity(grace: .seconds(60)))
  }

  var owner: Block.Owner? { uid.map { Block.Owner(node: name, uid: $0) } }
  var busy: AddressSet { AddressSet(held.map { IPRange(IPAddress(family: .v4, value: $0)) }) }
  /// What the plugin gives.
  var gives: AddressSet {
    AddressSet(union: file.filter { $0.withheld == nil }.map(\.addresses))
  }

  /// Whether it remembers that a node has addresses, or is that node.
  func knows(_ node: String) -> Bool {
    node == name || division.continuity.seen.holders?.contains(node) ?? false
  }

  /// The objects of the node's view of the API server.
  func objects() throws -> [PoolObject] {
    try pools.sorted { $0.key < $1.key }.map { try PoolObject($0.value) }
  }

  /// - Parameter objects: those of the node's view, in any order.
  mutating func divide(
    _ objects: [PoolObject], isReadable: Bool = true, at now: ContinuousClock.Instant
  ) throws -> PoolResolution {
    let resolution = PoolResolver(node: NodeIdentity(name: name, labels: [:])).resolve(objects)
    return division.divide(
      resolution, map, owner: owner, busy: isReadable ? busy : nil, pools: objects, at: now)
  }

  /// The agent begins anew: it knows what its file and its report of before have, and what the server has.
  mutating func restart(_ server: ModelServer, at now: ContinuousClock.Instant) throws {
    let former = try file.filter { $0.withheld == nil && !$0.addresses.isEmpty }.map { entry in
      let identity = entry.object.identity
      return try PoolObject(
        pool(
          identity.name, ips: entry.addresses.ranges.map(\.description), nodes: entry.object.pool.nodeNames,
          generation: Int64(identity.generation), uid: identity.uid))
    }
    func addresses(shared: Bool) -> AddressSet {
      AddressSet(union: former.filter { $0.pool.isShared == shared }.map(\.pool.addresses))
    }
    mark = division.continuity.seen
    division = BlockDivision(
      node: name, before: addresses(shared: true), own: addresses(shared: false), rest: .seconds(60),
      continuity: Continuity(mark: mark, grace: .seconds(60)))
    if let report = server.reports[name] { division.recall(report) }
    let reported = server.reports[name]?.pools ?? []
    division.recall(AddressSet(union: reported.compactMap(\.own)))
    given = GivenPools(before: former)
    given.recall(reported)
    (answers, resolution, isFileOld, wasLooked, looks) = ([], nil, false, false, [])
    (lives, writtenLife) = (0, -1)
    list(server, at: now)
  }

  /// Everything is listed.
  mutating func list(_ server: ModelServer, at now: ContinuousClock.Instant) {
    map = BlockMap(server.sortedBlocks)
    pools = server.pools
    uid = server.nodes[name]
    positions = server.changes.map(\.count)
    reportVersion = server.reportMetadata[name]?.resourceVersion
    division.note(version: "\(server.version)", at: now)
    isListed = true
  }

  /// Everything has to be listed anew.
  mutating func forgetLists() {
    lives += 1
    isListed = false
    division.note(published: PublishedReport())
  }
}
