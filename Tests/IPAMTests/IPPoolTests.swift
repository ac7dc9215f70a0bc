import Addressing
import IPAM
import JSON
import Platform
import Testing

/// Allocation from node pools, as a plugin asks for it.
@Suite struct IPAMTests {
  let directory: TemporaryDirectory

  init() throws {
    directory = try TemporaryDirectory()
    try directory.write("pools/guide.yaml", Guide.pools)
  }

  @Test func whereThereIsNoPoolItIsSaidWhoBringsThem() throws {
    let allocator = try IPPoolAllocator(
      JSONFields([
        "poolDir": .string("\(directory.path)/none"), "dataDir": .string("\(directory.path)/data"),
      ]), network: "n", environment: Environment())
    let error = #expect(throws: AllocationError.self) { try allocator.allocate(request("a", "n")) }
    #expect(error?.details.contains("run ipvlan-agent on this node") == true)
    // Others have pools, and are for others.
    let other = #expect(throws: AllocationError.self) {
      try self.allocator("nobody", "n").allocate(request("a", "n"))
    }
    #expect(other?.details.contains("ipvlan-agent") == false)
  }

  @Test(arguments: [
    ("master", "ipvlan-ens5", "172.31.16.", [4, 5, 6, 7, 8], "/20", "172.31.16.1"),
    ("master", "ipvlan-ens6", "210.22.16.", [11, 12, 13, 14, 15], "/24", "210.22.16.1"),
    ("worker1", "ipvlan-ens5", "180.17.16.", [11, 12, 13, 14, 15], "/24", "180.17.16.1"),
    ("worker1", "ipvlan-ens6", "210.22.32.", [11, 12, 13, 14, 15], "/24", "210.22.32.1"),
  ])
  func aNodeGetsExactlyWhatItsNICOwns(
    node: String, network: String, prefix: String, hosts: [Int], length: String, gateway: String
  ) throws {
    let allocator = try allocator(node, network)
    for (index, host) in hosts.enumerated() {
      let allocation = try allocator.allocate(request("pod\(index)", network))
      #expect(allocation.assignments.map(\.address.description) == ["\(prefix)\(host)\(length)"])
      #expect(allocation.assignments.first?.gateway?.description == gateway)
      #expect(allocation.routes.map(\.description) == ["0.0.0.0/0 via \(gateway)"])
    }
    let error = #expect(throws: AllocationError.self) {
      try allocator.allocate(request("one-too-many", network))
    }
    #expect(error?.kind == .exhausted)
    #expect(
      error?.message.contains("pool \(node)-v4-\(network.suffix(4)): 5 held, 0 cooling, 0 free of 5") ?? false
    )
  }

  @Test func anAttachmentThatAsksAgainGetsTheSameAddress() throws {
    let allocator = try allocator()
    let first = try allocator.allocate(request("a"))
    _ = try allocator.allocate(request("b"))
    #expect(try allocator.allocate(request("a")).assignments == first.assignments)
    #expect(try allocator.leases().count == 2)
  }

  @Test(arguments: [0, 30])
  func undoTakesBackWhatItsOwnCallTookAndNothingElse(cooldown: Int) throws {
    let allocator = try allocator(cooldown: cooldown)
    let held = { try allocator.leases().filter { $0.release == nil }.map(\.attachment.containerID) }
    let first = try allocator.allocate(request("a"))
    #expect(first.claims.map(\.address) == first.assignments.map(\.address.address))
    let second = try allocator.allocate(request("a"))
    #expect(second.claims.isEmpty)
    // Whichever of two calls for one attachment fails, the other has the address.
    try allocator.undo(second, for: request("a"))
    #expect(try held() == ["a"])
    try allocator.undo(first, for: request("a"))
    #expect(try held() == ["a"])
    // Given back and taken once more: not what the first call took.
    try allocator.release(request("a"))
    let third = try allocator.allocate(request("a"))
    try allocator.undo(first, for: request("a"))
    #expect(try held() == ["a"])
    try allocator.undo(third, for: request("a"))
    #expect(try held() == [])
  }

  @Test func addressesAreGivenInTurnAndRest() throws {
    let allocator = try allocator(cooldown: 60)
    let first = try allocator.allocate(request("a"))
    try allocator.release(request("a"))
    let second = try allocator.allocate(request("b"))
    #expect(first.assignments != second.assignments)
    for pod in ["c", "d", "e"] { _ = try allocator.allocate(request(pod)) }
    let error = #expect(throws: AllocationError.self) { try allocator.allocate(request("f")) }
    #expect(error?.kind == .cooling)
    #expect(error?.message.contains("4 held, 1 cooling, 0 free of 5") ?? false)
    #expect(error?.details.contains(" s") ?? false)
  }

  @Test func withoutACoolDownAnAddressCanBeGivenAtOnce() throws {
    let allocator = try allocator(cooldown: 0)
    for pod in 1...5 { _ = try allocator.allocate(request("\(pod)")) }
    try allocator.release(request("3"))
    #expect(try allocator.allocate(request("6")).assignments.map(\.address.description) == ["172.31.16.6/20"])
  }

  @Test func releasingWhatIsNotHeldMakesNothing() throws {
    try allocator().release(request("never"))
    #expect(!Files.isRegularFile("\(directory.path)/data/lock"))
  }

  @Test func aRequestedAddressIsGivenWhenThePoolHasItAndNobodyHoldsIt() throws {
    let allocator = try allocator()
    var wish = request("a")
    wish.requested = [try #require(RequestedAddress("172.31.16.7"))]
    #expect(try allocator.allocate(wish).assignments.map(\.address.description) == ["172.31.16.7/20"])
    var other = request("b")
    other.requested = wish.requested
    #expect(throws: AllocationError.self) { try allocator.allocate(other) }
    other.requested = [try #require(RequestedAddress("172.31.16.200"))]
    let error = #expect(throws: AllocationError.self) { try allocator.allocate(other) }
    #expect(error?.kind == .requestRefused)
    #expect(try allocator.leases().count == 1)
  }

  @Test func bothFamiliesOrNone() throws {
    try directory.write(
      "pools/v6.yaml",
      """
      apiVersion: spiderpool.spidernet.io/v2beta1
      kind: SpiderIPPool
      metadata: {name: master-v6-ens5}
      spec:
        subnet: 2001:db8::/64
        ips: ["2001:db8::4-2001:db8::5"]
        gateway: fe80:ec2::1
        default: true
        nodeName: [master]
        multusName: [ipvlan-ens5]
      """)
    let allocator = try allocator()
    for pod in ["a", "b"] {
      let allocation = try allocator.allocate(request(pod))
      #expect(allocation.assignments.map(\.address.family) == [.v4, .v6])
      #expect(allocation.routes.count == 2)
    }
    let error = #expect(throws: AllocationError.self) { try allocator.allocate(request("c")) }
    #expect(error?.message.contains("no IPv6 address") ?? false)
    #expect(try allocator.leases().count == 4, "nothing of IPv4 was held for the third pod")
  }

  @Test func whatIsFreedIsWhatWasListed() throws {
    let (ens5, ens6) = (try allocator("master", "ipvlan-ens5"), try allocator("master", "ipvlan-ens6"))
    _ = try ens5.allocate(request("dead", "ipvlan-ens5"))
    _ = try ens5.allocate(request("alive", "ipvlan-ens5"))
    _ = try ens6.allocate(request("dead", "ipvlan-ens6"))
    let listed = try ens5.holders()
    #expect(listed.count == 3 && listed.allSatisfy { $0.age.map { (0..<600).contains($0) } ?? false })
    let dead = listed.filter { $0.attachment.description == "ipvlan-ens5/dead/eth0" }
    // The attachment has asked again since it was listed: an ADD is at work.
    _ = try ens5.allocate(request("dead", "ipvlan-ens5"))
    #expect(try ens5.free(dead) == [])
    let listedAgain = try ens5.holders().filter { dead.map(\.attachment).contains($0.attachment) }
    #expect(try ens5.free(listedAgain).map(\.attachment) == dead.map(\.attachment))
    #expect(try ens5.free(listedAgain) == [])
    #expect(
      try ens5.holders().map(\.attachment.description) == ["ipvlan-ens5/alive/eth0", "ipvlan-ens6/dead/eth0"])
  }

  @Test func statusTellsWhenEveryAddressIsHeld() throws {
    let allocator = try allocator()
    try allocator.status()
    for pod in 1...5 { _ = try allocator.allocate(request("\(pod)")) }
    #expect(throws: AllocationError.self) { try allocator.status() }
    #expect(throws: AllocationError.self) { try self.allocator("elsewhere").status() }
  }

  @Test func checkMissesALeaseThatIsGone() throws {
    let allocator = try allocator()
    let allocation = try allocator.allocate(request("a"))
    try allocator.check(request("a"), addresses: allocation.assignments)
    try allocator.release(request("a"))
    let error = #expect(throws: AllocationError.self) {
      try allocator.check(request("a"), addresses: allocation.assignments)
    }
    #expect(error?.kind == .notHeld)
  }

  @Test func leasesOfAnEarlierBootAreVoidAndOnlyRestsAreKept() throws {
    let allocator = try allocator(cooldown: 3600)
    for pod in 1...5 { _ = try allocator.allocate(request("\(pod)")) }
    try allocator.release(request("2"))
    let name = try #require(try Files.names(in: "\(directory.path)/data").first { $0.hasSuffix(".mdb") })
    let bytes = try Files.read("\(directory.path)/data/\(name)", limit: 1 << 30)
    try Files.remove("\(directory.path)/data/\(name)")
    try Files.replace("\(directory.path)/data/leases-earlier.mdb", with: bytes)
    for pod in 6...9 { _ = try allocator.allocate(request("\(pod)")) }
    let error = #expect(throws: AllocationError.self) { try allocator.allocate(request("10")) }
    #expect(error?.kind == .cooling, "\(String(describing: error))")
    #expect(try Files.names(in: "\(directory.path)/data").filter { $0.hasSuffix(".mdb") } == [name])
  }

  @Test func aDamagedStoreIsToldAndNeverACrash() throws {
    let allocator = try allocator()
    for pod in 1...5 { _ = try allocator.allocate(request("\(pod)")) }
    let data = "\(directory.path)/data"
    let name = try #require(try Files.names(in: data).first { $0.hasSuffix(".mdb") })
    let good = try Files.read("\(data)/\(name)", limit: 1 << 30)
    var damaged: [[UInt8]] = [Array(good.prefix(4096)), Array(good.prefix(100)), Array(good.prefix(8192))]
    damaged.append([UInt8](repeating: 0xA5, count: good.count))
    damaged.append(good.prefix(8192) + [UInt8](repeating: 0xA5, count: good.count - 8192))
    for bytes in damaged {
      try Files.replace("\(data)/\(name)", with: bytes)
      let error = #expect(throws: AllocationError.self) { try allocator.allocate(request("6")) }
      #expect(error?.kind == .store)
      #expect(error?.message.contains(data) ?? false)
      #expect(error?.details.contains("mv ") ?? false)
    }
    try Files.replace("\(data)/\(name)", with: good)
    #expect(try allocator.leases().count == 5)
  }

  private func allocator(
    _ node: String = "master", _ network: String = "ipvlan-ens5", cooldown: Int = 30
  ) throws -> IPPoolAllocator {
    try IPPoolAllocator(
      JSONFields([
        "type": .string("ippool"), "poolDir": .string("\(directory.path)/pools"),
        "dataDir": .string("\(directory.path)/data"), "nodeName": .string(node),
        "cooldownSeconds": .int(cooldown),
      ]), network: network, environment: Environment([:]))
  }

  private func request(_ container: String, _ network: String = "ipvlan-ens5") -> AllocationRequest {
    AllocationRequest(attachment: AttachmentID(network: network, containerID: container, ifname: "eth0"))
  }
}
