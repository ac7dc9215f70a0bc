import Addressing
import Glibc
import IPAM
import JSON
import Platform
import Testing

/// What happens to the lease store on a bad day.
@Suite(.serialized) struct LeaseStoreTests {
  let directory: TemporaryDirectory

  init() throws {
    directory = try TemporaryDirectory()
    try pool("10.0.0.0/16", "10.0.0.1-10.0.255.254")
  }

  @Test func processesThatAreKilledAtAnyMomentLoseNothingAndGiveNothingTwice() throws {
    try stress(["\(directory.path)/stress", "8", "4", "100"])
  }

  @Test func aStoreWhoseMakerIsKilledIsMadeByTheNext() throws {
    try stress(["birth", "\(directory.path)/stress", "25"])
  }

  /// Giving back needs no room: whoever got an address has made it.
  @Test(arguments: ["size=96k", "size=256k"]) func aFullDiskIsToldAndNothingIsLost(size: String) throws {
    let data = "\(directory.path)/full"
    try Files.makeDirectory(data)
    try #require(unsafe mount("none", data, "tmpfs", 0, "\(size),mode=700") == 0, "this test needs root")
    defer { _ = unsafe umount2(data, Int32(MNT_DETACH)) }
    let allocator = try allocator(data)
    var given = 0
    let error = #expect(throws: AllocationError.self) {
      for number in 0..<5000 {
        _ = try allocator.allocate(request("\(number)"))
        given += 1
      }
    }
    #expect(error?.kind == .store)
    #expect(error?.message.contains(data) ?? false, "\(String(describing: error))")
    #expect(error?.details.contains("df -h") ?? false)
    #expect(given > 10)
    #expect(try allocator.leases().count == given)
    #expect(try allocator.contradictions() == [])
    #expect(throws: AllocationError.self) { try allocator.status() }
    for number in 0..<given { try allocator.release(request("\(number)")) }
    #expect(try allocator.leases().allSatisfy { $0.release != nil })
    #expect(try allocator.contradictions() == [])
  }

  @Test func aReadOnlyDirectoryCanStillBeLookedAt() throws {
    let data = "\(directory.path)/readonly"
    try Files.makeDirectory(data)
    try #require(unsafe mount("none", data, "tmpfs", 0, "size=1m,mode=700") == 0, "this test needs root")
    defer { _ = unsafe umount2(data, Int32(MNT_DETACH)) }
    let allocator = try allocator(data)
    _ = try allocator.allocate(request("a"))
    try #require(
      unsafe mount("none", data, "tmpfs", UInt(MS_REMOUNT | MS_RDONLY), nil) == 0)
    let given = #expect(throws: AllocationError.self) { _ = try allocator.allocate(request("b")) }
    let released = #expect(throws: AllocationError.self) { try allocator.release(request("a")) }
    for error in [given, released] {
      #expect(error?.kind == .store)
      #expect(error?.message.contains(data) ?? false)
    }
    #expect(throws: AllocationError.self) { try allocator.status() }
    #expect(try allocator.leases().map(\.address.description) == ["10.0.0.1"])
  }

  @Test func aDirectoryThatOthersCanWriteToIsRefused() throws {
    let data = "\(directory.path)/open"
    try Files.makeDirectory(data)
    unsafe chmod(data, 0o777)
    let error = #expect(throws: AllocationError.self) { try allocator(data).allocate(request("a")) }
    #expect(error?.kind == .store)
    #expect(error?.details.contains("chmod 700 \(data)") ?? false)
  }

  @Test func aSymbolicLinkIsNotFollowed() throws {
    let allocator = try allocator()
    _ = try allocator.allocate(request("a"))
    let store = try storeFile()
    try Files.move(store, to: "\(directory.path)/elsewhere")
    try #require(unsafe symlink("\(directory.path)/elsewhere", store) == 0)
    #expect(throws: AllocationError.self) { try allocator.leases() }
    #expect(throws: AllocationError.self) { try allocator.allocate(request("b")) }
    #expect(throws: AllocationError.self) { try allocator.release(request("a")) }
  }

  @Test func filesAreForTheirOwnerOnly() throws {
    _ = try allocator().allocate(request("a"))
    var status = stat()
    for (path, mode) in [("", 0o700), ("/lock", 0o600), ("/\(try storeName())", 0o600)] {
      try #require(unsafe stat("\(directory.path)/data\(path)", &status) == 0)
      #expect(Int(status.st_mode & 0o777) == mode, "\(path)")
    }
  }

  @Test func aByteThatChangedIsNoticed() throws {
    let allocator = try allocator()
    for number in 0..<50 { _ = try allocator.allocate(request("\(number)")) }
    let store = try storeFile()
    var bytes = try Files.read(store, limit: 1 << 30)
    // Every copy of the record, of which one is the present one.
    let record = Array("\"containerID\":\"17\"".utf8)
    for start in bytes.indices where bytes[start...].starts(with: record) {
      bytes[start + 15] = UInt8(ascii: "9")
    }
    try Files.replace(store, with: bytes)
    let error = #expect(throws: AllocationError.self) { try allocator.leases() }
    #expect(error?.kind == .store)
    #expect(error?.message.contains("digest") ?? false, "\(String(describing: error))")
  }

  @Test func aTruncatedFileIsNoticedAtTheFirstLookUnlessNothingIsLost() throws {
    let allocator = try allocator()
    for number in 0..<200 { _ = try allocator.allocate(request("\(number)")) }
    let store = try storeFile()
    let size = try Files.size(store)
    for length in stride(from: 0, to: size, by: 4096) {
      let bytes = try Files.read(store, limit: 1 << 30)
      try #require(unsafe truncate(store, length) == 0)
      do throws(AllocationError) {
        _ = try allocator.allocate(request("more"))
        // Then only pages were cut off that held nothing: the room that is kept for releases, half of what is used and six
        // pages, is at the end of the file.
        #expect(length > (size / 4096 - 6) * 2 / 3 * 4096 / 2)
        #expect(try allocator.contradictions() == [])
        #expect(try allocator.leases().count == 201)
      } catch {
        #expect(error.kind == .store)
      }
      try Files.replace(store, with: bytes)
    }
    #expect(try allocator.leases().count == 200)
  }

  @Test func addressesThatHaveRestedLeaveNoTrace() throws {
    let allocator = try allocator(cooldown: 1)
    for number in 0..<40 {
      _ = try allocator.allocate(request("\(number)"))
      try allocator.release(request("\(number)"))
    }
    sleep(2)
    for number in 0..<4 { _ = try allocator.allocate(request("new\(number)")) }
    #expect(try allocator.contradictions() == [])
    #expect(try allocator.survey().pools.map(\.count.cooling) == [0])
    #expect(try allocator.survey().pools.map(\.count.held) == [4])
  }

  @Test func theOneFreeAddressIsFoundWhereverItIs() throws {
    try pool("10.0.0.0/24", "10.0.0.1-10.0.0.100")
    let allocator = try allocator(cooldown: 0)
    for number in 1...100 { _ = try allocator.allocate(request("\(number)")) }
    for number in [1, 100, 50, 51, 2, 99].shuffled() {
      try allocator.release(request("\(number)"))
      #expect(try allocator.contradictions() == [])
      let again = try allocator.allocate(request("\(number)"))
      #expect(again.assignments.map(\.address.description) == ["10.0.0.\(number)/24"])
    }
  }

  private func stress(_ arguments: [String]) throws {
    let bundle = try Files.linkTarget("/proc/self/exe").split(separator: "/").dropLast().joined(
      separator: "/")
    let command = "exec /\(bundle)/lease-stress \(arguments.joined(separator: " "))"
    let outcome = try Subprocess(
      executable: "/bin/sh", environment: Environment([:]), input: Array(command.utf8), timeLimit: 300
    ).run()
    #expect(outcome.end == .exited(0), "\(String(decoding: outcome.output, as: UTF8.self))")
  }

  private func pool(_ subnet: String, _ range: String) throws {
    let spec = "{subnet: \(subnet), ips: [\(range)], default: true}"
    try directory.write(
      "pools/pool.yaml",
      "apiVersion: spiderpool.spidernet.io/v2beta1\nkind: SpiderIPPool\nmetadata: {name: a}\nspec: \(spec)\n")
  }

  private func storeName() throws -> String {
    try #require(try Files.names(in: "\(directory.path)/data").first { $0.hasSuffix(".mdb") })
  }

  private func storeFile() throws -> String { "\(directory.path)/data/\(try storeName())" }

  private func allocator(_ data: String? = nil, cooldown: Int = 30) throws -> IPPoolAllocator {
    try IPPoolAllocator(
      JSONFields([
        "singleNode": .bool(true), "poolDir": .string("\(directory.path)/pools"),
        "dataDir": .string(data ?? "\(directory.path)/data"), "cooldownSeconds": .int(cooldown),
      ]), network: "n", environment: Environment([:]))
  }

  private func request(_ container: String) -> AllocationRequest {
    AllocationRequest(attachment: AttachmentID(network: "n", containerID: container, ifname: "eth0"))
  }
}
