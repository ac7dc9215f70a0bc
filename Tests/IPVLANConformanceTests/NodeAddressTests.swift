import ConformanceSupport
import JSON
import Testing

/// An address that the node has is given to no pod: ipvlan would hand the node's packets to it.
@Suite struct NodeAddressTests {
  /// Addresses of the node, and where they are: the master's own, a further one there, of another NIC, of lo.
  static let own: [(address: String, link: String)] = [
    ("172.31.22.228/20", "ens5"), ("172.31.16.4/20", "ens5"), ("172.31.16.5/32", "ens5"),
    ("210.22.16.10/24", "ens6"), ("172.31.16.6/32", "lo"), ("2001:db8:5::e4/64", "ens5"),
    ("2001:db8:5::7/128", "lo"), ("fe80::800:ff:fe00:5e4/64", "ens5"),
  ]

  private static let further = """
    addr add 172.31.16.4/20 dev ens5
    addr add 172.31.16.5/32 dev ens5
    addr add 172.31.16.6/32 dev lo
    addr add 2001:db8:5::7/128 dev lo nodad

    """

  @Test(arguments: own.indices, ["l2", "l3s"]) func anAddressThatIsAskedForIsRefused(index: Int, mode: String)
    throws
  {
    let (address, link) = Self.own[index]
    try withNode { node in
      try node.namespace.batch(Self.further)
      var attachment = try node.attachment(mode: mode, ipam: Configuration.staticIPAM(address))
      let host = String(address.prefix { $0 != "/" })
      try attachment.mustFail(code: 103, naming: host, "on \(link)")
      try attachment.mustFail(.status, code: 50, naming: host, "on \(link)")
      #expect(try attachment.pod.namespace.linkNames() == ["lo"])
      // The same from an IPAM plugin, and from an earlier plugin of the chain.
      let script = try node.plugin(
        "giver",
        "echo $CNI_COMMAND >>$0.calls; [ $CNI_COMMAND != ADD ] || "
          + "echo '{\"cniVersion\":\"1.1.0\",\"ips\":[{\"address\":\"\(address)\"}]}'")
      attachment.configuration["ipam"] = ["type": "giver"]
      attachment.path = script.directory
      try attachment.mustFail(code: 103, naming: host, "on \(link)")
      #expect(script.read("calls") == "ADD\nDEL\n")
      try script.remove()
      attachment.configuration["ipam"] = .null
      attachment.configuration["prevResult"] = [
        "cniVersion": "1.1.0", "ips": [["address": .string(address)]],
      ]
      try attachment.mustFail(code: 103, naming: host, "on \(link)")
    }
  }

  /// A pod that has the gateway's address takes the gateway from the node and from all other pods.
  @Test(arguments: ["l2", "l3s"]) func theAddressOfAGatewayIsRefused(mode: String) throws {
    try withNode { node in
      // With its own gateway, with that of a route alone, and with none, where the node's default route tells.
      let route: [JSONObject] = [["dst": "10.9.0.0/16", "gw": "172.31.16.9"]]
      let cases: [(address: String, routes: [JSONObject], whose: String)] = [
        ("172.31.16.9/20 via 172.31.16.9", [], "the pod's own routes"),
        ("172.31.16.9/20", route, "the pod's own routes"),
        ("\(Site.ens5.gateway)/20", [], "the node's default route by ens5"),
      ]
      var attachment = try node.attachment(mode: mode)
      for (address, routes, whose) in cases {
        for hasHostAccess in [false, mode != "l2"] {
          attachment.configuration["ipam"] = .object(Configuration.staticIPAM(address, routes: routes))
          attachment.configuration["hostAccess"] = .bool(hasHostAccess)
          try attachment.mustFail(code: 103, naming: "gateway of \(whose)")
          try attachment.mustFail(.status, code: 50, naming: "gateway of \(whose)")
          #expect(try attachment.pod.namespace.linkNames() == ["lo"])
        }
      }
      #expect(try Traffic.ping(Site.ens5.gateway, from: node.namespace))
      // What a plugin has given goes back.
      let script = try node.plugin(
        "giver",
        "echo $CNI_COMMAND >>$0.calls; [ $CNI_COMMAND != ADD ] || echo '{\"cniVersion\":\"1.1.0\",\"ips\":"
          + "[{\"address\":\"\(Site.ens5.gateway)/20\"}]}'")
      attachment.configuration["ipam"] = ["type": "giver"]
      attachment.path = script.directory
      try attachment.mustFail(code: 103, naming: "gateway")
      #expect(script.read("calls") == "ADD\nDEL\n")
      try script.remove()
    }
  }

  /// A link-local address is of one link only.
  @Test func aLinkLocalAddressOfAnotherLinkIsFree() throws {
    try withCleanNode { node in
      var attachment = try node.attachment(ipam: Configuration.staticIPAM("fe80::800:ff:fe00:60a/64"))
      try attachment.add()
      try attachment.delete()
    }
  }

  /// As nm-cloud-setup and ec2-net-utils put a NIC's addresses on it.
  @Test(arguments: ["host-local", "ippool"]) func aPoolPassesOverAndSaysSo(type: String) throws {
    try withNode { node in
      try node.writePool(
        "a", subnet: "172.31.16.0/20", ips: "172.31.16.4-172.31.16.6", gateway: "172.31.16.1")
      try node.namespace.batch(Self.further)
      let ipam =
        type == "ippool"
        ? node.poolIPAM()
        : node.hostLocal([
          "ranges": [[["subnet": "172.31.16.0/20", "rangeStart": "172.31.16.4", "rangeEnd": "172.31.16.7"]]]
        ])
      let log = "\(node.directory)/log"
      var attachment = try node.attachment(mode: "l3s", ipam: ipam)
      attachment.configuration["logFile"] = .string(log)
      try node.namespace.batch("addr del 172.31.16.6/32 dev lo\n")
      #expect(try attachment.add().addresses == ["172.31.16.6/20"])
      let notes = try #require(ScratchFiles.read(log))
      #expect(notes.contains("passed over 172.31.16.4, which is on ens5 of the node"), "\(notes)")
      #expect(notes.contains("passed over 172.31.16.5, which is on ens5 of the node"), "\(notes)")
      try attachment.check()

      var wish = try node.attachment("b", mode: "l3s", ipam: ipam)
      wish.arguments = "IP=172.31.16.4"
      try wish.mustFail(code: 103, naming: "172.31.16.4", "on ens5")

      // All that is left is the node's.
      if type == "host-local" { try node.namespace.batch("addr add 172.31.16.7/32 dev lo\n") }
      wish.arguments = ""
      try wish.mustFail(code: 104, naming: "172.31.16.4, which is on ens5 of the node")
      try wish.mustFail(.status, code: 50, naming: "172.31.16.5, which is on ens5 of the node")
      try node.namespace.batch("addr del 172.31.16.5/32 dev ens5\n")
      #expect(try wish.call(.status).isSuccess)
      #expect(try wish.add().addresses == ["172.31.16.5/20"])
      try wish.delete()
      try attachment.delete()
    }
  }

  /// What an attachment holds already, and the node has by now, is not given again.
  @Test(arguments: ["host-local", "ippool"]) func whatIsHeldIsGivenUp(type: String) throws {
    try withNode { node in
      try node.writePool(
        "a", subnet: "172.31.16.0/20", ips: "172.31.16.4-172.31.16.6", gateway: "172.31.16.1")
      var attachment = try node.attachment(ipam: type == "ippool" ? node.poolIPAM() : node.hostLocal())
      #expect(try attachment.add().addresses == ["172.31.16.4/20"])
      try attachment.pod.namespace.ip("link", "delete", "eth0")
      try node.namespace.ip("address", "add", "172.31.16.4/20", "dev", "ens5")
      #expect(try attachment.add().addresses == ["172.31.16.5/20"])
      try attachment.delete()
      try node.namespace.ip("address", "delete", "172.31.16.4/20", "dev", "ens5")
    }
  }

  @Test(arguments: ["ippool", "host-local"]) func theIPAMPluginAloneDoesTheSame(type: String) throws {
    try withNode { node in
      try node.writePool(
        "a", subnet: "172.31.16.0/20", ips: "172.31.16.4-172.31.16.6", gateway: "172.31.16.1")
      try node.namespace.batch(Self.further)
      try node.namespace.batch("addr del 172.31.16.6/32 dev lo\n")
      let link = "\(node.directory)/bin/\(type)"
      try Program("install", ["-D", "\(Plugin.directory)/ipvlan", link]).run().mustSucceed()
      var attachment = try node.attachment(ipam: type == "ippool" ? node.poolIPAM() : node.hostLocal())
      attachment.plugin = Plugin(executable: link)
      attachment.configuration["type"] = "macvlan"
      #expect(try attachment.add().addresses == ["172.31.16.6/20"])
      attachment.arguments = "IP=172.31.16.5"
      attachment.environment["CNI_CONTAINERID"] = "another"
      try attachment.mustFail(code: 103, naming: "on ens5")
    }
  }

  /// With the master in the pod, its addresses count and not the node's.
  @Test func theAddressesOfThePodCountWhereTheMasterIsThere() throws {
    try withCleanNode { node in
      var attachment = try node.attachment(
        master: "trunk", ipam: Configuration.staticIPAM("172.31.22.228/20"))
      attachment.configuration["linkInContainer"] = true
      try attachment.pod.namespace.batch(
        "link add trunk type dummy\nlink set trunk up\naddr add 10.9.0.1/24 dev trunk\n")
      try attachment.add()
      try attachment.check()
      try attachment.delete()
      attachment.configuration["ipam"] = .object(Configuration.staticIPAM("10.9.0.1/24"))
      try attachment.mustFail(code: 103, naming: "10.9.0.1", "on trunk")
      try attachment.pod.namespace.ip("link", "delete", "trunk")
    }
  }

  /// The remedy must not cut the node off.
  @Test func theAddressThatTheNodeIsReachedByStays() throws {
    try withNode { node in
      let site = try OperatorSite(node)
      try node.writePool(
        "ens6", subnet: "210.22.16.0/24", ips: "210.22.16.10-210.22.16.12", gateway: "210.22.16.1")
      try node.namespace.ip("address", "add", "210.22.16.11/24", "dev", "ens6")
      let findings = try site.findings().filter { $0.kind == "poolAddressOnNode" }
      #expect(findings.count == 2)
      let primary = try #require(findings.first { $0.problem.contains("210.22.16.10 ") })
      #expect(primary.remedy.contains("take 210.22.16.10") && primary.remedy.contains("spec.ips"))
      let secondary = try #require(findings.first { $0.problem.contains("210.22.16.11 ") })
      #expect(secondary.remedy == "ip address delete 210.22.16.11/24 dev ens6")
      try site.runAtShell(secondary.remedy)
      #expect(try site.findings().filter { $0.kind == "poolAddressOnNode" }.count == 1)
      #expect(try site.attach("later", to: "ens6").result != nil)
    }
  }

  @Test func traceSaysItOfARunningPodAndItsCommandMends() throws {
    try withNode { node in
      let site = try OperatorSite(node)
      try node.namespace.ip("address", "add", "172.31.16.4/32", "dev", "ens6")
      let stop = try addressStop(site)
      #expect(
        stop["state"] == "wrong" && stop["text"]?.string?.contains("ens6 of the node") == true, "\(stop)")
      try site.runAtShell(try #require(stop["remedy"]?.string))
      #expect(try addressStop(site)["state"] == "fine")
      var pod = site.attachments[0]
      try pod.check()
    }
  }

  private func addressStop(_ site: OperatorSite) throws -> JSONObject {
    let completion = try site.control("trace", "web/pod0", "-o", "json")
    let trace = try JSONValue(parsing: completion.output).array?.first?.object
    let stop = trace?["stops"]?.array?.first { $0.object?["stop"] == "addresses" }
    return try #require(stop?.object)
  }

  /// Somebody puts the address of a running pod on the node.
  @Test func checkSaysItOfARunningPod() throws {
    try withNode { node in
      var attachment = try node.attachment(mode: "l3s", ipam: node.hostLocal())
      try attachment.add()
      try attachment.check()
      try node.namespace.ip("address", "add", "172.31.16.4/32", "dev", "ens6")
      try attachment.mustFail(.check, code: 106, naming: "172.31.16.4, which is on ens6 of the node")
      try node.namespace.ip("address", "delete", "172.31.16.4/32", "dev", "ens6")
      try attachment.check()
      try attachment.delete()
    }
  }
}
