import ConformanceSupport
import JSON
import Testing

/// Configurations as templates and people write them for the reference plugins: both read the same out of them.
@Suite struct ReferenceConfigurationTests {
  /// A configuration that the reference reads.
  struct Case: Sendable, CustomTestStringConvertible {
    let name: String
    var keys: JSONObject = [:]
    var ipam: JSONObject? = Configuration.staticIPAM("172.31.16.4/20 via 172.31.16.1")
    var arguments = ""
    var testDescription: String { name }
  }

  private static func addresses(_ entries: JSONObject..., routes: [JSONValue] = []) -> JSONObject {
    ["type": "static", "addresses": .array(entries.map(JSONValue.object)), "routes": .array(routes)]
  }

  static let cases: [Case] = [
    Case(
      name: "gw of a route",
      ipam: addresses(
        ["address": "172.31.16.4/20", "gateway": "172.31.16.1"], routes: [["dst": "10.99.0.0/24", "gw": ""]])),
    Case(name: "gateway of static", ipam: addresses(["address": "172.31.16.4/20", "gateway": ""])),
    Case(name: "mac of the runtime", keys: ["runtimeConfig": ["mac": ""]]),
    Case(name: "ips of the runtime", keys: ["runtimeConfig": ["ips": []]]),
    Case(name: "master and mode", keys: ["master": "", "mode": ""]),
    Case(name: "key Master", keys: ["master": .null, "Master": "ens6"]),
    Case(name: "keys master and Master", keys: ["Master": "ens6"]),
    Case(name: "key Mode", keys: ["Mode": "l3"]),
    Case(name: "key MTU", keys: ["MTU": 1400]),
    Case(
      name: "key IPAM", keys: ["IPAM": .object(Configuration.staticIPAM("172.31.16.5/20"))], ipam: nil),
    Case(
      name: "keys of ipam and its entries",
      ipam: [
        "Type": "static", "Addresses": [["address": "172.31.16.4/20", "Gateway": "172.31.16.1"]],
        "ROUTES": [["DST": "10.99.0.0/24", "GW": "172.31.16.9"]],
      ]),
    Case(
      name: "runtimeConfig",
      keys: ["capabilities": ["ips": true], "RuntimeConfig": ["IPs": ["172.31.16.6/20"]]],
      ipam: addresses(["address": "172.31.16.4/20"])),
    Case(
      name: "blanks in IP", ipam: addresses(), arguments: "IP=172.31.16.5/20, 172.31.16.6/20"),
    Case(
      name: "an IPv4 address in IPv6 notation", ipam: addresses(["address": "::ffff:172.31.16.4/116"])),
    Case(
      name: "a gateway in IPv6 notation",
      ipam: addresses(
        ["address": "172.31.16.4/20", "gateway": "::ffff:172.31.16.1"],
        routes: [["dst": "::ffff:10.99.0.0/120", "gw": "::ffff:172.31.16.9"]])),
    Case(name: "IP in IPv6 notation", ipam: addresses(), arguments: "IP=::ffff:172.31.16.5/116"),
    Case(name: "MAC in another form", arguments: "IgnoreUnknown=1;MAC=0A-00-00-00-05-E4"),
  ]

  /// What a pod has got: addresses, routes, the link's number of its master, its MTU and mode.
  private func outcome(_ plugin: Plugin, _ test: Case, _ node: Node) throws -> [String] {
    var attachment = try node.attachment(version: "1.0.0")
    attachment.configuration["ipam"] = test.ipam.map(JSONValue.object)
    for (key, value) in test.keys.members { attachment.configuration[key] = value }
    attachment.arguments = test.arguments
    attachment.plugin = plugin
    try attachment.add()
    let link = try attachment.link()
    let mode = link["linkinfo"]?.object?["info_data"]?.object?["mode"]?.string ?? "?"
    let outcome =
      try attachment.pod.namespace.addresses(of: "eth0").sorted() + attachment.pod.namespace.routes().sorted()
      + ["link \(link["link_index"]?.int ?? 0)", "mtu \(link["mtu"]?.int ?? 0)", mode]
    try attachment.delete()
    attachment.pod.namespace.destroy()
    return outcome
  }

  @Test(arguments: cases) func theReferenceReadsTheSame(test: Case) throws {
    try withCleanNode { node in
      let reference = try outcome(.reference("ipvlan"), test, node)
      #expect(try outcome(Plugin(), test, node) == reference)
    }
  }

  /// host-local with the leases of both in one directory: an empty text and a key in another case say nothing new.
  @Test(
    arguments: [
      ["ranges": [[["subnet": "172.31.16.0/20", "rangeStart": "", "rangeEnd": "", "gateway": ""]]]],
      ["ranges": .null, "subnet": "172.31.16.0/20", "rangeStart": "", "rangeEnd": "", "gateway": ""],
      ["ranges": .null, "Subnet": "172.31.16.0/20", "RangeStart": "172.31.16.7"],
      ["ranges": .null, "Ranges": [[["Subnet": "172.31.16.0/20", "rangestart": "172.31.16.6"]]]],
      ["ranges": [[["subnet": "172.31.16.0/20", "rangeStart": "::ffff:172.31.16.6"]]]],
    ] as [JSONObject])
  func theReferenceGivesTheSameAddress(keys: JSONObject) throws {
    try withCleanNode { node in
      var given: [[String]] = []
      for path in [Plugin.referenceDirectory, ""] {
        let pod = path.isEmpty ? "ours" : "theirs"
        var attachment = try node.attachment(pod, version: "1.0.0", ipam: node.hostLocal(keys))
        attachment.setIPAM(["inProcess": .bool(path.isEmpty), "dataDir": .null])
        attachment.setIPAM(["DataDir": .string("\(node.directory)/leases")])
        attachment.path = path
        given.append(try attachment.add().addresses)
        #expect(try node.leases().count == 1)
        try attachment.delete()
        #expect(try node.leases().isEmpty)
        try node.forgetLeases()
      }
      #expect(given[0] == given[1] && !given[0].isEmpty)
    }
  }

  @Test(arguments: ["TRUE", "True", "true", "1"]) func theOwnNamespaceIsAllowedInAnyCase(word: String) throws
  {
    try withCleanNode { node in
      var attachment = try node.attachment()
      attachment.ifname = "pod0"
      attachment.environment["CNI_NETNS"] = node.namespace.path
      try attachment.mustFail(code: 8, naming: "CNI_NETNS_OVERRIDE")
      attachment.environment["CNI_NETNS_OVERRIDE"] = word
      try attachment.add()
      try attachment.delete()
      #expect(try !node.namespace.linkNames().contains("pod0"))
    }
  }
}
