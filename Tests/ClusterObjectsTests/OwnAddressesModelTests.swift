import Addressing
import ClusterObjects
import ClusterTestSupport
import KubernetesClient
import Testing

/// Nodes with a pool each, addresses that edits move from one pool to another, and everything that can go wrong meanwhile, in
/// random order.
///
/// As in ``BlockModelTests`` the decisions are the agent's own, and all else is modelled.
@Suite struct OwnAddressesModelTests {
  @Test(
    "an address that is moved from node to node is never held twice, and is given in the end",
    arguments: 1...40)
  func model(_ seed: UInt64) throws {
    var world = World(seed: seed)
    for step in 0..<600 {
      try world.step()
      try #require(world.duplicates.isEmpty, "seed \(seed), step \(step): \(world.duplicates)")
    }
    try world.settle()
    #expect(world.duplicates.isEmpty)
    for node in world.nodes {
      #expect(node.file == world.pools[node.number], "seed \(seed), node \(node.number)")
    }
    #expect(world.moves > 0)
  }
}

private func addresses(_ values: some Sequence<UInt128>) -> AddressSet {
  AddressSet(values.map { IPRange(IPAddress(family: .v4, value: $0)) })
}

/// A node: the agent, its file, and the lease store.
private struct Node {
  let number: Int
  /// How far its watch has come.
  var position = 0
  /// The pools as it knows them.
  var pools: [AddressSet]
  var division: BlockDivision
  /// What the file gives; it survives the agent.
  var file = AddressSet()
  /// The leases were read since the file was written; by which it gives addresses, as it may be reported.
  var acknowledged = AddressSet()
  var held: Set<UInt128> = []
  var isCut = false

  var name: String { "n\(number)" }
}

private struct World {
  private static let first: UInt128 = 0x0A00_0001
  private static let each: UInt128 = 4

  private var seed: UInt64
  private(set) var pools: [AddressSet]
  private(set) var nodes: [Node]
  private(set) var moves = 0
  /// Each edit, as the pools were after it.
  private var history: [[AddressSet]]
  private var reports: [String: NodeStanding] = [:]

  init(seed: UInt64) {
    self.seed = seed
    let pools = (0..<3).map { number in
      addresses((0..<Self.each).map { Self.first + UInt128(number) * Self.each + $0 })
    }
    self.pools = pools
    history = [pools]
    nodes = pools.indices.map { number in
      Node(
        number: number, pools: pools,
        division: BlockDivision(node: "n\(number)", before: AddressSet(), rest: .seconds(60)))
    }
  }

  /// Addresses that two nodes hold.
  var duplicates: [UInt128] {
    var seen: Set<UInt128> = []
    return nodes.flatMap(\.held).filter { !seen.insert($0).inserted }
  }

  private mutating func below(_ bound: Int) -> Int {
    seed &+= 0x9E37_79B9_7F4A_7C15
    var value = seed
    value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
    return Int((value ^ (value >> 31)) % UInt64(bound))
  }

  mutating func step() throws {
    let index = below(nodes.count)
    switch below(100) {
    case 0..<15: deliver(index)
    case 15..<35: try synchronize(index)
    case 35..<55: start(index)
    case 55..<65: if let address = nodes[index].held.sorted().first { nodes[index].held.remove(address) }
    case 65..<80: report(index)
    case 80..<90: try ask(index)
    case 90..<92: nodes[index].isCut.toggle()
    case 92..<94: restart(index)
    default: move(index)
    }
  }

  /// Some edits are heard of.
  private mutating func deliver(_ index: Int) {
    guard !nodes[index].isCut else { return }
    nodes[index].position = min(history.count - 1, nodes[index].position + 1 + below(3))
    nodes[index].pools = history[nodes[index].position]
  }

  private mutating func divide(_ index: Int) throws -> AddressSet {
    let objects = nodes[index].pools.enumerated().map { number, addresses in
      pool("p\(number)", ips: addresses.ranges.map(\.description), nodes: ["n\(number)"])
    }
    let divided = nodes[index].division.divide(
      try resolved(objects, on: nodes[index].name), BlockMap(), owner: nil,
      busy: addresses(nodes[index].held),
      pools: try objects.map { try PoolObject($0) }, at: .now)
    return AddressSet(divided.entries.filter { $0.withheld == nil }.flatMap(\.addresses.ranges))
  }

  /// The agent decides and writes its file, unless the disk is full.
  private mutating func synchronize(_ index: Int) throws {
    let given = try divide(index)
    if below(5) > 0 { nodes[index].file = given }
  }

  /// A pod starts: the plugin reads the file under the store's lock.
  private mutating func start(_ index: Int) {
    let free = nodes[index].file.subtracting(addresses(nodes[index].held))
    guard !free.isEmpty else { return }
    nodes[index].held.insert(free.ranges[below(free.ranges.count)].lower.value)
  }

  /// The agent reads the leases and says what it gives: what the file gives, and what it gave when the leases were read last.
  private mutating func report(_ index: Int) {
    if below(2) == 0 { nodes[index].acknowledged = nodes[index].file }
    guard !nodes[index].isCut else { return }
    let own = AddressSet(
      nodes[index].file.ranges + nodes[index].acknowledged.ranges + nodes[index].division.own.wanted.ranges)
    reports[nodes[index].name] = NodeStanding(
      node: nodes[index].name,
      pools: [.init(name: "p\(index)", uid: "u", generation: 1, subnet: CIDR("10.0.0.0/24"), own: own)],
      held: below(20) == 0 ? nil : addresses(nodes[index].held))
    nodes[index].division.note(published: own)
  }

  private mutating func ask(_ index: Int) throws {
    _ = try divide(index)
    guard !nodes[index].isCut, let question = nodes[index].division.question(claiming: false) else { return }
    nodes[index].division.answer(question, reports.values.sorted { $0.node < $1.node })
  }

  /// The agent dies; file, store and report stay. It begins when the report has been read.
  private mutating func restart(_ index: Int) {
    guard !nodes[index].isCut else { return }
    let reported = reports[nodes[index].name]?.pools.first?.own ?? AddressSet()
    nodes[index].division = BlockDivision(
      node: nodes[index].name, before: AddressSet(), own: nodes[index].file, rest: .seconds(60))
    nodes[index].division.recall(reported)
    nodes[index].position = history.count - 1
    nodes[index].pools = history[nodes[index].position]
    nodes[index].acknowledged = nodes[index].file
  }

  /// Somebody takes an address out of a pool, and puts it into another one, at once or later.
  private mutating func move(_ index: Int) {
    let target = below(nodes.count)
    guard target != index, pools[index].count > 1, let range = pools[index].ranges.first else { return }
    let address = AddressSet([IPRange(below(2) == 0 ? range.lower : range.upper)])
    pools[index] = pools[index].subtracting(address)
    history.append(pools)
    pools[target] = AddressSet(pools[target].ranges + address.ranges)
    history.append(pools)
    moves += 1
  }

  /// All faults end, and pods go.
  mutating func settle() throws {
    for index in nodes.indices {
      nodes[index].isCut = false
      nodes[index].held = []
      nodes[index].position = history.count - 1
      nodes[index].pools = pools
      reports[nodes[index].name] = nil
    }
    for _ in 0..<3 {
      for index in nodes.indices {
        nodes[index].file = try divide(index)
        nodes[index].acknowledged = nodes[index].file
        reports[nodes[index].name] = NodeStanding(
          node: nodes[index].name, pools: [.init(name: "p", uid: "u", generation: 1, own: nodes[index].file)])
      }
      for index in nodes.indices {
        nodes[index].division.note(published: pools[index])
        try ask(index)
      }
    }
    for index in nodes.indices { nodes[index].file = try divide(index) }
  }
}
