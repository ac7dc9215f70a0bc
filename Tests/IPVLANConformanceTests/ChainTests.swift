import ConformanceSupport
import JSON
import Testing

/// The plugin behind others in a chain, and without IPAM.
@Suite struct ChainTests {
  /// What an earlier plugin might have answered: a link of its own, addresses for nobody yet, name servers.
  private static func prevResult(_ version: String = "1.1.0") -> JSONValue {
    [
      "cniVersion": .string(version),
      "interfaces": [["name": "earlier0", "mac": "02:00:00:00:00:01"]],
      "ips": [["address": "172.31.16.4/20", "gateway": "172.31.16.1"]],
      "routes": [["dst": "0.0.0.0/0"]],
      "dns": ["nameservers": ["10.0.0.2"], "search": ["example.org"]],
    ]
  }

  @Test func addressesOfPrevResultAreConfigured() throws {
    try withCleanNode { node in
      var attachment = try node.linkOnly("a", ["prevResult": Self.prevResult()])
      let reply = try attachment.add()
      #expect(reply.addresses == ["172.31.16.4/20"])
      #expect(try attachment.pod.namespace.addresses(of: "eth0") == ["172.31.16.4/20"])
      #expect(try Traffic.ping(Site.outside, from: attachment.pod.namespace))
      try attachment.check()
      try attachment.delete()
    }
  }

  @Test func interfacesOfPrevResultAreKeptAndExtended() throws {
    try withCleanNode { node in
      var attachment = try node.linkOnly("a", ["prevResult": Self.prevResult()])
      let document = try #require(try attachment.add().document)
      let names = document["interfaces"]?.array?.map { $0.object?["name"]?.string }
      #expect(names == ["earlier0", "eth0"])
      #expect(document["ips"]?.array?.first?.object?["interface"]?.int == 1)
      try attachment.delete()
    }
  }

  @Test func dnsOfPrevResultIsKept() throws {
    try withCleanNode { node in
      var attachment = try node.linkOnly("a", ["prevResult": Self.prevResult()])
      let dns = try attachment.add().document?["dns"]?.object
      #expect(dns?["nameservers"] == ["10.0.0.2"])
      #expect(dns?["search"] == ["example.org"])
      try attachment.delete()
    }
  }

  @Test func addressesOfOtherInterfacesInThePodAreLeftToThem() throws {
    try withCleanNode { node in
      var attachment = try node.linkOnly()
      attachment.configuration["prevResult"] = [
        "cniVersion": "1.1.0",
        "interfaces": [["name": "other0", "sandbox": .string(attachment.pod.namespace.path)]],
        "ips": [["address": "10.1.1.1/24", "interface": 0], ["address": "172.31.16.4/20"]],
      ]
      let document = try #require(try attachment.add().document)
      #expect(try attachment.pod.namespace.addresses(of: "eth0") == ["172.31.16.4/20"])
      #expect(document["ips"]?.array?.count == 2)
      #expect(document["ips"]?.array?.first?.object?["interface"]?.int == 0)
      try attachment.delete()
    }
  }

  @Test func prevResultIsPassedOnWhenIPAMGivesTheAddresses() throws {
    try withCleanNode { node in
      var attachment = try node.attachment()
      attachment.configuration["prevResult"] = [
        "cniVersion": "1.1.0", "interfaces": [["name": "earlier0"]],
        "ips": [["address": "10.1.1.1/24", "interface": 0]],
      ]
      let reply = try attachment.add()
      #expect(reply.addresses == ["10.1.1.1/24", "172.31.16.4/20"])
      #expect(try attachment.pod.namespace.addresses(of: "eth0") == ["172.31.16.4/20"])
      try attachment.check()
      try attachment.delete()
    }
  }

  @Test(arguments: ["0.3.1", "0.4.0", "1.0.0", "1.1.0"])
  func prevResultMayHaveTheConfigurationsVersion(version: String) throws {
    try withCleanNode { node in
      var previous = Self.prevResult(version).object ?? [:]
      if version < "1" {
        previous["ips"] = [["version": "4", "address": "172.31.16.4/20", "gateway": "172.31.16.1"]]
      }
      var attachment = try node.linkOnly(
        "a", ["prevResult": .object(previous), "cniVersion": .string(version)])
      #expect(try attachment.add().addresses == ["172.31.16.4/20"])
      try attachment.delete()
    }
  }

  @Test func withoutIPAMAndPrevResultTheLinkAloneIsMade() throws {
    try withCleanNode { node in
      var attachment = try node.linkOnly()
      let document = try #require(try attachment.add().document)
      #expect(document["ips"]?.array ?? [] == [])
      #expect(document["interfaces"]?.array?.count == 1)
      #expect(try attachment.pod.namespace.addresses(of: "eth0").isEmpty)
      try attachment.check()
      try attachment.delete()
    }
  }

  @Test func anEmptyIPAMObjectMeansNone() throws {
    try withCleanNode { node in
      var attachment = try node.linkOnly("a", ["ipam": [:]])
      try attachment.add()
      try attachment.delete()
    }
  }

  @Test func theConfigurationsOwnDNSGoesFirst() throws {
    try withCleanNode { node in
      var attachment = try node.linkOnly(
        "a", ["prevResult": Self.prevResult(), "dns": ["nameservers": ["10.0.0.53"]]])
      #expect(try attachment.add().document?["dns"]?.object?["nameservers"] == ["10.0.0.53"])
      try attachment.delete()
    }
  }
}
