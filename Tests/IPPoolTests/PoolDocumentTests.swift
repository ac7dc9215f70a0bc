import Addressing
import IPPool
import Testing

/// SpiderIPPool and SpiderReservedIP documents: what is taken, and what is refused in which words.
@Suite struct PoolDocumentTests {
  let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  @Test func theGuidesPoolsAreReadAsTheyArePrinted() throws {
    let catalog = try catalog(Guide.pools)
    #expect(catalog.faults.isEmpty, "\(catalog.faults)")
    #expect(
      catalog.pools.map(\.name) == ["master-v4-ens5", "master-v4-ens6", "worker1-v4-ens5", "worker1-v4-ens6"])
    let pool = try #require(catalog.pool(named: "master-v4-ens5"))
    #expect(pool.addresses.ranges.map(\.description) == ["172.31.16.4-172.31.16.8"])
    #expect(pool.isDefault && pool.nodeNames == ["master"] && pool.multusNames == ["default/ipvlan-ens5"])
  }

  /// A member that is put in the place of a good one, and what the fault says.
  static let wrong: [(member: String, value: String, says: String)] = [
    ("subnet", "10.0.0.1/24", "must be written as 10.0.0.0/24"),
    ("subnet", "10.0.0.0", "must be a network"),
    ("subnet", "[]", "must be a network"),
    ("ipVersion", "6", "does not agree"),
    ("ips", "[10.0.0.9-10.0.0.1]", "lower end first"),
    ("ips", "[10.0.1.4]", "must lie in subnet 10.0.0.0/24"),
    ("ips", "[10.0.0.4-10.0.0.8, 10.0.0.8]", "overlaps with 10.0.0.4-10.0.0.8"),
    ("ips", "[\"2001:db8::4\"]", "must lie in subnet"),
    ("ips", "10.0.0.4", "must be an array"),
    ("excludeIPs", "[10.0.0.300]", "must be an address"),
    ("gateway", "10.0.1.1", "must lie in subnet"),
    ("gateway", "10.0.0.5", "must not be one of spec.ips"),
    ("routes", "[{dst: 0.0.0.0/0, gw: 10.0.0.1}]", "default route"),
    ("routes", "[{dst: 10.1.0.0/16}]", "is required"),
    ("routes", "[{dst: 10.1.0.0/16, gw: 10.2.0.1}]", "must lie in subnet"),
    ("routes", "[{dst: 10.1.0.0/16, gw: 10.0.0.1}, {dst: 10.1.0.0/16, gw: 10.0.0.2}]", "occurs twice"),
    ("default", "maybe", "must be true or false"),
    ("nodeName", "master", "must be an array"),
    ("excludeIP", "[10.0.0.5]", "is not known"),
    ("nodeAffinity", "{}", "must not be empty"),
    ("podAffinity", "{matchExpressions: [{key: a, operator: Like}]}", "one of In"),
  ]

  @Test(arguments: wrong)
  func aWrongMemberIsNamedWithItsValueAndLine(member: String, value: String, says: String) throws {
    var members = ["subnet": "10.0.0.0/24", "ips": "[10.0.0.4-10.0.0.8]", "gateway": "10.0.0.1"]
    members[member] = value
    let spec = members.sorted { $0.key < $1.key }.map { "  \($0.key): \($0.value)" }
    let line = 5 + (members.keys.sorted().firstIndex(of: member) ?? 0)
    let catalog = try catalog(Self.document("bad", spec) + "---\n" + Self.document("good", Self.goodSpec))
    let fault = try #require(catalog.faults.first)
    #expect(catalog.faults.count == 1)
    #expect(fault.problem.contains("spec.\(member)") && fault.problem.contains(says), "\(fault)")
    #expect(fault.document == 1)
    #expect(fault.line == line, "\(fault)")
    #expect(catalog.pools.map(\.name) == ["good"], "a bad document must not hide a good one")
  }

  @Test func brokenYAMLHidesNothingElse() throws {
    let catalog = try catalog(
      "a: [1\n---\n" + Self.document("good", Self.goodSpec)
        + "---\nx: *alias\n---\nkind: SpiderIPPool\nkind: Twice\n")
    #expect(catalog.pools.map(\.name) == ["good"])
    #expect(catalog.faults.map(\.document) == [1, 3, 4])
  }

  @Test func ofTwoPoolsWithTheSameAddressTheLaterIsRefused() throws {
    try directory.write("1.yaml", Self.document("first", Self.goodSpec))
    try directory.write("2.yaml", Self.document("second", Self.goodSpec))
    try directory.write("3.yaml", Self.document("third", ["  subnet: 10.9.0.0/16", "  ips: [10.9.9.9]"]))
    let catalog = PoolCatalog(directory: directory.path)
    #expect(catalog.pools.map(\.name) == ["first"])
    #expect(catalog.faults.count == 2)
    #expect(catalog.faults.first?.problem.contains("has addresses of pool first") ?? false)
    #expect(catalog.faults.last?.problem.contains("overlaps with subnet") ?? false)
  }

  @Test func reservedAddressesAreNeverPartOfAPool() throws {
    let reserved = """
      apiVersion: spiderpool.spidernet.io/v2beta1
      kind: SpiderReservedIP
      metadata: {name: r}
      spec: {ipVersion: 4, ips: [10.9.0.5-10.9.0.6]}

      """
    let catalog = try catalog(Self.document("pool", Self.goodSpec) + "---\n" + reserved)
    #expect(catalog.faults.isEmpty)
    let ranges = catalog.pools.first?.addresses.ranges.map(\.description)
    #expect(ranges == ["10.9.0.4", "10.9.0.7-10.9.0.8"])
  }

  @Test func aWrongEntryDoesNotSetTheOtherReservedAddressesFree() throws {
    let reserved = """
      apiVersion: spiderpool.spidernet.io/v2beta1
      kind: SpiderReservedIP
      metadata: {name: r}
      spec: {ips: [10.9.0.5, 10.9.0.9-10.9.0.1]}

      """
    let catalog = try catalog(Self.document("pool", Self.goodSpec) + "---\n" + reserved)
    #expect(catalog.faults.count == 1)
    #expect(catalog.pools.first?.addresses.ranges.map(\.description) == ["10.9.0.4", "10.9.0.6-10.9.0.8"])
  }

  @Test func oneBadItemOfAListHidesNoOther() throws {
    let item = { (name: String, ips: String) in
      #"{"apiVersion": "spiderpool.spidernet.io/v2beta1", "kind": "SpiderIPPool", "metadata": {"name": "\#(name)"}, "#
        + #""spec": {"subnet": "10.9.0.0/24", "ips": ["\#(ips)"]}}"#
    }
    let items = [item("a", "10.9.0.1"), item("b", "10.8.0.1"), item("c", "10.9.0.3")]
    let catalog = try catalog(#"{"kind": "List", "items": [\#(items.joined(separator: ",\n"))]}"#)
    #expect(catalog.pools.map(\.name) == ["a", "c"])
    #expect(catalog.faults.map(\.line) == [2])
    #expect(catalog.faults.first?.problem.contains("items[1].spec.ips[0]") ?? false)
  }

  @Test func aLargeRangeStaysARange() throws {
    let catalog = try catalog(
      Self.document(
        "huge", ["  subnet: 2001:db8::/64", "  ips: [\"2001:db8::1-2001:db8::ffff:ffff:ffff:ffff\"]"]))
    #expect(catalog.pools.first?.addresses.ranges.count == 1)
    #expect(catalog.pools.first?.addresses.count == UInt128(UInt64.max))
  }

  static let goodSpec = ["  subnet: 10.9.0.0/24", "  ips: [10.9.0.4-10.9.0.8]"]

  private static func document(_ name: String, _ spec: [String]) -> String {
    """
    apiVersion: spiderpool.spidernet.io/v2beta1
    kind: SpiderIPPool
    metadata: {name: \(name)}
    spec:
    \(spec.joined(separator: "\n"))

    """
  }

  private func catalog(_ text: String) throws -> PoolCatalog {
    try directory.write("pools.yaml", text)
    return PoolCatalog(directory: directory.path)
  }
}
