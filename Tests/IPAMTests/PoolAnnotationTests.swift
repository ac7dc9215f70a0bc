import Addressing
import IPAM
import JSON
import Platform
import Testing

/// The pod's own wishes: honoured, or refused by name.
@Suite struct PoolAnnotationTests {
  let directory: TemporaryDirectory

  init() throws {
    directory = try TemporaryDirectory()
    try directory.write(
      "pools/two.yaml",
      """
      apiVersion: spiderpool.spidernet.io/v2beta1
      kind: SpiderIPPool
      metadata: {name: a}
      spec:
        {subnet: 10.9.0.0/24, ips: [10.9.0.10], gateway: 10.9.0.1, default: true, routes: [{dst: 10.1.0.0/16, gw: 10.9.0.2}]}
      ---
      apiVersion: spiderpool.spidernet.io/v2beta1
      kind: SpiderIPPool
      metadata: {name: b}
      spec: {subnet: 10.8.0.0/24, ips: [10.8.0.10], gateway: 10.8.0.1}

      """)
  }

  private func allocate(
    _ annotations: PodAnnotations, ifname: String = "eth0", keys: String = "{}"
  ) throws(AllocationError) -> Allocation {
    var ipam: JSONObject = [
      "type": .string("ippool"), "singleNode": .bool(true), "poolDir": .string("\(directory.path)/pools"),
      "dataDir": .string("\(directory.path)/leases"), "cooldownSeconds": .int(0),
    ]
    let others = (try? JSONValue(parsing: Array(keys.utf8)))?.object ?? [:]
    for (key, value) in others.members { ipam[key] = value }
    guard
      let allocator = try? IPPoolAllocator(
        JSONFields(ipam, path: "ipam"), network: "n", environment: .current())
    else { throw AllocationError(.store, "no allocator") }
    var request = AllocationRequest(
      attachment: AttachmentID(network: "n", containerID: "c", ifname: ifname))
    request.annotations = annotations
    defer { try? allocator.release(request) }
    return try allocator.allocate(request)
  }

  private static let prefix = "ipam.spidernet.io/"

  @Test(arguments: [
    (#"[{"interface": "eth0", "ipv4": ["b"]}]"#, "eth0", "10.8.0.10/24"),
    (#"[{"interface": "net1", "ipv4": ["b"]}]"#, "eth0", "10.9.0.10/24"),
    (
      #"[{"interface": "eth0", "ipv4": ["a"]}, {"interface": "net1", "ipv4": ["b"]}]"#, "net1", "10.8.0.10/24"
    ),
    (#"[{"ipv4": ["a"]}, {"ipv4": ["b"]}]"#, "net1", "10.8.0.10/24"),
    (#"[{"ipv4": ["b"]}]"#, "eth0", "10.8.0.10/24"), ("[]", "eth0", "10.9.0.10/24"),
    ("", "eth0", "10.9.0.10/24"),
  ])
  func poolsAreChosenForEachInterface(text: String, ifname: String, address: String) throws {
    let allocation = try allocate(["\(Self.prefix)ippools": text], ifname: ifname)
    #expect(allocation.assignments.map(\.address.description) == [address])
  }

  @Test func gatewaysOfAPoolsRoutesAreGivenToNoPod() throws {
    try directory.write(
      "pools/gateways.yaml",
      """
      apiVersion: spiderpool.spidernet.io/v2beta1
      kind: SpiderIPPool
      metadata: {name: c}
      spec: {subnet: 10.7.0.0/24, ips: [10.7.0.2-10.7.0.4], gateway: 10.7.0.1, routes: [{dst: 10.1.0.0/16, gw: 10.7.0.2}]}

      """)
    let allocation = try allocate(["\(Self.prefix)ippools": #"[{"interface": "eth0", "ipv4": ["c"]}]"#])
    #expect(allocation.assignments.map(\.address.description) == ["10.7.0.3/24"])
  }

  @Test func withoutTheGatewayThereIsNoDefaultRoute() throws {
    let text = { (isClean: Bool) in #"[{"interface": "eth0", "ipv4": ["a"], "cleangateway": \#(isClean)}]"# }
    let routes = { (isClean: Bool) in
      try self.allocate(["\(Self.prefix)ippools": text(isClean)]).routes.map(\.description)
    }
    #expect(try routes(true) == ["10.1.0.0/16 via 10.9.0.2"])
    #expect(try routes(false) == ["0.0.0.0/0 via 10.9.0.1", "10.1.0.0/16 via 10.9.0.2"])
  }

  @Test func routesOfThePodGoBeforeThePools() throws {
    let text = """
      [{"dst": "10.1.0.0/16", "gw": "10.9.0.3"}, {"dst": "10.2.0.0/16", "gw": "10.9.0.4"}, \
      {"dst": "10.3.0.0/16", "gw": "10.8.0.4"}]
      """
    let allocation = try allocate(["\(Self.prefix)routes": text])
    #expect(
      allocation.routes.map(\.description) == [
        "0.0.0.0/0 via 10.9.0.1", "10.1.0.0/16 via 10.9.0.3", "10.2.0.0/16 via 10.9.0.4",
      ])
    #expect(allocation.remarks.count == 1 && allocation.remarks[0].contains("10.3.0.0/16 via 10.8.0.4"))
    let other = try allocate(["\(Self.prefix)routes": #"[{"dst": "0.0.0.0/0", "gw": "10.9.0.9"}]"#])
    #expect(other.routes.map(\.description) == ["10.1.0.0/16 via 10.9.0.2", "0.0.0.0/0 via 10.9.0.9"])
  }

  /// What is refused, and the words that name it.
  @Test(arguments: [
    ("ippool", #"{"ipv4pools": ["a"]}"#, "ipam.spidernet.io/ippool.ipv4pools"),
    ("ippool", #"["a"]"#, "key \"ipam.spidernet.io/ippool\""),
    ("ippool", #"{"ipv4": "a"}"#, "ipam.spidernet.io/ippool.ipv4"),
    ("ippool", #"{"ipv4": []}"#, "must name a pool"), ("ippool", "a", "must be JSON"),
    ("ippools", #"{"ipv4": ["a"]}"#, "key \"ipam.spidernet.io/ippools\""),
    ("ippools", #"[{"ipv4": ["a"], "cleanGateway": true}]"#, "ipam.spidernet.io/ippools[0].cleanGateway"),
    ("ippools", #"[{"ipv4": ["a"], "cleangateway": "true"}]"#, "ipam.spidernet.io/ippools[0].cleangateway"),
    ("ippools", #"[{"interface": "net1", "ipv4pool": ["a"]}]"#, "ipam.spidernet.io/ippools[0].ipv4pool"),
    (
      "ippools", #"[{"interface": "eth0", "ipv4": ["a"]}, {"interface": "eth0", "ipv4": ["b"]}]"#,
      "occurs twice"
    ),
    ("ippools", #"[{"interface": "eth0", "ipv4": ["a"]}, {"ipv4": ["b"]}]"#, "in every entry"),
    ("ippools", #"[{"interface": "eth0"}]"#, "must name a pool"),
    ("routes", #"{"dst": "10.2.0.0/16", "gw": "10.9.0.4"}"#, "key \"ipam.spidernet.io/routes\""),
    ("routes", #"[{"dst": "10.2.0.0/16"}]"#, "ipam.spidernet.io/routes[0].gw"),
    ("routes", #"[{"dst": "10.2.0.0/16", "gw": "x"}]"#, "ipam.spidernet.io/routes[0].gw"),
    ("routes", #"[{"dst": "10.2.0.0/16", "gw": "10.9.0.4", "src": "x"}]"#, "routes[0].src"),
    ("subnet", #"{"ipv4": ["s"]}"#, "key \"ipam.spidernet.io/subnet\""),
    ("ippool-ip-number", "+1", "key \"ipam.spidernet.io/ippool-ip-number\""),
    ("IPPool", #"{"ipv4": ["a"]}"#, "key \"ipam.spidernet.io/IPPool\""),
  ])
  func whatIsNotHonouredIsRefusedByName(name: String, text: String, says: String) {
    let error = #expect(throws: AllocationError.self) { try allocate(["\(Self.prefix)\(name)": text]) }
    #expect(error?.kind == .invalidConfiguration)
    #expect(error?.message.contains(says) ?? false, "\(error?.message ?? "")")
  }

  /// An interface whose network has no pools cannot get what its entry asks for, and must not get something else.
  @Test func anEntryForAnInterfaceWithoutPoolsIsRefused() throws {
    let ipam = try #require(
      try JSONValue(parsing: Array(#"{"type":"static","addresses":[{"address":"10.9.9.9/24"}]}"#.utf8)).object
    )
    let allocator = try StaticAllocator(JSONFields(ipam, path: "ipam"))
    var request = AllocationRequest(
      attachment: AttachmentID(network: "n", containerID: "c", ifname: "eth0"))
    // What is meant for others, or for nobody by name, is none of this network's.
    for text in [#"[{"interface": "net1", "ipv4": ["b"]}]"#, #"[{"ipv4": ["b"]}]"#, "[]", "", "{"] {
      request.annotations = PodAnnotations(dictionaryLiteral: ("\(Self.prefix)ippools", text))
      #expect(try allocator.give(request).assignments.count == 1, "\(text)")
    }
    request.annotations = PodAnnotations(
      dictionaryLiteral: (
        "\(Self.prefix)ippools", #"[{"interface": "net1"}, {"interface": "eth0", "ipv4": ["b"]}]"#
      ))
    let error = #expect(throws: AllocationError.self) { try allocator.give(request) }
    #expect(error?.kind == .invalidConfiguration)
    #expect(
      error?.message.contains("ippools chooses pools for interface eth0") ?? false, "\(error?.message ?? "")")
  }

  @Test func annotationsOfOthersSayNothing() throws {
    _ = try allocate(["\(Self.prefix)assigned-eth0": "{}", "example.com/ippool": "{}"])
  }

  /// Where each of them is looked for among all, this takes minutes.
  @Test func annotationsOfAPodsFileTakeNoLongerThanTheirText() throws {
    let count = 50_000
    var texts = JSONObject()
    for number in 0..<count { texts["\(Self.prefix)assigned-\(number)"] = .string("x") }
    texts["\(Self.prefix)ippools"] = .string("y")
    let start = MonotonicInstant.now()
    let record = try PodRecord(
      JSONFields(
        [
          "namespace": .string("ns"), "name": .string("p"), "labels": .object([:]),
          "annotations": .object(texts), "namespaceLabels": .object([:]),
        ], ignoringCase: true))
    #expect(record.annotations.count == count + 1)
    var request = AllocationRequest(attachment: AttachmentID(network: "n", containerID: "c", ifname: "eth0"))
    request.learn(record)
    #expect(request.annotations["\(Self.prefix)ippools"] == "y")
    #expect(MonotonicInstant.now().microseconds(since: start) < 10_000_000)
  }

  @Test func aPoolThatIsNamedAgainIsTriedOnce() throws {
    let text = #"{"ipv4": ["nowhere", "b", "nowhere", "*", "b", "?"]}"#
    let allocation = try allocate(["\(Self.prefix)ippool": text])
    #expect(allocation.assignments.map(\.address.description) == ["10.8.0.10/24"])
    let error = #expect(throws: AllocationError.self) {
      try allocate(["\(Self.prefix)ippool": #"{"ipv4": ["nowhere", "nowhere"]}"#])
    }
    let words = "\(error?.message ?? "") \(error?.details ?? "")".split { !$0.isLetter }
    #expect(words.count { $0 == "nowhere" } == 1, "\(words)")
  }

  /// Of routes to one destination the last counts, in its place.
  @Test func aRouteOfThePodsReplacesAnEarlierOne() throws {
    let text = """
      [{"dst": "10.2.0.0/16", "gw": "10.9.0.4"}, {"dst": "10.3.0.0/16", "gw": "10.9.0.4"}, \
      {"dst": "10.2.0.0/16", "gw": "10.9.0.5"}, {"dst": "10.1.0.0/16", "gw": "10.9.0.6"}]
      """
    #expect(
      try allocate(["\(Self.prefix)routes": text]).routes.map(\.description) == [
        "0.0.0.0/0 via 10.9.0.1", "10.3.0.0/16 via 10.9.0.4", "10.2.0.0/16 via 10.9.0.5",
        "10.1.0.0/16 via 10.9.0.6",
      ])
  }

  @Test func aPoolThatThePodDoesNotNameIsNotTheConfigurationsFault() {
    let error = #expect(throws: AllocationError.self) {
      try allocate(["\(Self.prefix)ippool": #"{"ipv4": ["nowhere"]}"#])
    }
    #expect(
      error?.details.contains("pool a: the pod's annotation does not name it") ?? false,
      "\(String(describing: error))")
  }

  /// A key that nobody reads would let addresses of other pools out; what is held is freed all the same.
  @Test(arguments: [
    (#"{"pool": ["b"]}"#, "ipam.pool"), (#"{"Pools": ["b"]}"#, "ipam.Pools"),
    (#"{"nodename": "x"}"#, "ipam.nodename"),
    (#"{"default_ipv4_ippool": ["b"]}"#, "ipam.default_ipv4_ippool"),
    (#"{"pools": {"IPv4": ["b"]}}"#, "ipam.pools.IPv4"),
  ])
  func unknownKeysOfTheConfigurationGiveNothing(keys: String, path: String) throws {
    let error = #expect(throws: AllocationError.self) { try allocate([:], keys: keys) }
    #expect(error?.kind == .invalidConfiguration)
    #expect(error?.message.contains("key \"\(path)\"") ?? false, "\(error?.message ?? "")")
    _ = try allocate([:], keys: #"{"_comment": "text", "//": "text"}"#)
  }

  @Test func aConfigurationWithUnknownKeysStillFreesAndTellsItsStatus() throws {
    let fields: JSONObject = [
      "type": .string("ippool"), "singleNode": .bool(true), "poolDir": .string("\(directory.path)/pools"),
      "pool": .string("b"),
      "dataDir": .string("\(directory.path)/leases"),
    ]
    let allocator = try IPPoolAllocator(JSONFields(fields), network: "n", environment: .current())
    let request = AllocationRequest(attachment: AttachmentID(network: "n", containerID: "c", ifname: "eth0"))
    try allocator.release(request)
    #expect(throws: AllocationError.self) { try allocator.status() }
    #expect(allocator.unknownKey?.path == "pool")
  }

  @Test func aPoolWithoutAddressesSendsNobodyToTheHolders() throws {
    try directory.write(
      "pools/two.yaml",
      "apiVersion: spiderpool.spidernet.io/v2beta1\nkind: SpiderIPPool\nmetadata: {name: a}\n"
        + "spec: {subnet: 10.9.0.0/24, ips: [], default: true}\n")
    let error = #expect(throws: AllocationError.self) { try allocate([:]) }
    #expect(error?.kind == .exhausted)
    #expect(error?.details.contains("spec.ips is empty") ?? false, "\(String(describing: error))")
    #expect(error?.details.contains("who holds them") == false)
  }

  @Test func whatIsWrongInTheFilesIsToldThoughAnAddressIsGiven() throws {
    try directory.write(
      "pools/reserved.yaml",
      "apiVersion: spiderpool.spidernet.io/v2beta1\nkind: SpiderReservedIP\nmetadata: {name: r}\n"
        + "spec: {ips: [10.9.0.300]}\n")
    let allocation = try allocate([:])
    #expect(allocation.remarks.count == 1)
    #expect(
      allocation.remarks.first?.hasSuffix("the addresses that it should reserve are given to pods") ?? false)
  }
}
