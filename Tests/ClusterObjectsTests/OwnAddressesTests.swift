import Addressing
import ClusterObjects
import ClusterTestSupport
import KubernetesClient
import Testing

/// What is new to the file of a node waits for the other nodes' reports.
@Suite struct OwnAddressesTests {
  private func addresses(_ texts: String...) -> AddressSet { AddressSet(texts.compactMap { IPRange($0) }) }

  /// What n1 gives of its own pool, and why not all, once it has these reports.
  private func divide(
    _ ips: [String], _ division: inout BlockDivision, reports: [NodeProgress]? = []
  ) throws -> (given: AddressSet, withheld: String?) {
    let object = pool("p", ips: ips)
    func divide() throws -> PoolResolution {
      division.divide(
        try resolved([object]), BlockMap(), owner: nil, busy: AddressSet(), pools: [try PoolObject(object)],
        at: .now)
    }
    _ = try divide()
    if let reports {
      division.note(
        published: PublishedReport([.init(name: "p", uid: "uid-p", generation: 1, own: division.own.wanted)]))
      if let question = division.question(claiming: false) {
        division.answer(question, reports, version: "9", at: .now)
      }
    }
    let entry = try #require(try divide().entries.first)
    return (entry.addresses, entry.withheld)
  }

  private func division(own: AddressSet = AddressSet()) -> BlockDivision {
    BlockDivision(node: "n1", before: AddressSet(), own: own, rest: .seconds(60), continuity: whole())
  }

  private func report(_ node: String, gives: String? = nil, holds: AddressSet? = AddressSet()) -> NodeProgress
  {
    NodeProgress(
      node: node,
      pools: [
        .init(
          name: "q", uid: "q", generation: 1, subnet: CIDR("10.0.0.0/24"),
          own: gives.map { addresses($0) } ?? AddressSet())
      ], held: holds)
  }

  @Test("nothing new is given before the reports have been read")
  func unread() throws {
    var division = division(own: addresses("10.0.0.1-10.0.0.4"))
    #expect(
      try divide(["10.0.0.1-10.0.0.4"], &division, reports: nil) == (addresses("10.0.0.1-10.0.0.4"), nil))
    var news = [division.takeNews()]
    #expect(
      try divide(["10.0.0.3-10.0.0.6"], &division, reports: nil).given == addresses("10.0.0.3-10.0.0.4"))
    news += [division.takeNews(), division.takeNews()]
    #expect(news == [false, true, false], "each is asked about at once, and once")
    let none = try divide(["10.0.0.8"], &division, reports: nil)
    #expect(none.given.isEmpty)
    #expect(none.withheld?.contains("has not said yet that it is about to give them") ?? false)
  }

  @Test("what another node gives or holds waits, and the reason names it")
  func waiting() throws {
    for (report, words) in [
      (report("n2", gives: "10.0.0.2"), "10.0.0.2 is still given by node n2 (pool q)"),
      (report("n2", holds: addresses("10.0.0.2")), "10.0.0.2 is held by a pod of node n2"),
    ] {
      var division = division()
      #expect(
        try divide(["10.0.0.1-10.0.0.3"], &division, reports: [report]).given
          == addresses("10.0.0.1", "10.0.0.3"))
      let all = try divide(["10.0.0.2"], &division, reports: [report])
      #expect(all.given.isEmpty)
      #expect(all.withheld?.contains(words) ?? false, "\(all.withheld ?? "")")
      #expect(try divide(["10.0.0.2"], &division) == (addresses("10.0.0.2"), nil), "that node has let it go")
    }
    var division = division()
    let unreadable = try divide(["10.0.0.2"], &division, reports: [report("n2", holds: nil)])
    #expect(unreadable.withheld?.contains("has not said which addresses its pods hold") ?? false)
  }

  @Test("a node does not wait for itself, nor for pools that several share")
  func unconcerned() throws {
    var division = division()
    let reports = [
      report("n1", gives: "10.0.0.2", holds: addresses("10.0.0.2")), report("n2", gives: "10.0.0.9"),
    ]
    #expect(try divide(["10.0.0.2"], &division, reports: reports) == (addresses("10.0.0.2"), nil))
  }

  /// The pool that n1 has alone now was shared, and n2 may claim of it until it has heard of that.
  @Test(
    "a node that has not heard of the last edit of a pool that was shared is waited for",
    arguments: [0, 1, 2])
  func shared(_ generation: Int) throws {
    var division = division()
    let report = NodeProgress(
      node: "n2", pools: [.init(name: "p", uid: "uid-p", generation: generation, subnet: CIDR("10.0.0.0/24"))]
    )
    let (given, withheld) = try divide(["10.0.0.2"], &division, reports: [report])
    #expect(given.isEmpty == (generation != 1))
    #expect(
      withheld?.contains("has not reported yet that it has heard of the last edit of pool p") ?? false
        == (generation != 1))
  }

  @Test("the file of the run before counts as far as the report of that run has it")
  func recalled() throws {
    var division = division(own: addresses("10.0.0.1-10.0.0.4"))
    division.recall(addresses("10.0.0.2-10.0.0.9"))
    #expect(
      try divide(["10.0.0.1-10.0.0.4"], &division, reports: nil).given == addresses("10.0.0.2-10.0.0.4"))
  }

  @Test("what only blocks of another node keep back is told with the block")
  func blocks() throws {
    var block = try #require(
      Block.claim(
        on: addresses("10.0.0.1"), of: ObjectIdentity(pool("p", ips: []).metadata),
        for: Block.Owner(node: "n2", uid: "node-2")))
    block.metadata.uid = "b"
    block.metadata.resourceVersion = "7"
    let object = pool("p", ips: ["10.0.0.1"])
    var division = division(own: addresses("10.0.0.1"))
    let entry = try #require(
      division.divide(
        try resolved([object]), BlockMap([block]), owner: Block.Owner(node: "n1", uid: "node-1"),
        busy: AddressSet(),
        pools: [try PoolObject(object)], at: .now
      ).entries.first)
    #expect(entry.addresses.isEmpty)
    #expect(entry.withheld?.contains("a pod of node n2 holds 10.0.0.1") ?? false)
  }

  /// One of the nodes that share q may not have heard yet that the older p has the address.
  @Test(
    "an address that a shared pool has too is given by a block, which is kept until all have heard that it is not"
  )
  func contested() throws {
    let owner = Block.Owner(node: "n1", uid: "node-1")
    var division = division()
    func divide(_ map: BlockMap, shared: [String], generation: Int64 = 1) throws -> AddressSet {
      let objects = [
        pool("p", ips: ["10.0.0.1-10.0.0.2"]),
        pool("q", ips: shared, nodes: ["n2", "n3"], age: 50, generation: generation),
      ]
      let divided = division.divide(
        try resolved(objects), map, owner: owner, busy: AddressSet(),
        pools: try objects.map { try PoolObject($0) },
        at: .now)
      division.noteFile(of: divided, at: .now)
      return try #require(divided.entries.first).addresses
    }
    func ask(_ reports: [NodeProgress]) throws {
      division.note(
        published: PublishedReport([.init(name: "p", uid: "uid-p", generation: 1, own: division.own.wanted)]))
      division.answer(try #require(division.question(claiming: true)), reports, version: "9", at: .now)
    }
    #expect(try divide(BlockMap(), shared: ["10.0.0.2-10.0.0.3"]).isEmpty)
    #expect(division.takeClaims(of: owner, at: .now).isEmpty, "nobody has been asked yet")
    try ask([])
    #expect(try divide(BlockMap(), shared: ["10.0.0.2-10.0.0.3"]) == addresses("10.0.0.1"))
    var claim = try #require(division.takeClaims(of: owner, at: .now).first)
    #expect(claim["spec"]?["pool"] == "q")
    #expect(claim["spec"]?["ips"]?.array == ["10.0.0.2"])
    (claim.metadata.uid, claim.metadata.resourceVersion) = ("b", "7")
    let map = BlockMap([claim])
    #expect(try divide(map, shared: ["10.0.0.2-10.0.0.3"]) == addresses("10.0.0.1-10.0.0.2"))
    let later = ContinuousClock.now + .seconds(100)
    #expect(division.overdue(at: later).isEmpty)
    // n2 has not heard yet that q is without it.
    #expect(try divide(map, shared: ["10.0.0.3"], generation: 2) == addresses("10.0.0.1-10.0.0.2"))
    try ask([
      NodeProgress(
        node: "n2", pools: [.init(name: "q", uid: "uid-q", generation: 1, subnet: CIDR("10.0.0.0/24"))])
    ])
    #expect(try divide(map, shared: ["10.0.0.3"], generation: 2) == addresses("10.0.0.1-10.0.0.2"))
    #expect(division.overdue(at: later).isEmpty)
    try ask([])
    #expect(try divide(map, shared: ["10.0.0.3"], generation: 2) == addresses("10.0.0.1-10.0.0.2"))
    #expect(division.overdue(at: later).map(\.name) == [claim.metadata.name])
  }

  @Test("what has left and comes back is asked for again")
  func back() throws {
    var division = division(own: addresses("10.0.0.1-10.0.0.2"))
    _ = try divide(["10.0.0.1"], &division)
    let again = try divide(["10.0.0.1-10.0.0.2"], &division, reports: [report("n2", gives: "10.0.0.2")])
    #expect(again.given == addresses("10.0.0.1"))
  }

  @Test("an answer to an earlier question counts for what was asked")
  func late() throws {
    var division = division()
    let object = pool("p", ips: ["10.0.0.1"])
    _ = division.divide(
      try resolved([object]), BlockMap(), owner: nil, busy: nil, pools: [try PoolObject(object)], at: .now)
    #expect(division.question(claiming: false) == nil, "its own report says nothing of them yet")
    division.note(
      published: PublishedReport([.init(name: "p", uid: "uid-p", generation: 1, own: division.own.wanted)]))
    let question = try #require(division.question(claiming: false))
    let first = try divide(["10.0.0.2"], &division, reports: nil)
    #expect(first.given.isEmpty)
    division.answer(question, [], version: "9", at: .now)
    #expect(try divide(["10.0.0.2"], &division, reports: nil).given.isEmpty)
  }
}
