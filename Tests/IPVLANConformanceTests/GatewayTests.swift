import ConformanceSupport
import JSON
import Testing

/// Pools that hold gateways: no pod gets one, and no ADD fails because of it.
@Suite struct GatewayTests {
  /// The gateway of the node's default route, and those of the network's own routes, are for no pod: once in a round, an
  /// ADD failed before.
  @Test(arguments: ["host-local", "ippool"]) func aPoolPassesOverGateways(type: String) throws {
    try withNode { node in
      try node.writePool("a", subnet: "172.31.16.0/20", ips: "172.31.16.1-172.31.16.3", gateway: nil)
      let range: JSONObject = [
        "subnet": "172.31.16.0/20", "rangeStart": "172.31.16.1", "rangeEnd": "172.31.16.3",
        "gateway": "172.31.16.9",
      ]
      var ipam = type == "ippool" ? node.poolIPAM() : node.hostLocal(["ranges": [[.object(range)]]])
      ipam["routes"] = [["dst": "10.9.0.0/16", "gw": "172.31.16.2"]]
      let log = "\(node.directory)/log"
      var attachment = try node.attachment(mode: "l3s", ipam: ipam)
      attachment.configuration["logFile"] = .string(log)
      #expect(try attachment.add().addresses == ["172.31.16.3/20"])
      let gateways = [
        "172.31.16.1, which is the gateway of the node's default route by ens5",
        "172.31.16.2, which is the gateway of the pod's own routes",
      ]
      let notes = try #require(ScratchFiles.read(log))
      for gateway in gateways { #expect(notes.contains("passed over \(gateway)"), "\(notes)") }

      var other = try node.attachment("b", mode: "l3s", ipam: ipam)
      try other.mustFail(code: 104, naming: gateways[0], gateways[1])
      try other.mustFail(.status, code: 50, naming: gateways[0])
      // The IPAM plugin alone does the same, and gives none that is asked for.
      let link = "\(node.directory)/bin/\(type)"
      try Program("install", ["-D", "\(Plugin.directory)/ipvlan", link]).run().mustSucceed()
      other.plugin = Plugin(executable: link)
      other.configuration["type"] = "macvlan"
      try other.mustFail(code: 104, naming: gateways[0], gateways[1])
      try other.mustFail(.status, code: 50, naming: gateways[0])
      for (address, whose) in [("172.31.16.1", "the node's default"), ("172.31.16.2", "the pod's own")] {
        other.arguments = "IP=\(address)"
        try other.mustFail(code: 103, naming: address, "gateway of \(whose) route")
      }
      try attachment.delete()
    }
  }

  /// The node spreads what it sends over two gateways of one NIC.
  @Test func everyGatewayOfAMultipathRouteIsPassedOver() throws {
    try withNode { node in
      try node.writePool("a", subnet: "172.31.16.0/20", ips: "172.31.16.1-172.31.16.3", gateway: nil)
      try node.namespace.ip(
        "route", "replace", "default", "nexthop", "via", "210.22.16.1", "dev", "ens6", "nexthop", "via",
        "172.31.16.1", "dev", "ens5", "nexthop", "via", "172.31.16.2", "dev", "ens5")
      var attachment = try node.attachment(mode: "l3s", ipam: node.poolIPAM())
      #expect(try attachment.add().addresses == ["172.31.16.3/20"])
      var other = try node.attachment("b", mode: "l3s", ipam: node.poolIPAM())
      try other.mustFail(code: 104, naming: "172.31.16.1, which is the gateway", "172.31.16.2, which is the")
      try attachment.delete()
    }
  }
}
