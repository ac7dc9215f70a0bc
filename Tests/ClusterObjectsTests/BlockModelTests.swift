import Addressing
import ClusterObjects
import ClusterTestSupport
import KubernetesClient
import Testing

/// Nodes that share a pool, an API server, and everything that can go wrong between them, in random order.
///
/// The decisions are the agent's own (``BlockDivision``); the server, the watches, the files, the lease stores and the
/// pods are modelled. After every step no address may be held on two nodes that live.
@Suite struct BlockModelTests {
  @Test("no address is ever held twice, and none is lost for good", arguments: 1...60)
  func model(_ seed: UInt64) throws {
    // Blocks of one address, and pools whose edits change the size of blocks.
    var world = World(seed: seed, nodes: 4, last: [12, 90, 120][Int(seed % 3)], first: [])
    for step in 0..<2000 {
      try world.step()
      try #require(world.duplicates.isEmpty, "seed \(seed), step \(step): \(world.duplicates)")
    }
    try settle(&world, seed)
  }

  /// As all nodes do, the node that had it hears of the edit sooner or later, and has pods that come and go meanwhile.
  @Test("a pool of one node becomes everybody's while its pods hold addresses", arguments: 1...150)
  func opened(_ seed: UInt64) throws {
    var world = World(seed: seed, nodes: 3, last: 12, first: ["n1"])
    try world.fill("n1")
    for step in 0..<400 {
      if step == 10 { world.open() }
      try world.step()
      try #require(world.duplicates.isEmpty, "seed \(seed), step \(step): \(world.duplicates)")
    }
    try settle(&world, seed)
  }

  /// Everything works again, pods go, and their blocks with them: each address can be given by somebody.
  private func settle(_ world: inout World, _ seed: UInt64) throws {
    try world.settle()
    #expect(world.duplicates.isEmpty)
    let lost = world.unavailable
    #expect(lost.isEmpty, "seed \(seed): \(lost.ranges)")
  }
}

private struct Random: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
    return value ^ (value >> 31)
  }
}

private enum Change {
  case block(UnstructuredObject)
  case noBlock(String)
  case pool(UnstructuredObject)
  case node(String, uid: String?)
}

private enum Request {
  case create(UnstructuredObject)
  case delete(name: String, uid: String)
}

/// The API server: what happened, in its order.
private struct Server {
  private(set) var changes: [Change] = []
  private(set) var blocks: [String: UnstructuredObject] = [:]
  /// In an order that each run has.
  var sortedBlocks: [UnstructuredObject] { blocks.sorted { $0.key < $1.key }.map(\.value) }
  private(set) var pool: UnstructuredObject
  private(set) var nodes: [String: String] = [:]
  /// By which forms of pools nodes say that they give; it outlives the Node.
  var reports: [String: NodeStanding] = [:]
  private var uids = 0

  init(_ pool: UnstructuredObject) {
    self.pool = pool
    changes = [.pool(pool)]
  }

  mutating func uid() -> String {
    uids += 1
    return "uid-\(uids)"
  }

  mutating func set(_ pool: UnstructuredObject) {
    self.pool = pool
    changes.append(.pool(pool))
  }

  mutating func setNode(_ name: String, _ uid: String?) {
    nodes[name] = uid
    changes.append(.node(name, uid: uid))
  }

  /// - Returns: whether it was made.
  mutating func create(_ object: UnstructuredObject) -> Bool {
    guard let name = object.metadata.name, blocks[name] == nil else { return false }
    var object = object
    object.metadata.uid = uid()
    object.metadata.resourceVersion = "\(changes.count + 1)"
    blocks[name] = object
    changes.append(.block(object))
    return true
  }

  mutating func delete(_ name: String, uid: String) {
    guard blocks[name]?.metadata.uid == uid else { return }
    blocks[name] = nil
    changes.append(.noBlock(name))
  }
}

/// A node: the agent, its file, and the lease store.
private struct Node {
  let name: String
  /// How far its watch has come.
  var position = 0
  var map = BlockMap()
  var pool: UnstructuredObject?
  var uid: String?
  var division: BlockDivision
  /// What the plugin's file gives; it survives the agent.
  var file = AddressSet()
  /// The form of the pool by which it does.
  var form: ObjectIdentity?
  /// The store, by address; it survives the agent too.
  var held: Set<UInt128> = []
  /// Requests on their way: they arrive in any order, also after the agent has died.
  var sent: [Request] = []
  var isCut = false
  /// The machine is gone, with its pods.
  var isDead = false

  init(_ name: String) {
    self.name = name
    division = BlockDivision(node: name, before: AddressSet(), rest: .seconds(60))
  }

  var busy: AddressSet {
    AddressSet(held.map { IPRange(IPAddress(family: .v4, value: $0)) })
  }
}

private struct World {
  var random: Random
  var server: Server
  var nodes: [Node]
  var now = ContinuousClock.now
  private let last: Int
  /// Nothing fails any more.
  private var isCalm = false

  /// - Parameter first: the nodes that the pool names at first.
  init(seed: UInt64, nodes count: Int, last: Int, first: [String]) {
    random = Random(state: seed)
    self.last = last
    server = Server(pool("p", ips: ["10.0.0.1-10.0.0.\(last)"], nodes: first, uid: "pool-0"))
    nodes = (1...count).map { Node("n\($0)") }
    for node in nodes { server.setNode(node.name, server.uid()) }
  }

  /// The node gives addresses of the pool that is its own alone, and has said so.
  mutating func fill(_ name: String) throws {
    guard let index = nodes.firstIndex(where: { $0.name == name }) else { return }
    deliver(index, all: true)
    nodes[index].file = AddressSet()
    while nodes[index].division.own.wanted.isEmpty { try synchronize(index) }
    nodes[index].division.note(published: nodes[index].division.own.wanted)
    try ask(index)
    while nodes[index].file.isEmpty { try synchronize(index) }
    report(index)
    for _ in 0..<last / 2 { add(index) }
  }

  /// An edit gives the pool to all nodes.
  mutating func open() {
    let old = server.pool.metadata
    server.set(
      pool(
        "p", ips: ["10.0.0.1-10.0.0.\(last)"], nodes: [], generation: (old.generation ?? 1) + 1, uid: old.uid)
    )
  }

  /// Addresses that two living nodes hold.
  var duplicates: [UInt128] {
    var seen: Set<UInt128> = []
    return nodes.filter { !$0.isDead }.flatMap(\.held).filter { !seen.insert($0).inserted }
  }

  private mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

  mutating func step() throws {
    now += .milliseconds(Int.random(in: 0...4000, using: &random))
    let index = Int.random(in: nodes.indices, using: &random)
    switch Int.random(in: 0..<100, using: &random) {
    case 0..<20: deliver(index)
    case 20..<38: try synchronize(index)
    case 38..<55: add(index)
    case 55..<67: remove(index)
    case 67..<78: arrive(index)
    case 78..<83: giveBack(index)
    case 83..<85: report(index)
    case 85..<87: try ask(index)
    case 87..<92: restart(index)
    case 92..<94: nodes[index].isCut.toggle()
    case 94..<97: editPool()
    case 97..<98: loseNode(index)
    default: returnNode(index)
    }
  }

  /// Some events come.
  private mutating func deliver(_ index: Int, all: Bool = false) {
    guard !nodes[index].isCut, !nodes[index].isDead else { return }
    let left = server.changes.count - nodes[index].position
    let count = all ? left : min(left, Int.random(in: 0...3, using: &random))
    for _ in 0..<count {
      switch server.changes[nodes[index].position] {
      case .block(let object): nodes[index].map.put(object)
      case .noBlock(let name): nodes[index].map.remove(name)
      case .pool(let pool): nodes[index].pool = pool
      case .node(let name, let uid): if name == nodes[index].name { nodes[index].uid = uid }
      }
      nodes[index].position += 1
    }
  }

  /// The agent decides, writes its file, and sends claims.
  private mutating func synchronize(_ index: Int) throws {
    guard !nodes[index].isDead, let object = nodes[index].pool else { return }
    let divided = try divide(index, object, isReadable: isCalm || chance(95))
    // A disk may be full.
    guard isCalm || chance(75) else { return }
    nodes[index].file = AddressSet(
      divided.entries.filter { $0.withheld == nil }.flatMap { $0.addresses.ranges })
    nodes[index].form = divided.entries.first?.object.identity
    nodes[index].division.noteFile(of: divided, at: now)
    guard let owner = owner(index), !nodes[index].isCut else { return }
    nodes[index].sent += nodes[index].division.takeClaims(of: owner, at: now).map(Request.create)
  }

  private func owner(_ index: Int) -> Block.Owner? {
    nodes[index].uid.map { Block.Owner(node: nodes[index].name, uid: $0) }
  }

  private mutating func divide(
    _ index: Int, _ object: UnstructuredObject, isReadable: Bool
  ) throws -> PoolResolution {
    nodes[index].division.divide(
      try resolved([object], on: nodes[index].name), nodes[index].map, owner: owner(index),
      busy: isReadable ? nodes[index].busy : nil, pools: [try PoolObject(object)], at: now)
  }

  /// The agent looks at the leases, after it has written its file, and says by which form it gives addresses, if nobody else
  /// can claim what its pods hold.
  private mutating func report(_ index: Int) {
    guard !nodes[index].isDead, !nodes[index].isCut, let object = nodes[index].pool,
      (try? divide(index, object, isReadable: true)) != nil, nodes[index].division.unprotected == AddressSet()
    else { return }
    let form = nodes[index].form
    // The file may be older than what the agent knows.
    let pools = form.map { [NodeStanding.Pool(name: "p", uid: $0.uid, generation: $0.generation)] } ?? []
    server.reports[nodes[index].name] = NodeStanding(node: nodes[index].name, pools: pools)
  }

  /// The agent asks how far all nodes have come.
  private mutating func ask(_ index: Int) throws {
    guard !nodes[index].isDead, !nodes[index].isCut,
      let question = nodes[index].division.question(claiming: true)
    else {
      return
    }
    nodes[index].division.answer(question, server.reports.values.sorted { $0.node < $1.node })
  }

  /// A pod starts: the plugin reads the file under the store's lock.
  private mutating func add(_ index: Int) {
    guard !nodes[index].isDead else { return }
    let free = nodes[index].file.subtracting(nodes[index].busy)
    guard let range = free.ranges.randomElement(using: &random) else {
      nodes[index].division.want(["p"])
      return
    }
    nodes[index].held.insert(UInt128.random(in: range.lower.value...range.upper.value, using: &random))
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
    guard !nodes[index].isDead, !nodes[index].isCut else { return }
    let busy = nodes[index].busy
    nodes[index].sent += nodes[index].division.overdue(at: now)
      .filter { !$0.addresses.overlaps(busy) }.map { .delete(name: $0.name, uid: $0.uid) }
  }

  /// The agent dies; file, store and requests on their way stay.
  private mutating func restart(_ index: Int) {
    guard !nodes[index].isDead, !nodes[index].isCut else { return }
    nodes[index].division = BlockDivision(
      node: nodes[index].name, before: nodes[index].file, own: nodes[index].file, rest: .seconds(60))
    nodes[index].map = BlockMap(server.sortedBlocks)
    nodes[index].pool = server.pool
    nodes[index].uid = server.nodes[nodes[index].name]
    nodes[index].position = server.changes.count
  }

  private mutating func editPool() {
    let old = server.pool.metadata
    let first = chance(50) ? 1 : Int.random(in: 1...last / 2, using: &random)
    let end = Int.random(in: first...last, using: &random)
    let isNew = chance(20)
    let names = server.pool["spec"]?["nodeName"]?.array?.compactMap(\.string) ?? []
    server.set(
      pool(
        "p", ips: ["10.0.0.\(first)-10.0.0.\(end)"], nodes: isNew ? [] : names,
        generation: isNew ? 1 : (old.generation ?? 1) + 1,
        uid: isNew ? server.uid() : old.uid))
  }

  /// The machine dies, and its Node is deleted; after a while the controller frees its blocks.
  private mutating func loseNode(_ index: Int) {
    guard !nodes[index].isDead, nodes.count(where: \.isDead) < 2 else { return }
    nodes[index].isDead = true
    nodes[index].sent = []
    server.setNode(nodes[index].name, nil)
  }

  private mutating func returnNode(_ index: Int) {
    guard nodes[index].isDead else { return freeBlocks() }
    if chance(50) { freeBlocks() }
    let name = nodes[index].name
    server.setNode(name, server.uid())
    nodes[index] = Node(name)
    restart(index)
  }

  /// The controller: blocks of Nodes that are gone.
  private mutating func freeBlocks() {
    for object in server.sortedBlocks {
      guard let block = Block(object), server.nodes[block.owner.node] != block.owner.uid else { continue }
      server.delete(block.name, uid: block.uid)
    }
    for name in server.reports.keys.sorted() where server.nodes[name] == nil { server.reports[name] = nil }
  }

  /// All faults end.
  mutating func settle() throws {
    isCalm = true
    server.set(
      pool("p", ips: ["10.0.0.1-10.0.0.\(last)"], nodes: [], generation: 1000, uid: server.pool.metadata.uid))
    for index in nodes.indices {
      nodes[index].isCut = false
      while nodes[index].isDead { returnNode(index) }
      nodes[index].held = []
    }
    for _ in 0..<60 {
      now += .seconds(30)
      freeBlocks()
      for index in nodes.indices {
        deliver(index, all: true)
        try synchronize(index)
        report(index)
        try ask(index)
        giveBack(index)
        while !nodes[index].sent.isEmpty { arrive(index) }
        deliver(index, all: true)
      }
    }
    for index in nodes.indices { try synchronize(index) }
  }

  /// Addresses that no node gives, and none can claim.
  var unavailable: AddressSet {
    let all = AddressSet([IPRange("10.0.0.1-10.0.0.\(last)")].compactMap(\.self))
    let given = AddressSet(nodes.flatMap(\.file.ranges))
    let claimed = AddressSet(server.blocks.values.compactMap { Block($0) }.flatMap { $0.addresses.ranges })
    return all.subtracting(given).intersection(claimed)
  }
}
