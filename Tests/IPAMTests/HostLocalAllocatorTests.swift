import Addressing
import IPAM
import Platform
import Testing

/// What an attachment gets and keeps.
@Suite struct HostLocalAllocatorTests {
  static let ranges =
    #""ranges": [[{"subnet": "10.0.0.0/24"}, {"subnet": "10.0.9.0/24", "gateway": "10.0.9.254"}], [{"subnet": "fd00::/64"}]], "routes": [{"dst": "0.0.0.0/0"}]"#

  let site: HostLocalSite
  let allocator: HostLocalAllocator

  init() throws {
    site = try HostLocalSite()
    allocator = try site.allocator(Self.ranges)
  }

  @Test func askingAgainGivesTheSame() throws {
    let first = try allocator.allocate(site.request("a"))
    #expect(try allocator.allocate(site.request("a")).assignments == first.assignments)
    #expect(try allocator.allocate(site.request("a", "eth1")).assignments != first.assignments)
    #expect(try allocator.allocate(site.request("aa")).assignments != first.assignments)
    #expect(try site.held().count == 6)
  }

  @Test func undoTakesBackWhatItsOwnCallTookAndNothingElse() throws {
    let first = try allocator.allocate(site.request("a"))
    #expect(first.claims.map(\.address) == first.assignments.map(\.address.address))
    let second = try allocator.allocate(site.request("a"))
    #expect(second.claims.isEmpty)
    // Whichever of two calls for one attachment fails, the other has the addresses.
    try allocator.undo(second, for: site.request("a"))
    try allocator.undo(first, for: site.request("a"))
    #expect(try site.held().count == 2)
    // Given back and taken once more: not what the first call took.
    try allocator.release(site.request("a"))
    let asking = try site.request("a", asking: first.assignments.map(\.address.address.description))
    let third = try allocator.allocate(asking)
    #expect(third.assignments == first.assignments)
    try allocator.undo(first, for: site.request("a"))
    #expect(try site.held().count == 2)
    try allocator.undo(third, for: site.request("a"))
    #expect(try site.held() == [])
  }

  @Test func undoLeavesWhatTheAttachmentHadOfOtherRanges() throws {
    let one = try site.allocator(#""ranges": [[{"subnet": "10.0.0.0/24"}]]"#)
    let held = try one.allocate(site.request("a"))
    let both = try allocator.allocate(site.request("a"))
    #expect(both.claims.map(\.address.description) == ["fd00::2"])
    try allocator.undo(both, for: site.request("a"))
    #expect(try site.held() == held.assignments.map(\.address.address.description))
  }

  @Test func filesAreTheReferencesAndPrivate() throws {
    _ = try allocator.allocate(site.request("a"))
    #expect(
      try Files.names(in: site.leases) == [
        "10.0.0.2", "fd00::2", "last_reserved_ip.0", "last_reserved_ip.1", "lock",
      ])
    #expect(try site.read("fd00::2") == "a\r\neth0")
    #expect(try site.read("last_reserved_ip.1") == "fd00::2")
    let outcome = try site.shell(
      #"find "$DIRECTORY/data" -type d ! -perm 700 -o -type f ! -perm 600"#, Self.ranges)
    #expect(String(decoding: outcome.output, as: UTF8.self) == "")
  }

  @Test func aRequestedAddressKeepsTheGatewayAndRoutesOfItsRange() throws {
    let answer = CNIAnswer(
      try allocator.allocate(site.request("a", asking: ["fd00::77", "10.0.9.7/32"])))
    #expect(answer.addresses == ["10.0.9.7/24", "fd00::77/64"])
    #expect(answer.gateways == ["10.0.9.254", "fd00::1"])
    #expect(answer.routes == ["0.0.0.0/0"])
    #expect(try site.read("last_reserved_ip.0") == "10.0.9.7")
    #expect(try allocator.allocate(site.request("a", asking: ["10.0.9.7"])).assignments.count == 2)
  }

  @Test(arguments: [
    (["192.0.2.1"], "192.0.2.1 lies in no range"),
    (["10.0.0.5", "10.0.0.6"], "10.0.0.6 lies in no range"),
    (["10.0.0.1"], "10.0.0.1 is the gateway"),
    (["10.0.9.254"], "10.0.9.254 is the gateway"),
    (["fd00::9"], "fd00::9 is held by other eth0"),
  ])
  func aRequestThatCannotBeMetHoldsNothing(wishes: [String], says: String) throws {
    try site.write("fd00::9", "other\r\neth0")
    let error = #expect(throws: AllocationError.self) {
      try allocator.allocate(site.request("a", asking: wishes))
    }
    #expect(error?.kind == .requestRefused)
    #expect(error?.message.contains(says) ?? false, "\(String(describing: error))")
    #expect(try site.held() == ["fd00::9"])
  }

  @Test func anotherAddressThanTheHeldOneIsRefused() throws {
    _ = try allocator.allocate(site.request("a"))
    let error = #expect(throws: AllocationError.self) {
      try allocator.allocate(site.request("a", asking: ["10.0.0.9"]))
    }
    #expect(error?.kind == .requestRefused)
    #expect(error?.message.contains("holds 10.0.0.2 and asks for 10.0.0.9") ?? false)
    #expect(try site.held() == ["10.0.0.2", "fd00::2"])
  }

  @Test func allSetsOrNone() throws {
    let allocator = try site.allocator(
      #""ranges": [[{"subnet": "10.0.0.0/24"}], [{"subnet": "10.1.0.0/30"}]]"#)
    _ = try allocator.allocate(site.request("a"))
    let error = #expect(throws: AllocationError.self) { try allocator.allocate(site.request("b")) }
    #expect(error?.kind == .exhausted)
    #expect(error?.message.contains("10.1.0.1-10.1.0.2 of network net: all 1 are held") ?? false)
    #expect(try site.held() == ["10.0.0.2", "10.1.0.2"])
    let status = #expect(throws: AllocationError.self) { try allocator.status() }
    #expect(status?.kind == .exhausted)
    try allocator.release(site.request("a"))
    try allocator.status()
  }

  @Test func leasesInTheOldFormAreHonoured() throws {
    try site.write("10.0.0.2", "old")
    try site.write("fd00::2", "old\n")
    #expect(
      CNIAnswer(try allocator.allocate(site.request("new"))).addresses == ["10.0.0.3/24", "fd00::3/64"])
    let error = #expect(throws: AllocationError.self) { try allocator.allocate(site.request("old")) }
    #expect(error?.message.contains("already holds 10.0.0.2") ?? false)
    try allocator.check(site.request("old"), addresses: [])
    #expect(try allocator.holders().map(\.attachment.containerID) == ["new"])
    try allocator.release(site.request("old", "eth7"))
    #expect(try site.held() == ["10.0.0.3", "fd00::3"])
  }

  @Test func anInterfacesOwnLeaseGoesBeforeThoseOfItsContainer() throws {
    try site.write("10.0.0.2", "a")
    try site.write("10.0.0.3", "a\r\neth0")
    try allocator.release(site.request("a"))
    #expect(try site.held() == ["10.0.0.2"])
  }

  @Test func checkNamesEveryAddressThatIsNotHeld() throws {
    let allocation = try allocator.allocate(site.request("a"))
    try allocator.check(site.request("a"), addresses: allocation.assignments)
    try allocator.check(site.request("a"), addresses: [])
    try site.write("10.0.0.2", "thief\r\neth0")
    try Files.remove("\(site.leases)/fd00::2")
    let error = #expect(throws: AllocationError.self) {
      try allocator.check(site.request("a"), addresses: allocation.assignments)
    }
    #expect(error?.kind == .notHeld)
    #expect(
      error?.message
        == "net/a/eth0 does not hold 10.0.0.2 (which thief eth0 holds), fd00::2 (which nobody holds)")
    #expect(throws: AllocationError.self) { try allocator.check(site.request("b"), addresses: []) }
  }

  @Test func garbageIsWhatIsNotAlive() throws {
    for container in ["dead", "alive"] { _ = try allocator.allocate(site.request(container)) }
    _ = try allocator.allocate(site.request("alive", "eth1"))
    try site.reference("ADD", "theirs", Self.ranges)
    try site.write("10.0.0.99", "")
    let dead = try allocator.holders().filter { $0.attachment.description != "net/alive/eth0" }
    let freed = try allocator.free(dead)
    #expect(freed.map(\.attachment.description) == ["net/alive/eth1", "net/dead/eth0", "net/theirs/eth0"])
    #expect(freed.first?.addresses.map(\.description) == ["10.0.0.4", "fd00::4"])
    #expect(try site.held() == ["10.0.0.3", "fd00::3"])
    #expect(try allocator.free(dead) == [])
    _ = try allocator.allocate(site.request("dead"))
  }

  @Test func whoAsksAgainKeepsWhatGarbageCollectionHasListed() throws {
    _ = try allocator.allocate(site.request("a"))
    let listed = try allocator.holders()
    #expect(listed.map(\.age).allSatisfy { $0.map { (0..<600).contains($0) } ?? false })
    _ = try allocator.allocate(site.request("a"))
    #expect(try allocator.free(listed) == [])
    #expect(try site.held().count == 2)
  }

  @Test func nothingIsMadeForWhoHoldsNothing() throws {
    try allocator.release(site.request("a"))
    #expect(try allocator.free(allocator.holders()) == [])
    #expect(throws: AllocationError.self) { try allocator.check(site.request("a"), addresses: []) }
    #expect(throws: (any Error).self) { try Files.names(in: "\(site.directory.path)/data") }
  }

  @Test func networksAreApart() throws {
    let other = try HostLocalAllocator(site.ipam(Self.ranges), network: "other")
    let mine = try allocator.allocate(site.request("a"))
    #expect(try other.allocate(site.request("a")).assignments == mine.assignments)
    try other.release(site.request("a"))
    try allocator.check(site.request("a"), addresses: mine.assignments)
  }
}
