import Addressing
import IPAM
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
    ("gateway", "10.0.0.255", "cannot be a gateway: it is the broadcast address"),
    ("gateway", "10.0.0.0", "cannot be a gateway: it is the network address"),
    ("multusName", "[a/b/c]", "must be a network's name"), ("multusName", "[/b]", "must be a network's name"),
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
    let winner = "has addresses of pool first at \(directory.path)/1.yaml:1, which is read first and counts"
    #expect(catalog.faults.first?.problem.contains(winner) ?? false)
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
      spec: {ips: [10.9.0.5, 10.9.0.300]}

      """
    let catalog = try catalog(Self.document("pool", Self.goodSpec) + "---\n" + reserved)
    #expect(catalog.faults.count == 1)
    #expect(catalog.faults.first?.consequence == "the addresses that it should reserve are given to pods")
    #expect(catalog.pools.first?.addresses.ranges.map(\.description) == ["10.9.0.4", "10.9.0.6-10.9.0.8"])
  }

  /// A fault all the same, but what is meant is clear.
  @Test(arguments: [
    ("ips: [10.9.0.6-10.9.0.5]", "lower end first"),
    ("ips: [10.9.0.4/31, 10.9.0.6/32]", "must be an address"),
    ("ips: [\"10.9.0.5 - 10.9.0.6\"]", "must be an address"),
    ("ips: [10.9.0.5-10.9.0.6]\n  ip: []", "is not known"),
    ("ipVersion: 5\n  ips: [10.9.0.5-10.9.0.6]", "must be 4 or 6"),
    ("ipVersion: \"4\"\n  ips: [10.9.0.5-10.9.0.6]", "must be 4 or 6"),
  ])
  func whatAReservationMeansIsReserved(spec: String, says: String) throws {
    let reserved =
      "apiVersion: spiderpool.spidernet.io/v2beta1\nkind: SpiderReservedIP\nmetadata: {name: r}\nspec:\n  \(spec)\n"
    let catalog = try catalog(reserved + "---\n" + Self.document("pool", Self.goodSpec))
    #expect(catalog.faults.count == 1 && catalog.faults[0].problem.contains(says), "\(catalog.faults)")
    let free = catalog.pools.first?.addresses
    #expect(free?.contains(IPAddress(family: .v4, value: 0x0A09_0005)) == false)
    #expect(free?.contains(IPAddress(family: .v4, value: 0x0A09_0006)) == false)
    #expect(free?.isEmpty == false)
  }

  /// A subnet with addresses that no pod can have, and whether the pool is refused.
  @Test(arguments: [
    ("224.0.0.0/8", "224.0.0.5", "multicast"), ("127.0.0.0/8", "127.0.0.5", "loopback"),
    ("0.0.0.0/8", "0.0.0.5", "this network"), ("169.254.0.0/16", "169.254.169.254", "link-local"),
    ("255.255.255.0/24", "255.255.255.255", "broadcast"),
    ("10.0.0.0/24", "10.0.0.0", "network address"), ("10.0.0.0/24", "10.0.0.250-10.0.0.255", "broadcast"),
    ("10.0.0.0/30", "10.0.0.1-10.0.0.3", "broadcast"), ("10.0.0.0/31", "10.0.0.0-10.0.0.1", ""),
    ("10.0.0.3/32", "10.0.0.3", ""), ("10.0.0.0/16", "10.0.0.255-10.0.1.0", ""),
    ("2001:db8::/64", "2001:db8::", "anycast"), ("2001:db8::/127", "2001:db8::-2001:db8::1", ""),
    ("2001:db8::/64", "2001:db8::ffff:ffff:ffff:ffff", ""), ("2001:db8::/128", "2001:db8::", ""),
    ("ff00::/8", "ff02::1", "multicast"), ("fe80::/64", "fe80::5", "link-local"),
    ("::/64", "::1", "loopback"),
    ("::/64", "::", "unspecified"), ("::ffff:10.0.0.0/112", "::ffff:10.0.0.4", ""),
    ("fd00:ec2::/64", "fd00:ec2::254", "metadata"),
  ])
  func addressesThatNoPodCanHaveAreRefused(subnet: String, ips: String, says: String) throws {
    let spec = ["  subnet: \"\(subnet)\"", "  ips: [\"\(ips)\"]"]
    let catalog = try catalog(Self.document("odd", spec))
    #expect(catalog.pools.isEmpty == !says.isEmpty)
    #expect(catalog.faults.isEmpty == says.isEmpty)
    for fault in catalog.faults {
      #expect(fault.problem.contains("spec.ips[0]") && fault.problem.contains(says), "\(fault)")
      #expect(fault.line == 6)
    }
  }

  @Test func excludedAddressesMayBeAnything() throws {
    let catalog = try catalog(
      Self.document(
        "whole",
        ["  subnet: 10.0.0.0/29", "  ips: [10.0.0.0-10.0.0.7]", "  excludeIPs: [10.0.0.0, 10.0.0.7]"]))
    #expect(catalog.faults.isEmpty && catalog.pools.first?.addresses.count == 6, "\(catalog.faults)")
  }

  /// Documents as editors, tools and kubectl write them.
  @Test(arguments: [
    "\u{FEFF}DOCUMENT", "%YAML 1.2\n---\nDOCUMENT", "kind: List\napiVersion: v1\nitems:\n- JSON",
    "kind: SpiderIPPoolList\napiVersion: spiderpool.spidernet.io/v2beta1\nmetadata: {resourceVersion: \"1\"}\nitems:\n"
      + "- metadata: {name: good}\n  spec: {subnet: 10.9.0.0/24, ips: [10.9.0.4-10.9.0.8]}",
    "kind: List\nitems: [{kind: List, items: [JSON]}]", "JSON\nJSON2", "...\n\n---\nDOCUMENT...\n",
    "DOCUMENT---\napiVersion: spiderpool.spidernet.io/v2beta1\nkind: SpiderMultusConfig\nmetadata: {name: n}\nspec: {}",
  ])
  func documentsAreTakenAsKubectlTakesThem(text: String) throws {
    let json = { (name: String, ip: String) in
      #"{"apiVersion": "spiderpool.spidernet.io/v2beta1", "kind": "SpiderIPPool", "metadata": {"name": "\#(name)"}, "#
        + #""spec": {"subnet": "10.9.0.0/24", "ips": ["\#(ip)"]}}"#
    }
    let text = text.replacing("JSON2", with: json("second", "10.9.0.99"))
      .replacing("JSON", with: json("good", "10.9.0.4-10.9.0.8"))
      .replacing("DOCUMENT", with: Self.document("good", Self.goodSpec))
    let catalog = try catalog(text)
    #expect(catalog.faults.isEmpty, "\(catalog.faults)")
    #expect(catalog.pools.first?.name == "good")
    #expect(catalog.pools.first?.addresses.ranges.map(\.description) == ["10.9.0.4-10.9.0.8"])
  }

  @Test func anchorsMergeKeysAndTheWordsOfYAML11AreTaken() throws {
    let spec = [
      "  <<: &common {subnet: 10.9.0.0/24, gateway: 10.9.0.1, default: yes}", "  disable: off",
      "  ips: &ips [10.9.0.4-10.9.0.8]",
    ]
    let catalog = try catalog(Self.document("good", spec))
    #expect(catalog.faults.isEmpty, "\(catalog.faults)")
    let pool = try #require(catalog.pools.first)
    #expect(pool.isDefault && !pool.isDisabled && pool.gateway?.description == "10.9.0.1")
  }

  /// What stands on the wrong level, or has a typing error, would change who gets an address.
  @Test(arguments: [
    ("disable: true\n", "disable"), ("status: {}\nSpec: {}\n", "Spec"),
    ("  routes: [{dst: 10.1.0.0/16, gw: 10.9.0.1, via: x}]\n", "spec.routes[0].via"),
    ("  podAffinity: {matchLabel: {a: b}}\n", "spec.podAffinity.matchLabel"),
    (
      "  nodeAffinity: {matchExpressions: [{key: a, operator: In, value: [b]}]}\n",
      "matchExpressions[0].value"
    ),
  ])
  func unknownKeysAreRefusedOnEveryLevel(text: String, path: String) throws {
    let catalog = try catalog(Self.document("bad", Self.goodSpec) + text)
    #expect(catalog.pools.isEmpty)
    #expect(catalog.faults.first?.problem.contains("\(path)\" with value") ?? false, "\(catalog.faults)")
    #expect(catalog.faults.first?.problem.contains("is not known") ?? false, "\(catalog.faults)")
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
