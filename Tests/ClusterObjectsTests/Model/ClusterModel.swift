import Addressing
import ClusterObjects
import ClusterTestSupport
import KubernetesClient
import TestSupport

/// Nodes, an API server, and everything that can go wrong between them, in random order.
///
/// The decisions are the agent's own (``BlockDivision``, ``GivenPools``); the server, the watches, the files, the lease stores
/// and the pods are modelled.
struct ClusterModel {
  var random: SeededRandom
  var server: ModelServer
  var nodes: [ModelNode]
  private(set) var now = ContinuousClock.now
  /// Somebody edits pools.
  private let edit: (inout ClusterModel) -> Void
  /// Nothing fails any more.
  private var isCalm = false
  /// More pods go than come, so that nodes may claim more than they need.
  private var isEbb = false
  /// Whether the server is restored from backups.
  private let isRestored: Bool
  var backup: ModelServer?
  /// How many nodes that have addresses a restored server did not know.
  var forgottenNodes = 0

  init(
    seed: UInt64, nodes count: Int, pools: [UnstructuredObject], isRestored: Bool = false,
    edit: @escaping (inout ClusterModel) -> Void
  ) {
    self.isRestored = isRestored
    random = SeededRandom(seed: seed)
    self.edit = edit
    server = ModelServer(pools)
    nodes = (1...count).map { ModelNode("n\($0)") }
    for node in nodes { server.setNode(node.name, server.uid()) }
    if isRestored, chance(50) { backup = server }
  }

  /// Addresses that two living nodes hold.
  var duplicates: [IPAddress] {
    var seen: Set<UInt128> = []
    return nodes.filter { !$0.isDead }.flatMap(\.held).filter { !seen.insert($0).inserted }
      .map { IPAddress(family: .v4, value: $0) }
  }

  /// What each node gives, and why not more, for a test that fails.
  var state: String {
    let blocks = server.sortedBlocks.compactMap(Block.init).map {
      "\($0.name) of \($0.owner.node) \($0.addresses.ranges)"
    }
    let lines = nodes.map { node in
      let entries = node.file.map { "\($0.object.name) \($0.addresses.ranges) \($0.withheld ?? "")" }
      let own = node.division.own.obstacle(to: node.division.own.wanted) ?? ""
      return
        "\(node.name) \(entries) own: \(own) shared: \(node.division.clearance.obstacles) held: \(node.busy.ranges)"
    }
    let pools = server.pools.values.map { "\($0.metadata.name ?? "") \($0["spec"].map { "\($0)" } ?? "")" }
    return (lines + blocks + pools).joined(separator: "\n")
  }

  mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

  private mutating func wait(_ milliseconds: Int) {
    now += .milliseconds(milliseconds)
    server.clock += milliseconds / 1000 + (chance(milliseconds % 1000 / 10) ? 1 : 0)
  }

  mutating func step() throws {
    wait(Int.random(in: 0...4000, using: &random))
    if isRestored { try restoreNowAndThen() }
    if chance(1) { isEbb.toggle() }
    let index = Int.random(in: nodes.indices, using: &random)
    if chance(50) { look(Int.random(in: nodes.indices, using: &random)) }
    if chance(50) { endLook(Int.random(in: nodes.indices, using: &random)) }
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
    case 90..<91:
      nodes[index].isCut.toggle()
      nodes[index].division.interrupt(at: now)
    case 91..<92: nodes[index].silentWatch = chance(50) ? nil : Int.random(in: 0..<3, using: &random)
    // While a node has not heard of an edit, others wait for it anyway.
    case 92..<96: if !isRestored || chance(15) { edit(&self) }
    case 96..<97: if !isRestored || chance(15) { loseNode(index) }
    default: if !isRestored || nodes[index].isDead || chance(15) { try returnNode(index) }
    }
  }

  /// Some events come.
  mutating func deliver(_ index: Int, all: Bool = false) {
    guard !nodes[index].isCut, !nodes[index].isDead else { return }
    if !nodes[index].isListed { return nodes[index].list(server, at: now) }
    for (watch, changes) in server.changes.enumerated()
    where all || watch != nodes[index].silentWatch && chance(60) {
      // A watch from a version that the server does not have yet is silent.
      let left = max(0, changes.count - nodes[index].positions[watch])
      let count = all ? left : min(left, Int.random(in: 0...3, using: &random))
      for _ in 0..<count {
        let (change, version) = changes[nodes[index].positions[watch]]
        if watch < 2 { nodes[index].division.note(version: "\(version)", at: now) }
        switch change {
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
  mutating func synchronize(_ index: Int) throws {
    guard !nodes[index].isDead, nodes[index].isListed else { return }
    let isReadable = nodes[index].wasLooked && (isCalm || chance(95))
    let objects = try nodes[index].objects().shuffled(using: &random)
    let divided = try nodes[index].divide(objects, isReadable: isReadable, at: now)
    nodes[index].resolution = divided
    // A disk may be full.
    nodes[index].isFileOld = !isCalm && chance(25)
    guard !nodes[index].isFileOld else { return }
    nodes[index].file = divided.entries
    nodes[index].writtenLife = nodes[index].lives
    nodes[index].given.write(divided)
    nodes[index].division.noteFile(of: divided, at: now)
    try noteHolders(index)
    guard let owner = nodes[index].owner, !nodes[index].isCut else { return }
    nodes[index].sent += nodes[index].division.takeClaims(of: owner, at: now).map(ModelNode.Request.create)
  }

  /// The agent looks at the leases, after it has written its file, and reports. The answer may get lost, and so may the report.
  private mutating func report(_ index: Int) throws {
    guard !nodes[index].isDead, !nodes[index].isCut else { return }
    nodes[index].wasLooked = true
    guard !nodes[index].division.continuity.isDoubtful else { return }
    let isInStep =
      nodes[index].isListed && nodes[index].writtenLife == nodes[index].lives && !nodes[index].isFileOld
    if isInStep { _ = nodes[index].division.confirm() }
    _ = try nodes[index].divide(try nodes[index].objects().shuffled(using: &random), at: now)
    if nodes[index].division.unprotected == AddressSet(), !nodes[index].isFileOld {
      nodes[index].given.acknowledge()
    }
    let pools = nodes[index].given.reported(nodes[index].resolution, about: nodes[index].division.own.wanted)
    nodes[index].division.note(publishing: PublishedReport(pools))
    guard isCalm || chance(90) else { return }
    let continuity = nodes[index].division.continuity
    let report = NodeProgress(
      node: nodes[index].name, pools: pools, isFileOld: nodes[index].isFileOld,
      held: isCalm || chance(95) ? nodes[index].busy : nil, followedSince: continuity.followedSince,
      lostState: continuity.lostState)
    guard let taken = server.setReport(report, over: nodes[index].reportVersion) else {
      let present = server.reportMetadata[nodes[index].name]
      nodes[index].reportVersion = present?.resourceVersion
      nodes[index].division.note(published: PublishedReport())
      if let present, nodes[index].division.note(own: present, at: now) {
        nodes[index].division.interrupt(at: now)
      }
      return
    }
    guard isCalm || chance(90) else { return }
    nodes[index].reportVersion = taken.resourceVersion
    nodes[index].division.note(own: taken, at: now)
    nodes[index].mark = nodes[index].division.continuity.seen
    nodes[index].division.note(published: PublishedReport(pools))
  }

  /// The agent asks how far all nodes have come.
  private mutating func ask(_ index: Int) {
    guard !nodes[index].isDead, !nodes[index].isCut, nodes[index].isListed,
      let question = nodes[index].division.question(claiming: true)
    else { return }
    nodes[index].answers.append(
      (question, server.reports.values.sorted { $0.node < $1.node }, "\(server.version)"))
    if nodes[index].answers.count > 2 { nodes[index].answers.removeFirst() }
  }

  /// The answer comes.
  private mutating func hear(_ index: Int) {
    guard !nodes[index].isDead, let position = nodes[index].answers.indices.randomElement(using: &random)
    else { return }
    let (question, reports, answerVersion) = nodes[index].answers.remove(at: position)
    if nodes[index].division.answer(question, reports, version: answerVersion, at: now).tellsOfLoss {
      nodes[index].forgetLists()
    }
  }

  /// A pod starts: the plugin reads the file under the store's lock.
  private mutating func add(_ index: Int) {
    guard !nodes[index].isDead else { return }
    let free = nodes[index].gives.subtracting(nodes[index].busy)
    guard let range = free.ranges.randomElement(using: &random) else {
      nodes[index].division.want(server.pools.keys.sorted(), at: now)
      return
    }
    nodes[index].held.insert(UInt128.random(in: range.lower.value...range.upper.value, using: &random))
  }

  /// A node is quicker than all others: it does all that it can at once, but perhaps what the others would see of it.
  mutating func hurry(_ index: Int) throws {
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
    guard !nodes[index].isDead, !nodes[index].isCut, !nodes[index].isFileOld, nodes[index].isListed else {
      return
    }
    let busy = nodes[index].busy
    nodes[index].sent += nodes[index].division.overdue(at: now)
      .filter { !$0.addresses.overlaps(busy) }.map { .delete(name: $0.name, uid: $0.uid) }
  }

  /// The agent dies; file, store and requests on their way stay.
  private mutating func restart(_ index: Int) throws {
    guard !nodes[index].isDead, !nodes[index].isCut else { return }
    try nodes[index].restart(server, at: now)
  }

  /// The machine dies, and its Node is deleted; after a while the controller frees its blocks.
  private mutating func loseNode(_ index: Int) {
    guard !nodes[index].isDead, nodes.count(where: \.isDead) < 2 else { return }
    nodes[index].isDead = true
    nodes[index].sent = []
    backup = nil
    server.setNode(nodes[index].name, nil)
  }

  private mutating func returnNode(_ index: Int) throws {
    guard nodes[index].isDead else { return freeBlocks() }
    if chance(50) { freeBlocks() }
    let name = nodes[index].name
    server.setNode(name, server.uid())
    // A backup of the state in which it has not reported.
    backup = isRestored && chance(70) ? server : nil
    nodes[index] = ModelNode(name)
    try nodes[index].restart(server, at: now)
  }

  /// The controller: blocks of Nodes that are gone.
  private mutating func freeBlocks() {
    for object in server.sortedBlocks {
      guard let block = Block(object), server.nodes[block.owner.node] != block.owner.uid else { continue }
      server.delete(block.name, uid: block.uid)
    }
    for name in server.reports.keys.sorted() where server.nodes[name] == nil {
      server.removeReport(of: name)
    }
  }

  /// All faults end: then pods go, and as many come as there are addresses.
  ///
  /// - Returns: what no pod got.
  mutating func settle() throws -> AddressSet {
    isCalm = true
    for index in nodes.indices {
      nodes[index].isCut = false
      nodes[index].silentWatch = nil
      while nodes[index].isDead { try returnNode(index) }
    }
    try turn(20)
    for index in nodes.indices { nodes[index].held = [] }
    try turn(20)
    let all = AddressSet(union: try server.pools.values.map { try PoolObject($0).pool.addresses })
    var (idle, rounds) = (0, 0)
    // A node that gives back and claims in turn never comes to rest.
    while idle < 5, rounds < 300 {
      rounds += 1
      let before = nodes.map(\.held)
      for index in nodes.indices {
        for _ in 0...Int(nodes[index].gives.subtracting(nodes[index].busy).count) { add(index) }
      }
      try turn(2)
      idle = nodes.map(\.held) == before ? idle + 1 : 0
    }
    return all.subtracting(AddressSet(union: nodes.map(\.busy)))
  }

  /// Then all pods go, and those of the last node want all that there is.
  ///
  /// - Returns: how many free addresses each other node keeps nevertheless.
  mutating func fillLastNode() throws -> [UInt128] {
    let last = nodes.count - 1
    for index in nodes.indices { nodes[index].held = [] }
    try turn(20)
    var (idle, rounds) = (0, 0)
    while idle < 5, rounds < 300 {
      rounds += 1
      let before = nodes[last].held
      for _ in 0...Int(nodes[last].gives.subtracting(nodes[last].busy).count) { add(last) }
      try turn(2)
      idle = nodes[last].held == before ? idle + 1 : 0
    }
    return nodes.dropLast().map(\.gives.count)
  }

  /// Every node does all that it can, some times.
  mutating func turn(_ times: Int) throws {
    for _ in 0..<times {
      wait(30_000)
      freeBlocks()
      for index in nodes.indices {
        look(index)
        while !nodes[index].looks.isEmpty { endLook(index) }
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
