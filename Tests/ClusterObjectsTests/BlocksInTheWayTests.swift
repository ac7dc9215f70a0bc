import Addressing
import ClusterObjects
import ClusterTestSupport
import KubernetesClient
import Testing

/// A block of this node, of a pool that several share. Edits have put one address of it into this node's own pool, and one into
/// that of another node, which can give it when the block is gone.
@Suite struct BlocksInTheWayTests {
  private let owner = Block.Owner(node: "n1", uid: "node-1")
  private let start = ContinuousClock.now

  private func addresses(_ texts: String...) -> AddressSet { AddressSet(texts.compactMap { IPRange($0) }) }

  private func block() throws -> UnstructuredObject {
    let identity = ObjectIdentity(pool("s", ips: []).metadata)
    var object = try #require(
      Block.claim(on: addresses("10.0.0.1-10.0.0.2"), of: identity, for: owner))
    (object.metadata.uid, object.metadata.resourceVersion) = ("block", "7")
    return object
  }

  private func division() -> BlockDivision {
    BlockDivision(
      node: "n1", before: AddressSet(), own: addresses("10.0.0.1"), rest: .seconds(60), continuity: whole())
  }

  /// - Returns: what n1 gives of its own pool.
  private func divide(
    _ division: inout BlockDivision, _ blocks: [UnstructuredObject], busy: AddressSet = AddressSet(),
    other: String = "10.0.0.2", at now: ContinuousClock.Instant, isWritten: Bool = true
  ) throws -> AddressSet {
    let objects = [
      pool("p", ips: ["10.0.0.1"]), pool("q", ips: [other], nodes: ["n2"]),
      pool("s", ips: ["10.0.0.1", "10.0.0.9"], nodes: ["n1", "n2"], age: 50),
    ]
    let divided = division.divide(
      try resolved(objects), BlockMap(blocks), owner: owner, busy: busy,
      pools: try objects.map { try PoolObject($0) }, at: now)
    if isWritten { division.noteFile(of: divided, at: now) }
    division.note(
      published: PublishedReport(GivenPools(dividing: divided).reported(divided, about: division.own.wanted)))
    if let question = division.question(claiming: true) {
      division.answer(question, [], version: "9", at: now)
    }
    return try #require(divided.entries.first { $0.object.name == "p" }).addresses
  }

  @Test("it is given back when no pod holds an address of it, and what its own pool has is claimed anew")
  func surplus() throws {
    var division = division()
    var given = AddressSet()
    for _ in 0..<3 { given = try divide(&division, [try block()], at: start) }
    #expect(given.isEmpty)
    let early = division.takeClaims(of: owner, at: start).compactMap { $0["spec"]?["ips"] }
    #expect(!early.contains(["10.0.0.1"]))
    #expect(division.overdue(at: start + .seconds(59)).isEmpty)
    #expect(division.overdue(at: start + .seconds(60)).map(\.uid) == ["block"])
    for _ in 0..<2 { given = try divide(&division, [], at: start + .seconds(60)) }
    #expect(given.isEmpty)
    let claims = division.takeClaims(of: owner, at: start + .seconds(60)).compactMap { $0["spec"]?["ips"] }
    #expect(claims.contains(["10.0.0.1"]))
  }

  @Test("it stays while a pod holds an address of it", arguments: ["10.0.0.1", "10.0.0.2"])
  func held(_ address: String) throws {
    var division = division()
    var given = AddressSet()
    for _ in 0..<3 { given = try divide(&division, [try block()], busy: addresses(address), at: start) }
    #expect(given == addresses("10.0.0.1"))
    #expect(division.overdue(at: start + .seconds(1000)).isEmpty)
  }

  @Test("it stays where no other pool has the rest of it")
  func alone() throws {
    var division = division()
    var given = AddressSet()
    for _ in 0..<3 { given = try divide(&division, [try block()], other: "10.0.0.3", at: start) }
    #expect(given == addresses("10.0.0.1"))
    #expect(division.overdue(at: start + .seconds(1000)).isEmpty)
  }

  /// The agent divides anew at each look at the leases, and writes the file when something has changed.
  @Test("its rest begins when the file of its own pool is without it", arguments: [false, true])
  func rest(_ isDividedAnew: Bool) throws {
    var division = division()
    let given = try divide(&division, [try block()], at: start)
    if isDividedAnew { _ = try divide(&division, [try block()], at: start, isWritten: false) }
    // As long as the file gives an address of the block a pod may take it.
    #expect(given.isEmpty || division.overdue(at: start + .seconds(1000)).isEmpty)
    _ = try divide(&division, [try block()], at: start + .seconds(1000))
    #expect(division.overdue(at: start + .seconds(1059)).isEmpty == !given.isEmpty)
    #expect(division.overdue(at: start + .seconds(1060)).map(\.uid) == ["block"])
  }
}
