import ConformanceSupport
import JSON
import Testing

/// Routes as the kernel has them after an ADD.
@Suite struct RouteTests {
  private func routes(
    _ addresses: [JSONObject], _ routes: [JSONObject], table: String = "main", mode: String = "l2"
  ) throws -> [String] {
    var found: [String] = []
    try withCleanNode { node in
      var attachment = try node.linkOnly("a", ["mode": .string(mode)])
      attachment.configuration["ipam"] = [
        "type": "static", "addresses": .array(addresses.map(JSONValue.object)),
        "routes": .array(routes.map(JSONValue.object)),
      ]
      try attachment.add()
      found = try attachment.pod.namespace.routes(table: table)
      try attachment.check()
      try attachment.delete()
    }
    return found
  }

  private static let ipv4: JSONObject = ["address": "172.31.16.4/20", "gateway": "172.31.16.1"]
  private static let ipv6: JSONObject = ["address": "2001:db8:5::4/64", "gateway": "fe80:ec2::1"]

  @Test func aGatewayAloneMakesNoDefaultRoute() throws {
    #expect(try routes([Self.ipv4], []).isEmpty)
  }

  @Test func aRouteWithoutNextHopTakesTheGatewayOfItsFamily() throws {
    let found = try routes([Self.ipv4, Self.ipv6], [["dst": "0.0.0.0/0"], ["dst": "::/0"]])
    #expect(found.contains { $0.hasPrefix("unicast default via 172.31.16.1 dev eth0") }, "\(found)")
    #expect(found.contains { $0.hasPrefix("unicast default via fe80:ec2::1 dev eth0") }, "\(found)")
  }

  @Test func aRouteWithItsOwnNextHopKeepsIt() throws {
    let found = try routes([Self.ipv4], [["dst": "10.0.0.0/8", "gw": "172.31.16.9"]])
    #expect(found.contains { $0.hasPrefix("unicast 10.0.0.0/8 via 172.31.16.9 dev eth0") }, "\(found)")
  }

  @Test func mtuAndAdvmssAreInstalled() throws {
    let found = try routes([Self.ipv4], [["dst": "0.0.0.0/0", "mtu": 1400, "advmss": 1300]])
    let route = try #require(found.first)
    #expect(route.contains("mtu 1400") && route.contains("advmss 1300"), "\(found)")
  }

  @Test func priorityIsInstalled() throws {
    let found = try routes([Self.ipv4], [["dst": "0.0.0.0/0", "priority": 77]])
    #expect(found.first?.contains("metric 77") == true, "\(found)")
  }

  @Test func aTableIsInstalled() throws {
    let found = try routes([Self.ipv4], [["dst": "0.0.0.0/0", "table": 1234]], table: "1234")
    #expect(found.first?.hasPrefix("unicast default via 172.31.16.1") == true, "\(found)")
  }

  @Test func aLinkScopeNeedsNoNextHop() throws {
    let found = try routes([Self.ipv4], [["dst": "10.0.0.0/8", "scope": 253]])
    let route = try #require(found.first)
    #expect(route.contains("scope link") && !route.contains("via"), "\(found)")
  }

  @Test(arguments: ["l2", "l3", "l3s"])
  func aGatewayOutsideOfTheSubnetIsReachedOnTheLink(mode: String) throws {
    let found = try routes(
      [["address": "172.31.16.4/32", "gateway": "172.31.16.1"]], [["dst": "0.0.0.0/0"]], mode: mode)
    let route = try #require(found.first { $0.contains("default") })
    #expect(route.contains("via 172.31.16.1") && route.contains("onlink"), "\(found)")
  }

  @Test func aHostAddressWithAnOffSubnetGatewayReachesTheWorld() throws {
    try withCleanNode { node in
      var attachment = try node.attachment(
        mode: "l2", ipam: Configuration.staticIPAM("172.31.16.4/32 via 172.31.16.1"))
      try attachment.add()
      #expect(try Traffic.ping(Site.outside, from: attachment.pod.namespace))
      try attachment.delete()
    }
  }

  @Test func theSmallerMTUOfARouteLimitsItsPackets() throws {
    try withCleanNode { node in
      var attachment = try node.attachment(
        ipam: Configuration.staticIPAM(
          "172.31.16.4/20 via 172.31.16.1", routes: [["dst": "0.0.0.0/0", "mtu": 1300]]))
      try attachment.add()
      let ping = ["-n", "-q", "-c", "1", "-w", "2", "-M", "do", "-s"]
      #expect(try !attachment.pod.namespace.execute("ping", ping + ["1400", Site.outside]).isSuccess)
      #expect(try attachment.pod.namespace.execute("ping", ping + ["1200", Site.outside]).isSuccess)
      try attachment.delete()
    }
  }

  @Test func aRouteThatTheKernelRefusesIsNamedWithTheKernelsReasonAndNothingIsLeft() throws {
    try withCleanNode { node in
      // No group is a next hop: the kernel says "Nexthop has invalid gateway".
      var attachment = try node.attachment(
        ipam: Configuration.staticIPAM("172.31.16.4/20", routes: [["dst": "10.0.0.0/8", "gw": "224.0.0.1"]]))
      try attachment.mustFail(code: 105, naming: "10.0.0.0/8", "invalid gateway")
    }
  }

  @Test func theSubnetIsReachableWithoutAnyRoute() throws {
    try withCleanNode { node in
      var attachment = try node.attachment(ipam: Configuration.staticIPAM("172.31.16.4/20"))
      try attachment.add()
      #expect(try Traffic.ping(Site.ens5.gateway, from: attachment.pod.namespace))
      try attachment.delete()
    }
  }
}
