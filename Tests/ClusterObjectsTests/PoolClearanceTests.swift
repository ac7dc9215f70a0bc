import Addressing
import ClusterObjects
import ClusterTestSupport
import KubernetesClient
import Testing

/// Nothing is claimed of a pool while a node may give its addresses by an earlier form.
@Suite struct PoolClearanceTests {
  private let owner = Block.Owner(node: "n2", uid: "node-2")
  private let start = ContinuousClock.now

  private func addresses(_ texts: String...) -> AddressSet { AddressSet(texts.compactMap { IPRange($0) }) }

  /// Whether n2 claims of pool p in generation 3, beside a pool of n1 in generation 5, once it has these reports.
  private func claims(
    _ reports: [NodeStanding], subnet: String = "10.0.0.0/24", busy: AddressSet = AddressSet()
  ) throws -> (claims: Int, obstacle: String?) {
    let other = subnet == "10.0.0.0/24" ? "10.0.0.99" : "10.9.0.1"
    let objects = [
      pool("p", ips: ["10.0.0.1-10.0.0.9"], nodes: [], generation: 3),
      pool("q", subnet: subnet, ips: [other], generation: 5),
    ]
    let all = try objects.map { try PoolObject($0) }
    var division = BlockDivision(node: "n2", before: AddressSet(), rest: .seconds(60))
    func divide() throws {
      _ = division.divide(
        try resolved(objects, on: "n2"), BlockMap(), owner: owner, busy: busy, pools: all, at: start)
    }
    try divide()
    let question = try #require(division.question(claiming: true))
    division.answer(question, reports)
    try divide()
    return (division.takeClaims(of: owner, at: start).count, division.clearance.obstacles["p"])
  }

  private func report(
    _ node: String = "n1", p: Int? = nil, uid: String = "uid-p", q: Int? = nil, isFileOld: Bool = false
  ) -> NodeStanding {
    let pools = [p.map { ("p", uid, $0) }, q.map { ("q", "uid-q", $0) }].compactMap(\.self)
    return NodeStanding(
      node: node, pools: pools.map { .init(name: $0.0, uid: $0.1, generation: $0.2) }, isFileOld: isFileOld)
  }

  @Test("where all nodes have the present form, or do not have the pool, it is claimed from")
  func clear() throws {
    #expect(try claims([]).claims == 1)
    #expect(try claims([report(), report("n3", p: 3, q: 5)]).claims == 1)
    // Its own report follows what it does.
    #expect(try claims([report("n2", p: 1)]).claims == 1)
  }

  @Test("a node that may give by another form is waited for, and named")
  func waiting() throws {
    for reports in [
      [report(p: 2)], [report(p: 3, uid: "uid-before")], [report("n3"), report(p: 3, isFileOld: true)],
      // This node is the one that has not heard yet.
      [report(p: 4)],
      // An edit may have moved an address from one pool of the subnet to another.
      [report(q: 4)],
    ] {
      let (claims, obstacle) = try claims(reports)
      #expect(claims == 0, "\(reports)")
      #expect(obstacle?.contains("node n1") ?? false)
      #expect(obstacle?.contains("kubectl delete ipvlannode n1") ?? false)
    }
    #expect(try claims([report(q: 4)], subnet: "10.9.0.0/24").claims == 1)
    for (text, count) in [("10.0.0.128/25", 0), ("10.9.0.0/24", 1), ("", 1)] {
      let gone = NodeStanding.Pool(name: "gone", uid: "x", generation: 1, subnet: CIDR(text))
      #expect(try claims([NodeStanding(node: "n1", pools: [gone])]).claims == count, "\(text)")
    }
  }

  @Test("what pods of this node hold is claimed without waiting")
  func held() throws {
    #expect(try claims([report(p: 2)], busy: addresses("10.0.0.4")).claims == 1)
  }

  @Test(
    "what pods hold of a pool that is another node's now is claimed, and known to be unprotected until then")
  func moved() throws {
    let object = pool("p", ips: ["10.0.0.1-10.0.0.9"], nodes: ["n1"], generation: 3)
    var division = BlockDivision(node: "n2", before: AddressSet(), rest: .seconds(60))
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
      NodeStanding(object)
        == NodeStanding(
          node: "n1", pools: [.init(name: "p", uid: "u", generation: 2, subnet: CIDR("10.0.0.0/24"))],
          isFileOld: true, held: nil))
  }
}
