import Addressing
import Glibc
import IPAM
import JSON
import Platform
import Testing

/// What crashes, people and file systems do to the directory.
@Suite struct HostLocalFaultTests {
  static let ranges = #""subnet": "10.0.0.0/29""#

  let site: HostLocalSite
  let allocator: HostLocalAllocator

  init() throws {
    site = try HostLocalSite()
    allocator = try site.allocator(Self.ranges)
  }

  @Test func anEmptyFileIsFree() throws {
    try site.write("10.0.0.2", "")
    #expect(
      try site.reference("ADD", "theirs", Self.ranges)?.addresses == ["10.0.0.3/29"], "the reference loses it"
    )
    try Files.remove("\(site.leases)/last_reserved_ip.0")
    #expect(CNIAnswer(try allocator.allocate(site.request("a"))).addresses == ["10.0.0.2/29"])
    #expect(try site.read("10.0.0.2") == "a\r\neth0")
    try site.write("10.0.0.4", "")
    #expect(
      CNIAnswer(try allocator.allocate(site.request("b", asking: ["10.0.0.4"]))).addresses == ["10.0.0.4/29"])
  }

  @Test func whatIsNoLeaseIsLeftAlone() throws {
    for name in ["10.0.0.2.tmp", "notes", "last_reserved_ip.7"] { try site.write(name, "a\r\neth0") }
    try Files.makeDirectory("\(site.leases)/10.0.0.2")
    #expect(CNIAnswer(try allocator.allocate(site.request("b"))).addresses == ["10.0.0.3/29"])
    try allocator.release(site.request("a"))
    #expect(try site.read("notes") == "a\r\neth0")
  }

  /// A hard link that a killed process left must not be written through.
  @Test func aLeftoverOfAKilledProcessDoesNoHarm() throws {
    _ = try allocator.allocate(site.request("a"))
    unsafe #expect(link("\(site.leases)/10.0.0.2", "\(site.leases)/.new") == 0)
    _ = try allocator.allocate(site.request("b"))
    #expect(try site.read("10.0.0.2") == "a\r\neth0")
    #expect(try site.read("10.0.0.3") == "b\r\neth0")
    #expect(!Files.isRegularFile("\(site.leases)/.new"))
  }

  @Test(arguments: ["", "garbage", String(repeating: "\0", count: 40000)])
  func aDamagedIndexIsMadeAnew(content: String) throws {
    for container in ["a", "b", "c"] { _ = try allocator.allocate(site.request(container)) }
    let index = "\(site.directory.path)/data/.net.index"
    #expect(Files.isRegularFile(index))
    try Files.replace(index, with: Array(content.utf8))
    let kept = CNIAnswer(try allocator.allocate(site.request("b"))).addresses
    #expect(kept == ["10.0.0.3/29"])
    for container in ["a", "b", "c"] { try allocator.release(site.request(container)) }
    #expect(try site.held().isEmpty)
  }

  /// One file that nobody can read keeps its address, and nobody from the others.
  @Test func aFileThatIsTooLargeConcernsItsAddressOnly() throws {
    try Files.makeDirectory(site.leases)
    try Files.replace("\(site.leases)/10.0.0.2", with: [UInt8](repeating: 0x61, count: 1 << 20))
    #expect(CNIAnswer(try allocator.allocate(site.request("a"))).addresses == ["10.0.0.3/29"])
    try allocator.release(site.request("a"))
    _ = try allocator.free(allocator.holders())
    try allocator.status()
    #expect(try site.held() == ["10.0.0.2"])
  }

  @Test func aRemovedDirectoryIsNoticed() throws {
    _ = try allocator.allocate(site.request("a"))
    let outcome = try site.shell(#"rm -r "$DIRECTORY/data/net""#, Self.ranges)
    #expect(outcome.end == .exited(0))
    #expect(CNIAnswer(try allocator.allocate(site.request("b"))).addresses == ["10.0.0.2/29"])
    #expect(CNIAnswer(try allocator.allocate(site.request("a"))).addresses == ["10.0.0.3/29"])
  }

  @Test func symbolicLinksAreNotFollowed() throws {
    let victim = "\(site.directory.path)/victim"
    try Files.replace(victim, with: Array("a\r\neth0".utf8))
    try Files.makeDirectory(site.leases)
    for name in ["10.0.0.2", ".new", "last_reserved_ip.0"] {
      unsafe #expect(symlink(victim, "\(site.leases)/\(name)") == 0)
    }
    let error = #expect(throws: AllocationError.self) { try allocator.allocate(site.request("a")) }
    #expect(error?.kind == .store)
    try? allocator.release(site.request("a"))
    #expect(try Files.read(victim) == Array("a\r\neth0".utf8))
    #expect(try site.held() == ["10.0.0.2"])
    let elsewhere = try HostLocalAllocator(site.ipam(Self.ranges), network: "elsewhere")
    unsafe #expect(symlink("/tmp", "\(site.directory.path)/data/elsewhere") == 0)
    let refused = #expect(throws: AllocationError.self) { try elsewhere.allocate(site.request("a")) }
    #expect(refused?.kind == .store)
    #expect(refused?.details.contains("symbolic links are not followed") ?? false)
  }

  @Test(arguments: ["/proc/none", "/dev/null/none", "/proc/version"])
  func aDirectoryThatCannotBeMadeIsNamed(dataDirectory: String) throws {
    let allocator = try HostLocalAllocator(
      JSONFields(["subnet": .string("10.0.0.0/24"), "dataDir": .string(dataDirectory)]), network: "net")
    let error = #expect(throws: AllocationError.self) { try allocator.allocate(site.request("a")) }
    #expect(error?.kind == .store)
    #expect(error?.message.contains(dataDirectory) ?? false)
    #expect(error?.details.isEmpty == false)
    #expect(throws: AllocationError.self) { try allocator.status() }
  }

  @Test func aLockThatIsNotGivenBackEndsInTryAgainLater() throws {
    try site.write("lock", "")
    let lock = try OwnedDescriptor(opening: "\(site.leases)/lock", .readOnly)
    #expect(try lock.lock(.exclusive, within: 5))
    let start = MonotonicInstant.now()
    let outcome = try site.run(site.ownPlugin(), "ADD", "a", Self.ranges)
    #expect(outcome.end != .exited(0))
    let answer = try #require(try JSONValue(parsing: outcome.output).object)
    #expect(answer["code"] == .int(11))
    #expect(answer["msg"]?.string?.contains("\(site.leases)/lock locked for 20 s") ?? false)
    #expect((9_000_000...120_000_000).contains(MonotonicInstant.now().microseconds(since: start)))
    #expect(try site.held().isEmpty)
  }

  /// On a file system of its own with room for few files, which then can only be read.
  @Test func aFullDiskAndAReadOnlyOneAreToldAndLoseNothing() throws {
    let outcome = try site.shell(
      """
      exec unshare --mount --propagation private sh -s <<'END'
      mkdir "$DIRECTORY/data" && mount -t tmpfs -o nr_inodes=9,size=1m none "$DIRECTORY/data" || exit 90
      call() { CNI_COMMAND=$1 CNI_CONTAINERID=$2 "$OURS" <"$CONFIGURATION"; }
      call ADD a >/dev/null && call ADD b >/dev/null && call ADD c >/dev/null || exit 91
      call ADD d >"$DIRECTORY/full" && exit 92
      ls "$DIRECTORY/data/net" >"$DIRECTORY/names"
      call DEL b || exit 93
      call ADD d >/dev/null || exit 94
      mount -o remount,ro "$DIRECTORY/data" || exit 95
      call ADD e >"$DIRECTORY/readonly" && exit 96
      call DEL d >"$DIRECTORY/delete" && exit 97
      call DEL nobody || exit 98
      mount -o remount,rw "$DIRECTORY/data"
      call DEL d && call DEL a && call DEL c || exit 99
      ls "$DIRECTORY/data/net" >"$DIRECTORY/left"
      END
      """, Self.ranges)
    #expect(outcome.end == .exited(0))
    func text(_ name: String) throws -> String {
      String(decoding: try Files.read("\(site.directory.path)/\(name)"), as: UTF8.self)
    }
    #expect(try text("names") == "10.0.0.2\n10.0.0.3\n10.0.0.4\nlast_reserved_ip.0\nlock\n")
    #expect(try text("full").contains("\"code\":107"))
    #expect(try text("full").contains("df -i \(site.directory.path)/data"))
    for name in ["readonly", "delete"] {
      #expect(try text(name).contains("\"code\":107"))
      #expect(try text(name).contains("findmnt -T \(site.directory.path)/data"))
    }
    #expect(try text("left") == "last_reserved_ip.0\nlock\n")
  }
}
