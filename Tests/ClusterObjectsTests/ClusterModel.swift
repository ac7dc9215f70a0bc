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
  private(set) var changes: [[Change]] = [[], [], []]
  private var version = 0
  private var blocks: [String: UnstructuredObject] = [:]
  /// In an order that each run has.
  var sortedBlocks: [UnstructuredObject] { blocks.sorted { $0.key < $1.key }.map(\.value) }
  private(set) var pools: [String: UnstructuredObject] = [:]
  private(set) var nodes: [String: String] = [:]
  /// They outlive the Nodes.
  var reports: [String: NodeStanding] = [:]
  private var uids = 0

  init(_ pools: [UnstructuredObject]) { for pool in pools { set(pool) } }

  mutating func uid() -> String {
    uids += 1
    return "uid-\(uids)"
  }

  mutating func set(_ pool: UnstructuredObject) {
    pools[pool.metadata.name ?? ""] = pool
    changes[0].append(.pool(pool))
  }

  mutating func setNode(_ name: String, _ uid: String?) {
    nodes[name] = uid
    changes[2].append(.node(name, uid: uid))
  }

  /// - Returns: whether it was made.
  mutating func create(_ object: UnstructuredObject) -> Bool {
    guard let name = object.metadata.name, blocks[name] == nil else { return false }
    var object = object
    object.metadata.uid = uid()
    version += 1
    object.metadata.resourceVersion = "\(version)"
    blocks[name] = object
    changes[1].append(.block(object))
    return true
  }

  mutating func delete(_ name: String, uid: String) {
    guard blocks[name]?.metadata.uid == uid else { return }
    blocks[name] = nil
    changes[1].append(.noBlock(name))
  }
}

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
  var answers: [(question: BlockDivision.Question, reports: [NodeStanding])] = []
  /// The store, by address; it survives the agent too.
  var held: Set<UInt128> = []
  /// Requests on their way: they arrive in any order, also after the agent has died.
  var sent: [Request] = []
  var isCut = false
  /// A watch that brings nothing for a while, beside others that do.
  var silentWatch: Int?
  /// The machine is gone, with its pods.
  var isDead = false

  init(_ name: String) {
    self.name = name
    division = BlockDivision(node: name, before: AddressSet(), rest: .seconds(60))
  }

  var owner: Block.Owner? { uid.map { Block.Owner(node: name, uid: $0) } }
  var busy: AddressSet { AddressSet(held.map { IPRange(IPAddress(family: .v4, value: $0)) }) }
  /// What the plugin gives.
  var gives: AddressSet {
    AddressSet(union: file.filter { $0.withheld == nil }.map(\.addresses))
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
  mutating func restart(_ server: ModelServer) throws {
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
    division = BlockDivision(
      node: name, before: addresses(shared: true), own: addresses(shared: false), rest: .seconds(60))
    let reported = server.reports[name]?.pools ?? []
    division.recall(AddressSet(union: reported.compactMap(\.own)))
    given = GivenPools(before: former)
    given.recall(reported)
    (answers, resolution, isFileOld, wasLooked) = ([], nil, false, false)
    map = BlockMap(server.sortedBlocks)
    pools = server.pools
    uid = server.nodes[name]
    positions = server.changes.map(\.count)
  }
}

/// Nodes, an API server, and everything that can go wrong between them, in random order.
///
/// The decisions are the agent's own (``BlockDivision``, ``GivenPools``); the server, the watches, the files, the lease stores
/// and the pods are modelled.
struct ClusterModel {
  var random: SeededRandom
  var server: ModelServer
  var nodes: [ModelNode]
  private var now = ContinuousClock.now
  /// Somebody edits pools.
  private let edit: (inout ClusterModel) -> Void
  /// Nothing fails any more.
  private var isCalm = false
  /// More pods go than come, so that nodes may claim more than they need.
  private var isEbb = false

  init(
    seed: UInt64, nodes count: Int, pools: [UnstructuredObject],
    edit: @escaping (inout ClusterModel) -> Void
  ) {
    random = SeededRandom(seed: seed)
    self.edit = edit
    server = ModelServer(pools)
    nodes = (1...count).map { ModelNode("n\($0)") }
    for node in nodes { server.setNode(node.name, server.uid()) }
  }

  /// Addresses that two living nodes hold.
  var duplicates: [IPAddress] {
    var seen: Set<UInt128> = []
    return nodes.filter { !$0.isDead }.flatMap(\.held).filter { !seen.insert($0).inserted }
      .map { IPAddress(family: .v4, value: $0) }
  }

  mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

  mutating func step() throws {
    now += .milliseconds(Int.random(in: 0...4000, using: &random))
    if chance(1) { isEbb.toggle() }
    let index = Int.random(in: nodes.indices, using: &random)
    switch Int.random(in: 0..<100, using: &random) {
    case 0..<18: deliver(index)
    case 18..<34: try synchronize(index)
    case 34..<48: if isEbb, chance(80) { remove(index) } else { add(index) }
    case 48..<50: try hurry(index)
    case 50..<61: remove(index)
    case 61..<70: arrive(index)
    case 70..<75: giveBack(index)
    case 75..<79: try report(index)
    case 79..<82: ask(index)
    case 82..<85: hear(index)
    case 85..<90: try restart(index)
    case 90..<91: nodes[index].isCut.toggle()
    case 91..<92: nodes[index].silentWatch = chance(50) ? nil : Int.random(in: 0..<3, using: &random)
    case 92..<96: edit(&self)
    case 96..<97: loseNode(index)
    default: try returnNode(index)
    }
  }

  /// Some events come.
  private mutating func deliver(_ index: Int, all: Bool = false) {
    guard !nodes[index].isCut, !nodes[index].isDead else { return }
    for (watch, changes) in server.changes.enumerated()
    where all || watch != nodes[index].silentWatch && chance(60) {
      let left = changes.count - nodes[index].positions[watch]
      let count = all ? left : min(left, Int.random(in: 0...3, using: &random))
      for _ in 0..<count {
        switch changes[nodes[index].positions[watch]] {
        case .block(let object): nodes[index].map.put(object)
        case .noBlock(let name): nodes[index].map.remove(name)
        case .pool(let pool): nodes[index].pools[pool.metadata.name ?? ""] = pool
        case .node(let name, let uid): if name == nodes[index].name { nodes[index].uid = uid }
        }
        nodes[index].positions[watch] += 1
      }
    }
  }

  /// The agent decides, writes its file, and sends claims.
  private mutating func synchronize(_ index: Int) throws {
    guard !nodes[index].isDead else { return }
    let isReadable = nodes[index].wasLooked && (isCalm || chance(95))
    let objects = try nodes[index].objects().shuffled(using: &random)
    let divided = try nodes[index].divide(objects, isReadable: isReadable, at: now)
    nodes[index].resolution = divided
    // A disk may be full.
    nodes[index].isFileOld = !isCalm && chance(25)
    guard !nodes[index].isFileOld else { return }
    nodes[index].file = divided.entries
    nodes[index].given.write(divided)
    nodes[index].division.noteFile(of: divided, at: now)
    guard let owner = nodes[index].owner, !nodes[index].isCut else { return }
    nodes[index].sent += nodes[index].division.takeClaims(of: owner, at: now).map(ModelNode.Request.create)
  }

  /// The agent looks at the leases, after it has written its file, and reports. The answer may get lost, and so may the report.
  private mutating func report(_ index: Int) throws {
    guard !nodes[index].isDead, !nodes[index].isCut else { return }
    nodes[index].wasLooked = true
    _ = try nodes[index].divide(try nodes[index].objects().shuffled(using: &random), at: now)
    if nodes[index].division.unprotected == AddressSet(), !nodes[index].isFileOld {
      nodes[index].given.acknowledge()
    }
    let pools = nodes[index].given.reported(nodes[index].resolution, about: nodes[index].division.own.wanted)
    nodes[index].division.note(publishing: PublishedReport(pools))
    guard isCalm || chance(90) else { return }
    server.reports[nodes[index].name] = NodeStanding(
      node: nodes[index].name, pools: pools, isFileOld: nodes[index].isFileOld,
      held: isCalm || chance(95) ? nodes[index].busy : nil)
    guard isCalm || chance(90) else { return }
    nodes[index].division.note(published: PublishedReport(pools))
  }

  /// The agent asks how far all nodes have come.
  private mutating func ask(_ index: Int) {
    guard !nodes[index].isDead, !nodes[index].isCut,
      let question = nodes[index].division.question(claiming: true)
    else { return }
    nodes[index].answers.append((question, server.reports.values.sorted { $0.node < $1.node }))
    if nodes[index].answers.count > 2 { nodes[index].answers.removeFirst() }
  }

  /// The answer comes.
  private mutating func hear(_ index: Int) {
    guard !nodes[index].isDead, let position = nodes[index].answers.indices.randomElement(using: &random)
    else { return }
    let (question, reports) = nodes[index].answers.remove(at: position)
    nodes[index].division.answer(question, reports)
  }

  /// A pod starts: the plugin reads the file under the store's lock.
  private mutating func add(_ index: Int) {
    guard !nodes[index].isDead else { return }
    let free = nodes[index].gives.subtracting(nodes[index].busy)
    guard let range = free.ranges.randomElement(using: &random) else {
      nodes[index].division.want(server.pools.keys.sorted())
      return
    }
    nodes[index].held.insert(UInt128.random(in: range.lower.value...range.upper.value, using: &random))
  }

  /// A node is quicker than all others: it does all that it can at once, but perhaps what the others would see of it.
  private mutating func hurry(_ index: Int) throws {
    try synchronize(index)
    if chance(50) { try report(index) }
    ask(index)
    hear(index)
    try synchronize(index)
    for _ in 0..<2 { add(index) }
  }

  private mutating func remove(_ index: Int) {
    if let address = nodes[index].held.sorted().randomElement(using: &random) {
      nodes[index].held.remove(address)
    }
  }

  /// A request comes to the server. The answer may get lost.
  private mutating func arrive(_ index: Int) {
    guard let position = nodes[index].sent.indices.randomElement(using: &random) else { return }
    switch nodes[index].sent.remove(at: position) {
    case .delete(let name, let uid): server.delete(name, uid: uid)
    case .create(let object):
      let isMade = server.create(object)
      guard !isMade || chance(10) else { return }
      nodes[index].division.noteClaim(
        object.metadata.name ?? "", failed: isMade ? .seconds(1) : nil, at: now)
    }
  }

  /// What has rested is deleted, if the store says that it is free.
  private mutating func giveBack(_ index: Int) {
    guard !nodes[index].isDead, !nodes[index].isCut, !nodes[index].isFileOld else { return }
    let busy = nodes[index].busy
    nodes[index].sent += nodes[index].division.overdue(at: now)
      .filter { !$0.addresses.overlaps(busy) }.map { .delete(name: $0.name, uid: $0.uid) }
  }

  /// The agent dies; file, store and requests on their way stay.
  private mutating func restart(_ index: Int) throws {
    guard !nodes[index].isDead, !nodes[index].isCut else { return }
    try nodes[index].restart(server)
  }

  /// The machine dies, and its Node is deleted; after a while the controller frees its blocks.
  private mutating func loseNode(_ index: Int) {
    guard !nodes[index].isDead, nodes.count(where: \.isDead) < 2 else { return }
    nodes[index].isDead = true
    nodes[index].sent = []
    server.setNode(nodes[index].name, nil)
  }

  private mutating func returnNode(_ index: Int) throws {
    guard nodes[index].isDead else { return freeBlocks() }
    if chance(50) { freeBlocks() }
    let name = nodes[index].name
    server.setNode(name, server.uid())
    nodes[index] = ModelNode(name)
    try nodes[index].restart(server)
  }

  /// The controller: blocks of Nodes that are gone.
  private mutating func freeBlocks() {
    for object in server.sortedBlocks {
      guard let block = Block(object), server.nodes[block.owner.node] != block.owner.uid else { continue }
      server.delete(block.name, uid: block.uid)
    }
    for name in server.reports.keys.sorted() where server.nodes[name] == nil { server.reports[name] = nil }
  }

  /// All faults end: then pods go, and as many come as there are addresses.
  ///
  /// - Returns: what no pod got.
  mutating func settle() throws -> AddressSet {
    isCalm = true
    for index in nodes.indices {
      nodes[index].isCut = false
      while nodes[index].isDead { try returnNode(index) }
    }
    try turn(20)
    for index in nodes.indices { nodes[index].held = [] }
    try turn(20)
    let all = AddressSet(union: try server.pools.values.map { try PoolObject($0).pool.addresses })
    var idle = 0
    while idle < 5 {
      let before = nodes.map(\.held)
      for index in nodes.indices {
        for _ in 0...Int(nodes[index].gives.subtracting(nodes[index].busy).count) { add(index) }
      }
      try turn(2)
      idle = nodes.map(\.held) == before ? idle + 1 : 0
    }
    return all.subtracting(AddressSet(union: nodes.map(\.busy)))
  }

  /// Every node does all that it can, some times.
  mutating func turn(_ times: Int) throws {
    for _ in 0..<times {
      now += .seconds(30)
      freeBlocks()
      for index in nodes.indices {
        deliver(index, all: true)
        try synchronize(index)
        try report(index)
        ask(index)
        hear(index)
        giveBack(index)
        while !nodes[index].sent.isEmpty { arrive(index) }
        deliver(index, all: true)
      }
    }
  }

  /// A node gives addresses of what is its own alone, and its pods have half of them.
  mutating func fill(_ name: String) throws {
    guard let index = nodes.firstIndex(where: { $0.name == name }) else { return }
    isCalm = true
    try turn(3)
    isCalm = false
    for _ in 0..<Int(nodes[index].gives.count) / 2 { add(index) }
  }
}
