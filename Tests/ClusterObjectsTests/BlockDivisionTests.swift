import Addressing
import ClusterObjects
import ClusterTestSupport
import IPAM
import KubernetesClient
import Testing

@Suite struct BlockDivisionTests {
  private let owner = Block.Owner(node: "n1", uid: "node-1")
  private let start = ContinuousClock.now

  private func addresses(_ texts: String...) -> AddressSet { AddressSet(texts.compactMap { IPRange($0) }) }

  private func block(
    _ first: String, _ version: Int, node: String = "n1", uid: String = "node-1", pool: String = "uid-p"
  )
    throws -> UnstructuredObject
  {
    let name = ObjectIdentity(ClusterTestSupport.pool("p", ips: [first], uid: pool).metadata)
    var object = try #require(
      Block.claim(on: addresses(first), of: name, for: Block.Owner(node: node, uid: uid)))
    object.metadata.uid = "block-\(version)"
    object.metadata.resourceVersion = "\(version)"
    return object
  }

  private func shared(_ ips: String..., more: [String: FieldValue] = [:]) throws -> PoolResolution {
    try resolved([pool("p", ips: ips, nodes: [], more)])
  }

  private func division(before: AddressSet = AddressSet()) -> BlockDivision {
    BlockDivision(node: "n1", before: before, rest: .seconds(60), continuity: whole())
  }

  @Test("a node gives of a shared pool what it has claimed, and claims more before it runs dry")
  func claims() throws {
    var division = division()
    let pool = try shared("10.0.0.1-10.0.0.9")
    let first = division.divide(pool, BlockMap(), owner: owner, busy: AddressSet(), at: start)
    #expect(first.entries.map(\.addresses) == [AddressSet()])
    #expect(first.entries.map(\.sharing) == [.more])
    let claims = division.takeClaims(of: owner, at: start)
    #expect(claims.count == 1)
    #expect(division.takeClaims(of: owner, at: start).isEmpty, "each is sent once")
    var object = try #require(claims.first)
    object.metadata.uid = "b"
    object.metadata.resourceVersion = "5"
    let map = BlockMap([object])
    let claimed = try #require(Block(object)).addresses
    let second = division.divide(pool, map, owner: owner, busy: AddressSet(), at: start)
    #expect(second.entries.map(\.addresses) == [claimed])
    #expect(division.takeClaims(of: owner, at: start).isEmpty)
    // The last one is taken.
    _ = division.divide(pool, map, owner: owner, busy: claimed, at: start)
    #expect(division.takeClaims(of: owner, at: start).count == 1)
  }

  @Test("pools whose pods wait get several blocks at once")
  func wanted() throws {
    var division = division()
    division.want(["p"], at: start)
    _ = division.divide(
      try shared("10.0.0.1-10.0.0.30"), BlockMap(), owner: owner, busy: AddressSet(), at: start)
    #expect(division.takeClaims(of: owner, at: start).count == 5)
  }

  @Test("what was claimed for waiting pods is kept for them, though the pool is claimed as a whole")
  func kept() throws {
    let pool = try shared("10.0.0.1-10.0.0.6")
    let map = BlockMap(try (1...6).map { try block("10.0.0.\($0)", $0) })
    var division = division(before: addresses("10.0.0.1-10.0.0.6"))
    division.want(["p"], at: start)
    let busy = addresses("10.0.0.1")
    let early = division.divide(pool, map, owner: owner, busy: busy, at: start + .seconds(19))
    #expect(early.entries.map(\.addresses) == [addresses("10.0.0.1-10.0.0.6")])
    #expect(division.keepsSpare)
    let late = division.divide(pool, map, owner: owner, busy: busy, at: start + .seconds(20))
    #expect(late.entries.map(\.addresses) == [addresses("10.0.0.1-10.0.0.2")])
    #expect(!division.keepsSpare)
    // What leaves can be claimed in a minute: ADD says "try again", not that other nodes have all.
    #expect(late.entries.map(\.sharing) == [.more])
  }

  @Test("a held address that another node has a block of does not keep edits from being acknowledged")
  func heldTwice() throws {
    var division = division()
    let pools = [try PoolObject(pool("p", ips: ["10.0.0.1-10.0.0.2"], nodes: [], uid: "uid-p"))]
    let resolution = PoolResolver(node: NodeIdentity(name: "n1", labels: [:])).resolve(pools)
    let theirs = BlockMap([try block("10.0.0.1", 1, node: "n2", uid: "node-2")])
    _ = division.divide(
      resolution, theirs, owner: owner, busy: addresses("10.0.0.1"), pools: pools, at: start)
    #expect(division.unprotected == AddressSet())
    _ = division.divide(
      resolution, BlockMap(), owner: owner, busy: addresses("10.0.0.1"), pools: pools, at: start)
    #expect(division.unprotected == addresses("10.0.0.1"))
  }

  @Test("without the leases nothing is claimed and nothing given back")
  func unknown() throws {
    var division = division(before: addresses("10.0.0.1-10.0.0.9"))
    let map = BlockMap(try (1...6).map { try block("10.0.0.\($0)", $0) })
    let divided = division.divide(try shared("10.0.0.1-10.0.0.9"), map, owner: owner, busy: nil, at: start)
    #expect(divided.entries.map(\.addresses.count) == [6])
    #expect(division.takeClaims(of: owner, at: start).isEmpty)
    division.noteFile(of: divided, at: start)
    #expect(division.overdue(at: start + .seconds(1000)).isEmpty)
  }

  @Test("a block that an edit has cut goes when another pool has the rest, and no pod an address of it")
  func cut() throws {
    let map = BlockMap([try block("10.0.0.1-10.0.0.2", 1)])
    func overdue(_ pools: [UnstructuredObject], busy: AddressSet) throws -> [String] {
      var division = division(before: addresses("10.0.0.1-10.0.0.2"))
      let objects = try pools.map { try PoolObject($0) }
      let resolution = PoolResolver(node: NodeIdentity(name: "n1", labels: [:])).resolve(objects)
      let divided = division.divide(resolution, map, owner: owner, busy: busy, pools: objects, at: start)
      division.noteFile(of: divided, at: start)
      return division.overdue(at: start + .seconds(60)).map(\.name)
    }
    let left = pool("p", ips: ["10.0.0.1"], nodes: [], uid: "uid-p")
    let other = pool("q", ips: ["10.0.0.2"], nodes: ["n2"])
    #expect(try overdue([left], busy: AddressSet()).isEmpty)
    #expect(try overdue([left, other], busy: AddressSet()) == ["p-10-0-0-1"])
    #expect(try overdue([left, other], busy: addresses("10.0.0.1")).isEmpty)
  }

  @Test("a block that is not needed leaves the file, rests, and goes; one that a pod took meanwhile stays")
  func surplus() throws {
    var division = division(before: addresses("10.0.0.1-10.0.0.9"))
    let pool = try shared("10.0.0.1-10.0.0.9")
    let map = BlockMap(try (1...6).map { try block("10.0.0.\($0)", $0) })
    let divided = division.divide(pool, map, owner: owner, busy: addresses("10.0.0.1"), at: start)
    // The newest go first; three free ones are left, as high water is.
    #expect(divided.entries.map(\.addresses) == [addresses("10.0.0.1-10.0.0.4")])
    // The file could not be written: it gives them still.
    #expect(division.overdue(at: start + .seconds(1000)).isEmpty)
    division.noteFile(of: divided, at: start)
    #expect(division.overdue(at: start + .seconds(19)).isEmpty)
    #expect(division.overdue(at: start + .seconds(60)).map(\.version) == [5, 6])
    let later = division.divide(
      pool, map, owner: owner, busy: addresses("10.0.0.1", "10.0.0.5"), at: start + .seconds(60))
    #expect(later.entries.map(\.addresses) == [addresses("10.0.0.1-10.0.0.5")])
    #expect(division.overdue(at: start + .seconds(60)).map(\.version) == [6])
  }

  @Test("what the file of the run before did not give does not come back: its deletion may be on its way")
  func restarted() throws {
    var division = division(before: addresses("10.0.0.1"))
    let map = BlockMap([try block("10.0.0.1", 1), try block("10.0.0.2", 2), try block("10.0.0.3", 3)])
    let divided = division.divide(
      try shared("10.0.0.1-10.0.0.9"), map, owner: owner, busy: addresses("10.0.0.3"), at: start)
    #expect(divided.entries.map(\.addresses) == [addresses("10.0.0.1", "10.0.0.3")])
    division.noteFile(of: divided, at: start)
    #expect(division.overdue(at: start + .seconds(60)).map(\.version) == [2])
  }

  @Test("of two blocks with one address the older counts")
  func overlap() throws {
    let older = try block("10.0.0.4-10.0.0.7", 3, node: "n2", uid: "node-2")
    var division = division(before: addresses("10.0.0.1-10.0.0.9"))
    let divided = division.divide(
      try shared("10.0.0.1-10.0.0.9"), BlockMap([try block("10.0.0.7-10.0.0.8", 4), older]), owner: owner,
      busy: AddressSet(), at: start)
    #expect(divided.entries.map(\.addresses) == [addresses("10.0.0.8")])
  }

  @Test(
    "blocks of another pool of that name, or of a Node that was there before, are not given, and stay while held"
  )
  func former() throws {
    var division = division(before: addresses("10.0.0.1-10.0.0.9"))
    let map = BlockMap([
      try block("10.0.0.1", 1, pool: "uid-old"), try block("10.0.0.2", 2, pool: "uid-old"),
      try block("10.0.0.3", 3, uid: "node-0"),
    ])
    let divided = division.divide(
      try shared("10.0.0.1-10.0.0.9"), map, owner: owner, busy: addresses("10.0.0.1"), at: start)
    #expect(divided.entries.map(\.addresses) == [AddressSet()])
    division.noteFile(of: divided, at: start)
    #expect(division.overdue(at: start + .seconds(60)).map(\.version) == [2])
  }

  @Test("a pool of one node does without what others have blocks of, as after an edit of nodeName")
  func single() throws {
    var division = division()
    let map = BlockMap([try block("10.0.0.2", 2, node: "n2", uid: "node-2")])
    let divided = division.divide(
      try resolved([pool("p", ips: ["10.0.0.1-10.0.0.3"])]), map, owner: owner, busy: AddressSet(), at: start)
    #expect(divided.entries.map(\.addresses) == [addresses("10.0.0.1", "10.0.0.3")])
    #expect(divided.entries.map(\.sharing) == [nil])
  }

  @Test("what pods hold of a pool that was this node's alone is claimed first")
  func held() throws {
    var division = division()
    _ = division.divide(
      try shared("10.0.0.1-10.0.0.9"), BlockMap(), owner: owner, busy: addresses("10.0.0.2", "10.0.0.8"),
      at: start)
    let claims = division.takeClaims(of: owner, at: start).compactMap { $0["spec"]?["ips"]?.array }
    // By blocks as all others: each goes when its pod is gone.
    #expect(claims.prefix(2) == [["10.0.0.2"], ["10.0.0.8"]])
  }

  @Test(
    "a large block, as of a pool of its own that is gone, is exchanged for small ones once all is claimed")
  func large() throws {
    let map = BlockMap([try block("10.0.0.1-10.0.0.9", 1)])
    var division = division(before: addresses("10.0.0.1-10.0.0.9"))
    let claimed = division.divide(
      try shared("10.0.0.1-10.0.0.9"), map, owner: owner, busy: AddressSet(), at: start)
    #expect(claimed.entries.map(\.addresses) == [AddressSet()])
    #expect(claimed.entries.map(\.sharing) == [.more])
    // Others can claim what they need.
    var other = self.division(before: addresses("10.0.0.1-10.0.0.9"))
    let more = other.divide(
      try shared("10.0.0.1-10.0.0.20"), map, owner: owner, busy: AddressSet(), at: start)
    #expect(more.entries.map(\.addresses) == [addresses("10.0.0.1-10.0.0.9")])
  }

  @Test("what a shared pool has of a block that a pool of its own needs is given, however much is free")
  func needed() throws {
    // The older one has an address of the newest of four blocks.
    let pools = [
      try PoolObject(pool("own", ips: ["10.0.0.13"], age: 200)),
      try PoolObject(pool("p", ips: ["10.0.0.1-10.0.0.100"], nodes: [])),
    ]
    let resolution = PoolResolver(node: NodeIdentity(name: "n1", labels: [:])).resolve(pools)
    let ranges = ["10.0.0.1-10.0.0.3", "10.0.0.4-10.0.0.7", "10.0.0.8-10.0.0.11", "10.0.0.12-10.0.0.15"]
    let map = BlockMap(try ranges.enumerated().map { try block($1, $0 + 1) })
    var division = division(before: addresses("10.0.0.1-10.0.0.15"))
    let divided = division.divide(
      resolution, map, owner: owner, busy: AddressSet(), pools: pools, at: start)
    let shared = try #require(divided.entries.first { $0.object.name == "p" })
    #expect(
      shared.addresses.intersection(addresses("10.0.0.12-10.0.0.15"))
        == addresses("10.0.0.12", "10.0.0.14-10.0.0.15"))
    division.noteFile(of: divided, at: start)
    #expect(division.overdue(at: start + .seconds(100)).allSatisfy { $0.version < 4 })
  }

  @Test("what pods hold is cut where blocks end")
  func heldCut() throws {
    var division = division()
    _ = division.divide(
      try shared("10.0.0.1-10.0.0.200"), BlockMap(), owner: owner,
      busy: addresses("10.0.0.2", "10.0.0.7-10.0.0.13", "10.0.0.15"), at: start)
    let claims = division.takeClaims(of: owner, at: start).compactMap { $0["spec"]?["ips"]?.array }
    #expect(
      claims.prefix(4) == [
        ["10.0.0.2"], ["10.0.0.7"], ["10.0.0.8-10.0.0.11"], ["10.0.0.12-10.0.0.13", "10.0.0.15"],
      ])
  }
}

extension GivenPools {
  /// A file with these pools, and leases that were read after it was written.
  init(dividing resolution: PoolResolution) {
    self.init(before: [])
    write(resolution)
    acknowledge()
  }
}

extension BlockDivision {
  /// Divides pools of which no other node gives addresses.
  fileprivate mutating func divide(
    _ resolution: PoolResolution, _ map: BlockMap, owner: Block.Owner?, busy: AddressSet?,
    at now: ContinuousClock.Instant
  ) -> PoolResolution {
    let pools = resolution.entries.map(\.object)
    let divided = divide(resolution, map, owner: owner, busy: busy, pools: pools, at: now)
    note(published: PublishedReport(GivenPools(dividing: divided).reported(divided, about: own.wanted)))
    guard let question = question(claiming: true) else { return divided }
    answer(question, [], version: "9", at: now)
    return divide(resolution, map, owner: owner, busy: busy, pools: pools, at: now)
  }
}
