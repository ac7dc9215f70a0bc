import Addressing
import ClusterObjects
import ClusterTestSupport
import KubernetesClient
import Testing

/// What a node gives and claims while nobody knows whether the API server has lost something, and after that.
@Suite struct BlockDoubtTests {
  private let owner = Block.Owner(node: "n1", uid: "node-1")
  private let start = ContinuousClock.now

  private func addresses(_ texts: String...) -> AddressSet { AddressSet(texts.compactMap { IPRange($0) }) }

  private func block(_ ips: String, _ version: Int) throws -> UnstructuredObject {
    let pool = ObjectIdentity(ClusterTestSupport.pool("p", ips: []).metadata)
    var object = try #require(Block.claim(on: addresses(ips), of: pool, for: owner))
    (object.metadata.uid, object.metadata.resourceVersion) = ("block-\(version)", "\(version)")
    return object
  }

  /// n1 with pool p, which it shares or has alone.
  private struct Node {
    var division: BlockDivision
    let object: UnstructuredObject
    let owner: Block.Owner
    let start: ContinuousClock.Instant

    /// - Returns: what it may give of the pool.
    mutating func divide(_ blocks: [UnstructuredObject] = [], busy: AddressSet = AddressSet()) throws
      -> AddressSet
    {
      let divided = division.divide(
        try resolved([object]), BlockMap(blocks), owner: owner, busy: busy, pools: [try PoolObject(object)],
        at: start)
      // The report says so.
      division.note(
        published: PublishedReport(
          GivenPools(dividing: divided).reported(divided, about: division.own.wanted)))
      return try #require(divided.entries.first).addresses
    }

    /// Looks at a server that has all.
    mutating func look(at seconds: Int = 0) -> Continuity.Finding {
      division.take(
        ResourceList(
          items: [], resourceVersion: "\(division.continuity.seen.version)",
          serverTime: Timestamp(seconds: 1_000_000 + seconds)),
        after: division.continuity.look(), nodeUID: owner.uid, at: start + .seconds(seconds))
    }

    mutating func question() throws -> BlockDivision.Question {
      try #require(division.question(claiming: true))
    }

    mutating func answer(
      _ question: BlockDivision.Question, _ reports: [NodeProgress] = [], version: String = "1000000",
      at seconds: Int = 0
    ) -> (hasMore: Bool, tellsOfLoss: Bool) {
      let outcome = division.answer(question, reports, version: version, at: start + .seconds(seconds))
      return (outcome.hasMore, outcome.tellsOfLoss)
    }

    mutating func claims() -> [FieldValue] {
      division.takeClaims(of: owner, at: start).compactMap { $0["spec"]?["ips"] }
    }
  }

  private func node(
    nodes: [String] = [], before: AddressSet = AddressSet(), continuity: Continuity = whole()
  ) -> Node {
    Node(
      division: BlockDivision(node: "n1", before: before, rest: .seconds(60), continuity: continuity),
      object: pool("p", ips: ["10.0.0.1-10.0.0.9"], nodes: nodes), owner: owner, start: start)
  }

  @Test("while a node is in doubt it asks nobody and claims nothing, also not what its pods hold")
  func doubt() throws {
    for nodes in [[], ["n1"]] {
      var node = node(nodes: nodes, continuity: Continuity(grace: .seconds(60)))
      #expect(try node.divide(busy: addresses("10.0.0.2")).isEmpty)
      #expect(node.division.question(claiming: true) == nil)
      #expect(node.claims() == [])
      #expect(node.look() == .whole)
      #expect(try node.divide(busy: addresses("10.0.0.2")).isEmpty)
      #expect(node.division.question(claiming: true) != nil)
      #expect(node.claims() == (nodes.isEmpty ? [["10.0.0.2"]] : []))
      for isAway in [false, true] {
        var node = node
        #expect(try node.divide(busy: addresses("10.0.0.3")).isEmpty)
        if isAway { node.division.interrupt(at: start) } else { node.division.doubt() }
        #expect(node.division.continuity.isAway == isAway)
        #expect(node.division.question(claiming: true) == nil)
        #expect(node.look() == .whole)
        #expect(node.claims() == [], "what was to be claimed before is not")
        _ = try node.divide(busy: addresses("10.0.0.3"))
        #expect(node.claims() == (nodes.isEmpty ? [["10.0.0.3"]] : []))
      }
    }
  }

  @Test("of a pool that several nodes share nothing is claimed by an answer from before an interruption")
  func sharedAnswer() throws {
    var node = node()
    #expect(try node.divide().isEmpty)
    let early = try node.question()
    node.division.interrupt(at: start)
    _ = node.answer(early)
    #expect(node.look() == .whole)
    for _ in 0..<2 {
      #expect(try node.divide().isEmpty)
      #expect(node.claims() == [])
      _ = node.answer(early)
    }
    _ = node.answer(try node.question())
    #expect(try node.divide().isEmpty)
    let claims = node.claims()
    #expect(claims.count == 1)
  }

  @Test("of a pool of its own a node gives nothing by an answer from before an interruption")
  func ownAnswer() throws {
    var node = node(nodes: ["n1"])
    #expect(try node.divide().isEmpty)
    let early = try node.question()
    node.division.interrupt(at: start)
    #expect(node.answer(early).hasMore == false)
    #expect(node.look() == .whole)
    #expect(node.answer(early).hasMore == false)
    #expect(try node.divide().isEmpty)
    #expect(node.answer(try node.question()).hasMore == true)
    #expect(try node.divide() == addresses("10.0.0.1-10.0.0.9"))
  }

  /// Claims can be under way while the server is restored, and what was cleared is of the state before.
  @Test(
    "after an interruption a block of this node that it did not give is given when it has been asked about")
  func blocks() throws {
    for isInterrupted in [false, true] {
      var node = node(before: addresses("10.0.0.1"))
      let first = try block("10.0.0.1", 1)
      let busy = addresses("10.0.0.1")
      #expect(try node.divide([first], busy: busy) == busy)
      _ = node.answer(try node.question())
      #expect(try node.divide([first], busy: busy) == busy)
      if isInterrupted {
        node.division.interrupt(at: start)
        #expect(node.look() == .whole)
      }
      let both = [first, try block("10.0.0.5", 2)]
      let all = addresses("10.0.0.1", "10.0.0.5")
      #expect(try node.divide(both, busy: busy) == (isInterrupted ? busy : all))
      guard isInterrupted else { continue }
      _ = try node.divide(both, busy: busy)
      #expect(node.claims() == [])
      _ = node.answer(try node.question())
      #expect(try node.divide(both, busy: busy) == all)
    }
  }

  @Test("an answer that is older than what had been seen counts for nothing, and begins a doubt")
  func olderAnswer() throws {
    for nodes in [[], ["n1"]] {
      var node = node(nodes: nodes)
      #expect(try node.divide().isEmpty)
      node.division.note(version: "20", at: start)
      let question = try node.question()
      // It may come before this.
      node.division.note(version: "30", at: start)
      for version in ["20", "30", "x"] {
        var node = node
        #expect(node.answer(question, version: version).hasMore == !nodes.isEmpty)
        #expect(!node.division.continuity.isDoubtful)
        #expect(try node.divide().isEmpty == nodes.isEmpty)
        #expect(node.claims().count == (nodes.isEmpty ? 1 : 0))
      }
      // It knows of a loss that is not heard of: by such an answer nothing is.
      let told = NodeProgress(node: "n2", pools: [], lostState: Timestamp(seconds: 1_000_500))
      #expect(node.answer(question, [told], version: "19") == (false, false))
      #expect(node.division.continuity.isDoubtful && !node.division.continuity.isAway)
      #expect(node.division.continuity.lostState == nil)
      #expect(node.division.question(claiming: true) == nil)
      #expect(node.look() == .whole)
      #expect(node.answer(question).hasMore == false)
      #expect(try node.divide().isEmpty)
      #expect(node.claims() == [])
      #expect(node.answer(try node.question()).hasMore == !nodes.isEmpty)
    }
  }

  @Test("an answer that tells of a loss says so once, begins a doubt, and clears nothing")
  func told() throws {
    var node = node(nodes: ["n1"])
    #expect(node.look() == .whole)
    #expect(try node.divide().isEmpty)
    let time = Timestamp(seconds: 1_000_490)
    let reports = [
      NodeProgress(node: "n1", pools: [], lostState: Timestamp(seconds: 2_000_000)),
      NodeProgress(node: "n2", pools: [], followedSince: time, lostState: time),
    ]
    let early = try node.question()
    #expect(node.answer(early, reports, at: 500) == (false, true))
    #expect(node.division.continuity.lostState == time, "its own report tells it nothing")
    #expect(node.division.continuity.isDoubtful && !node.division.continuity.isAway)
    #expect(node.division.question(claiming: true) == nil)
    #expect(node.look(at: 501) == .whole)
    #expect(node.division.continuity.lostState == time)
    #expect(node.answer(early, reports, at: 550) == (false, false))
    // By the server's clock ten seconds of the grace had passed.
    for (seconds, hasMore) in [(502, false), (549, false), (550, true)] {
      #expect(try node.divide().isEmpty)
      let outcome = node.answer(try node.question(), reports, at: seconds)
      #expect(outcome == (hasMore, false), "\(seconds)")
    }
  }
}
