import Addressing
import IPAM
import Platform
import Testing

/// Both on one directory: the library, and the reference plugin as Debian ships it.
@Suite struct HostLocalReferenceTests {
  static let ranges = #""ranges": [[{"subnet": "10.0.0.0/16"}], [{"subnet": "fd00::/64"}]]"#

  let site: HostLocalSite
  let allocator: HostLocalAllocator

  init() throws {
    site = try HostLocalSite()
    allocator = try site.allocator(Self.ranges)
  }

  @Test func leasesOfTheReferenceAreHonouredAndReleased() throws {
    let given = try #require(try site.reference("ADD", "a", Self.ranges))
    #expect(CNIAnswer(try allocator.allocate(site.request("a"))).addresses == given.addresses)
    #expect(CNIAnswer(try allocator.allocate(site.request("b"))).addresses == ["10.0.0.3/16", "fd00::3/64"])
    try allocator.check(site.request("a"), addresses: allocator.allocate(site.request("a")).assignments)
    try allocator.release(site.request("a", "eth1"))
    #expect(try site.held().count == 4)
    try allocator.release(site.request("a"))
    #expect(try site.held() == ["10.0.0.3", "fd00::3"])
  }

  @Test func theReferenceHonoursAndReleasesOurLeases() throws {
    _ = try allocator.allocate(site.request("a"))
    #expect(try site.reference("CHECK", "a", Self.ranges) != nil)
    #expect(try site.reference("ADD", "a", Self.ranges) == nil)
    #expect(try site.reference("ADD", "b", Self.ranges)?.addresses == ["10.0.0.3/16", "fd00::3/64"])
    #expect(try site.reference("ADD", "c", #""subnet": "10.0.0.0/16""#, ip: "10.0.0.2") == nil)
    #expect(try site.reference("DEL", "a", Self.ranges) != nil)
    #expect(try site.held() == ["10.0.0.3", "fd00::3"])
    let error = #expect(throws: AllocationError.self) {
      try allocator.check(site.request("a"), addresses: [])
    }
    #expect(error?.kind == .notHeld)
    try allocator.release(site.request("a"))
  }

  /// What the reference does between two of our calls, in the same tick of the kernel's clock if it is quick,
  /// must be seen: the index would miss it.
  @Test func noChangeOfTheReferenceIsMissed() throws {
    for round in 0..<60 {
      _ = try allocator.allocate(site.request("ours\(round)"))
      let theirs = try #require(try site.reference("ADD", "theirs\(round)", Self.ranges))
      #expect(CNIAnswer(try allocator.allocate(site.request("theirs\(round)"))).addresses == theirs.addresses)
      try allocator.release(site.request("theirs\(round)"))
      #expect(try site.held().count == 2)
      try #require(try site.reference("DEL", "ours\(round)", Self.ranges) != nil)
      try allocator.release(site.request("ours\(round)"))
      #expect(try site.held().isEmpty)
    }
  }

  /// The same by hand, many thousand times as quick as a process.
  @Test func noChangeByAnyoneElseIsMissed() throws {
    for round in 0..<400 {
      _ = try allocator.allocate(site.request("ours"))
      try Files.replace("\(site.leases)/10.0.200.\(round % 200)", with: Array("other\r\neth0".utf8))
      try allocator.release(site.request("other"))
      try #require(try site.held().count == 2, "round \(round)")
      try allocator.release(site.request("ours"))
      try #require(try site.held().isEmpty, "round \(round)")
    }
  }

  @Test func twoHundredAtOnceGetDifferentAddresses() throws {
    let outcome = try site.shell(
      """
      set -e
      cd "$DIRECTORY"
      # Two hundred may wait longer for each other than a caller is let wait: it is told to try again (code 11).
      start() {
        until CNI_COMMAND=$1 CNI_CONTAINERID=$2 "$3" <"$CONFIGURATION" >"$2.$1"; do
          grep -q '"code":11,' "$2.$1" || return
        done
        touch "$2.$1.done"
      }
      for number in $(seq 100); do start ADD ours$number "$OURS" & start ADD theirs$number "$THEIRS" & done
      wait
      ls "$DIRECTORY"/data/net | grep -c '^10[.]' >addresses
      cat "$DIRECTORY"/data/net/10.* | tr -d '\\r' | grep -v eth0 | sort >v4
      cat "$DIRECTORY"/data/net/fd00* | tr -d '\\r' | grep -v eth0 | sort >v6
      # Each gives back what the other took.
      for number in $(seq 100); do start DEL ours$number "$THEIRS" & start DEL theirs$number "$OURS" & done
      wait
      """, Self.ranges)
    #expect(outcome.end == .exited(0))
    let names = try Files.names(in: site.directory.path)
    #expect(names.filter { $0.hasSuffix(".ADD.done") }.count == 200)
    #expect(names.filter { $0.hasSuffix(".DEL.done") }.count == 200)
    var given: Set<String> = []
    for name in names where name.hasSuffix(".ADD") {
      let answer = try CNIAnswer(Files.read("\(site.directory.path)/\(name)"))
      #expect(answer.addresses.count == 2)
      given.formUnion(answer.addresses)
    }
    #expect(given.count == 400)
    #expect(try site.held().isEmpty)
  }

  /// A process that is killed at any moment leaves leases that are whole, and a directory that works.
  @Test func killedProcessesLeaveNoHalfLease() throws {
    // On a busy machine none of the others may come so far as to make the directory.
    _ = try allocator.allocate(site.request("c0"))
    let outcome = try site.shell(
      """
      cd "$DIRECTORY"
      for number in $(seq 150); do
        CNI_COMMAND=ADD CNI_CONTAINERID=c$number "$OURS" <"$CONFIGURATION" >/dev/null 2>&1 &
        sleep 0.00$((number % 10))
        kill -9 $! 2>/dev/null
      done
      wait
      exit 0
      """, Self.ranges)
    #expect(outcome.end == .exited(0))
    for address in try site.held() {
      let content = try site.read(address)
      #expect(content.hasPrefix("c") && content.hasSuffix("\r\neth0"), "\(address): \(content)")
    }
    for number in 0...150 { try allocator.release(site.request("c\(number)")) }
    #expect(try site.held().isEmpty)
  }
}
