import Addressing
import ClusterObjects
import ClusterTestSupport
import KubernetesClient
import Testing

/// Nothing is claimed of a shared pool while a node may give it as its own.
@Suite struct PoolClearanceTests {
  private let owner = Block.Owner(node: "n2", uid: "node-2")
  private let start = ContinuousClock.now

  private func addresses(_ texts: String...) -> AddressSet { AddressSet(texts.compactMap { IPRange($0) }) }

  /// What n2 claims of pool p in generation 3, and what it waits for, beside a pool of n1 in generation 5, once it has these
  /// reports.
  private func claims(
    _ reports: [NodeProgress], ips: [String] = ["10.0.0.1"], busy: AddressSet = AddressSet(),
    published generation: Int = 3
  ) throws -> (claims: [[String]], obstacle: String?) {
    let objects = [
      pool("p", ips: ips, nodes: [], generation: 3), pool("q", ips: ["10.0.0.99"], generation: 5),
    ]
    let all = try objects.map { try PoolObject($0) }
    var division = BlockDivision(node: "n2", before: AddressSet(), rest: .seconds(60), continuity: whole())
    func divide() throws {
      _ = division.divide(
        try resolved(objects, on: "n2"), BlockMap(), owner: owner, busy: busy, pools: all, at: start)
    }
    try divide()
    division.note(published: PublishedReport([.init(name: "p", uid: "uid-p", generation: generation)]))
    if let question = division.question(claiming: true) {
      division.answer(question, reports, version: "9", at: .now)
    }
    try divide()
    let claims = division.takeClaims(of: owner, at: start).map { claim in
      claim["spec"]?["ips"]?.array?.compactMap(\.string) ?? []
    }
    return (claims, division.clearance.obstacles["p"])
  }

  private func report(
    _ node: String = "n1", p: Int? = nil, uid: String = "uid-p", q: AddressSet? = nil, isFileOld: Bool = false
  ) -> NodeProgress {
    let subnet = CIDR("10.0.0.0/24")
    let shared = p.map { NodeProgress.Pool(name: "p", uid: uid, generation: $0, subnet: subnet) }
    let own = q.map { NodeProgress.Pool(name: "q", uid: "uid-q", generation: 5, subnet: subnet, own: $0) }
    return NodeProgress(node: node, pools: [shared, own].compactMap(\.self), isFileOld: isFileOld)
  }

  @Test("where all nodes have the present form, or do not have the pool, it is claimed from")
  func clear() throws {
    #expect(try claims([]).claims == [["10.0.0.1"]])
    #expect(try claims([report(), report("n3", p: 3, q: addresses("10.0.0.99"))]).claims == [["10.0.0.1"]])
    // Its own report follows what it does.
    #expect(try claims([report("n2", p: 1)]).claims == [["10.0.0.1"]])
  }

  /// As after a restore of the API server to a state in which the block was this node's.
  @Test("a block whose address another node's pod holds is given back, and any other is given from")
  func taken() throws {
    for (held, isTaken) in [("10.0.0.1", true), ("10.0.0.2", false)] {
      let object = pool("p", ips: ["10.0.0.1-10.0.0.9"], nodes: [], generation: 3)
      let all = [try PoolObject(object)]
      var block = try #require(Block.claim(on: addresses("10.0.0.1"), of: all[0].identity, for: owner))
      (block.metadata.uid, block.metadata.resourceVersion) = ("b", "7")
      var division = BlockDivision(
        node: "n2", before: AddressSet(), rest: .seconds(60), continuity: whole())
      var given = AddressSet()
      // In the first division it would count as one that a run before has left.
      for round in 0..<4 {
        let now = start + .seconds(round)
        let map = round == 0 ? BlockMap() : BlockMap([block])
        let divided = division.divide(
          try resolved([object], on: "n2"), map, owner: owner, busy: AddressSet(), pools: all, at: now)
        division.noteFile(of: divided, at: now)
        given = AddressSet(union: divided.entries.map(\.addresses))
        division.note(published: PublishedReport([.init(name: "p", uid: "uid-p", generation: 3)]))
        guard let question = division.question(claiming: true) else { continue }
        let report = NodeProgress(node: "n1", pools: [], held: addresses(held))
        division.answer(question, [report], version: "9", at: now)
      }
      #expect(given.contains(try #require(IPAddress("10.0.0.1"))) == !isTaken)
      #expect(division.overdue(at: start + .seconds(100)).map(\.uid) == (isTaken ? ["b"] : []))
    }
  }

  @Test("a node that may give by another form is waited for, and named")
  func waiting() throws {
    for reports in [
      [report(p: 2)], [report(p: 3, uid: "uid-before")], [report("n3"), report(p: 3, isFileOld: true)],
      // This node is the one that has not heard yet.
      [report(p: 4)],
    ] {
      let (claims, obstacle) = try claims(reports)
      #expect(claims == [], "\(reports)")
      #expect(obstacle?.contains("node n1") ?? false)
      #expect(obstacle?.contains("kubectl delete ipvlannode n1") ?? false)
    }
    for (text, count) in [("10.0.0.0/28", 0), ("10.9.0.0/24", 1), ("", 1)] {
      let gone = NodeProgress.Pool(name: "gone", uid: "x", generation: 1, subnet: CIDR(text))
      #expect(try claims([NodeProgress(node: "n1", pools: [gone])]).claims.count == count, "\(text)")
    }
  }

  /// An edit may have moved it from one pool to the other, or put it into both: the younger pool's node has not heard of it.
  @Test(
    "of a shared pool only the addresses wait that another node gives as its own, in whatever pool they are")
  func moved() throws {
    let reports = [report(q: addresses("10.0.0.1", "10.0.0.99"))]
    let (none, obstacle) = try claims(reports)
    #expect(none == [])
    #expect(obstacle?.contains("10.0.0.1 is still given by node n1 (pool q)") ?? false, "\(obstacle ?? "")")
    #expect(try claims(reports, ips: ["10.0.0.1-10.0.0.2"]).claims == [["10.0.0.2"]])
  }

  /// Of two nodes, of which one is about to claim an address and one to give it, one at least sees the other.
  @Test("nothing is claimed before this node's report has the present form", arguments: [0, 2])
  func unreported(_ generation: Int) throws {
    #expect(try claims([], published: generation).claims == [])
  }

  @Test("what pods of this node hold is claimed without waiting")
  func held() throws {
    #expect(try claims([report(p: 2)], busy: addresses("10.0.0.1")).claims == [["10.0.0.1"]])
  }

  @Test(
    "what pods hold of a pool that is another node's now is claimed, and known to be unprotected until then")
  func unprotected() throws {
    let object = pool("p", ips: ["10.0.0.1-10.0.0.9"], nodes: ["n1"], generation: 3)
    var division = BlockDivision(node: "n2", before: AddressSet(), rest: .seconds(60), continuity: whole())
    func divide(_ map: BlockMap, _ busy: AddressSet?) throws {
      _ = division.divide(
        try resolved([object], on: "n2"), map, owner: owner, busy: busy, pools: [try PoolObject(object)],
        at: start)
    }
    try divide(BlockMap(), addresses("10.0.0.4", "10.8.0.1"))
    #expect(division.unprotected == addresses("10.0.0.4"))
    var claim = try #require(division.takeClaims(of: owner, at: start).first)
    #expect(claim["spec"]?["ips"]?.array == ["10.0.0.4"])
    claim.metadata.resourceVersion = "7"
    claim.metadata.uid = "b"
    try divide(BlockMap([claim]), addresses("10.0.0.4"))
    #expect(division.unprotected == AddressSet())
    #expect(division.takeClaims(of: owner, at: start).isEmpty)
    try divide(BlockMap([claim]), nil)
    #expect(division.unprotected == nil)
  }

  @Test("a report is read as the agent writes it")
  func reading() {
    let object = UnstructuredObject(
      metadata: ObjectMetadata(name: "n1"),
      fields: [
        "status": [
          "conditions": [["type": "PoolsInSync", "status": "False", "reason": "NotWritten"]],
          "pools": [
            ["name": "p", "uid": "u", "generation": 2, "subnet": "10.0.0.0/24"],
            ["name": "file", "uid": "", "generation": 0],
          ],
        ]
      ])
    #expect(
      NodeProgress(object)
        == NodeProgress(
          node: "n1", pools: [.init(name: "p", uid: "u", generation: 2, subnet: CIDR("10.0.0.0/24"))],
          isFileOld: true, held: nil))
  }
}
