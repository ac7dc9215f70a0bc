import Addressing
import Glibc
import Platform
import Testing

@testable import IPAM

/// What is read of the compiled catalogue is what the documents say, or nothing.
@Suite struct CompiledCatalogTests {
  /// A moment at which files that were written now are old.
  private static var later: FileStatus.Time {
    FileStatus.Time(seconds: FileStatus.Time.now().seconds + 60, nanoseconds: 0)
  }

  private let site: TemporaryDirectory
  private var pools: String { "\(site.path)/pools" }

  init() throws {
    site = try TemporaryDirectory()
    try Files.makeDirectory("\(site.path)/data")
    try Files.makeDirectory("\(site.path)/pools")
  }

  private func compiled(node: String = "master") throws -> CompiledCatalog {
    try #require(CompiledCatalog(of: pools, in: "\(site.path)/data", nodeName: node))
  }

  /// Reads the documents and leaves the catalogue.
  @discardableResult
  private func compile(node: String = "master") throws -> PoolCatalog {
    let catalog = PoolCatalog(directory: pools)
    try compiled(node: node).write(catalog, at: Self.later)
    return catalog
  }

  /// A member that the format leaves out compiles, and would be missing from pools that come from the catalogue.
  @Test func theFormatKnowsAllMembers() throws {
    try site.write("pools/all.yaml", Guide.pools)
    let pool = try #require(PoolCatalog(directory: pools).pools.first)
    let remark: Comment = "write and read it in CompiledCatalog+Format.swift, then name it here"
    #expect(
      Mirror(reflecting: pool).children.compactMap(\.label) == [
        "name", "source", "subnet", "addresses", "excluded", "gateway", "routes", "isDefault", "isDisabled",
        "withheld", "sharing", "nodeNames", "namespaceNames", "multusNames", "nodeAffinity",
        "namespaceAffinity", "podAffinity",
      ], remark)
    #expect(
      Mirror(reflecting: IPRoute(destination: pool.subnet)).children.compactMap(\.label) == [
        "destination", "gateway", "mtu", "advertisedMSS", "priority", "table", "scope",
      ], remark)
  }

  @Test func itHasWhatTheDocumentsSayOfThisNode() throws {
    try site.write(
      "pools/all.yaml",
      """
      \(Guide.pools)---
      apiVersion: spiderpool.spidernet.io/v2beta1
      kind: SpiderIPPool
      metadata: {name: everything, annotations: {ipvlan-cni.dev/shared: more}}
      spec:
        subnet: fd00:1::/64
        ips: ["fd00:1::10-fd00:1::20", "fd00:1::ffff"]
        excludeIPs: ["fd00:1::12"]
        gateway: fe80::1
        routes: [{dst: "fd00:2::/48", gw: "fd00:1::2"}]
        namespaceName: [a, b]
        multusName: [x, y/z]
        nodeAffinity: {matchLabels: {kubernetes.io/hostname: master}}
        namespaceAffinity: {matchExpressions: [{key: k, operator: NotIn, values: [v, w]}]}
        podAffinity: {matchExpressions: [{key: k, operator: Exists}]}
      ---
      apiVersion: spiderpool.spidernet.io/v2beta1
      kind: SpiderIPPool
      metadata: {name: off}
      spec: {subnet: 10.1.0.0/24, ips: [10.1.0.5], disable: true}
      ---
      apiVersion: spiderpool.spidernet.io/v2beta1
      kind: SpiderReservedIP
      metadata: {name: reserved}
      spec: {ips: [172.31.16.5]}
      ---
      apiVersion: spiderpool.spidernet.io/v2beta1
      kind: SpiderIPPool
      metadata: {name: wrong}
      spec: {subnet: 10.2.0.0/24, ips: [10.3.0.5]}
      """)
    try site.write(
      "pools/list.json",
      #"{"kind": "List", "apiVersion": "v1", "metadata": {"followsPods": true}, "items": []}"#)
    let whole = try compile()
    #expect(whole.pools.count == 6 && whole.faults.count == 1)
    let read = try #require(try compiled().read())
    #expect(
      read.pools
        == whole.pools.filter { ["master-v4-ens5", "master-v4-ens6", "everything"].contains($0.name) })
    #expect(read.faults == whole.faults)
    #expect(read.hasPodFiles)
    #expect(read.pools.first?.addresses.contains(try #require(IPAddress("172.31.16.5"))) == false)
    // Each node has a file of its own.
    #expect(try compiled(node: "worker1").read() == nil)
  }

  /// Each way in which a directory can change, while size and modification time stay as far as anybody can keep them.
  @Test(arguments: ["rewritten", "in place", "added", "removed", "renamed", "replaced", "linked elsewhere"])
  func nothingIsReadOfOtherDocuments(change: String) throws {
    let other =
      Guide.pools.split(separator: "\n").map {
        $0 == "    - 172.31.16.4-172.31.16.8" ? "    - 172.31.16.4-172.31.16.9" : $0
      }
      .joined(separator: "\n") + "\n"
    #expect(other.utf8.count == Guide.pools.utf8.count && other != Guide.pools)
    try site.write("pools/a.yaml", Guide.pools)
    try site.write("elsewhere/one.yaml", Guide.pools)
    try site.write("elsewhere/two.yaml", other)
    #expect(unsafe symlink("../elsewhere/one.yaml", "\(pools)/b.yaml") == 0)
    try compile()
    #expect(try compiled().read() != nil)
    let (path, times) = ("\(pools)/a.yaml", try FileStatus(of: "\(pools)/a.yaml"))
    switch change {
    case "rewritten": try Files.replace(path, with: Array(other.utf8))
    case "in place": try Files.write(other, to: path)
    case "added": try Files.replace("\(pools)/c.yml", with: Array("{}".utf8))
    case "removed": try Files.remove(path)
    case "renamed": try Files.move(path, to: "\(pools)/aa.yaml")
    case "replaced": try Files.move("\(site.path)/elsewhere/two.yaml", to: path)
    default:
      try Files.remove("\(pools)/b.yaml")
      #expect(unsafe symlink("../elsewhere/two.yaml", "\(pools)/b.yaml") == 0)
    }
    // As somebody does who restores a file with its times.
    let moment = timespec(tv_sec: times.modified.seconds, tv_nsec: times.modified.nanoseconds)
    _ = unsafe utimensat(AT_FDCWD, path, [moment, moment], 0)
    #expect(try compiled().read() == nil)
    try compile()
    #expect(try compiled().read() != nil)
  }

  @Test func nothingIsReadOfAFileThatIsDamaged() throws {
    try site.write("pools/a.yaml", Guide.pools)
    try compile()
    let path = try compiled().path
    let bytes = try Files.read(path)
    for length in 0..<bytes.count {
      try Files.replace(path, with: Array(bytes[..<length]))
      #expect(try compiled().read() == nil, "\(length) of \(bytes.count) bytes")
    }
    for index in bytes.indices {
      var changed = bytes
      changed[index] ^= 0x81
      try Files.replace(path, with: changed)
      #expect(try compiled().read() == nil, "byte \(index) of \(bytes.count)")
    }
    try Files.replace(path, with: bytes)
    #expect(try compiled().read() != nil)
  }

  @Test func noneIsLeftOfFilesThatMayStillBeChanging() throws {
    try site.write("pools/a.yaml", Guide.pools)
    let catalog = PoolCatalog(directory: pools)
    try compiled().write(catalog)
    #expect(try compiled().read() == nil)
    let before = try compiled()
    try Files.write(String(Guide.pools.reversed()), to: "\(pools)/a.yaml")
    before.write(catalog, at: Self.later)
    #expect(try compiled().read() == nil)
  }

  @Test func noneIsLeftWhereAFileCouldNotBeRead() throws {
    try site.write("pools/a.yaml", Guide.pools)
    try Files.makeDirectory("\(pools)/b.yaml")
    #expect(try compile().faults.count == 1)
    #expect(try compiled().read() == nil)
  }
}
