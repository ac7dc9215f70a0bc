import ConformanceSupport
import JSON
import Testing

/// The result has the shape of the configuration's version, and every version can be read back.
@Suite struct ResultVersionTests {
  static let old = ["0.1.0", "0.2.0"]
  static let middle = ["0.3.0", "0.3.1", "0.4.0"]
  static let all = old + middle + ["1.0.0", "1.1.0"]

  /// The result of a dual-stack ADD with a route and name servers.
  private func result(_ version: String) throws -> JSONObject {
    var result: JSONObject?
    try withCleanNode { node in
      var attachment = try node.attachment(
        version: version,
        ipam: Configuration.staticIPAM(
          "172.31.16.4/20 via 172.31.16.1", "2001:db8:5::4/64 via 2001:db8:5::1", "172.31.16.5/20",
          routes: [["dst": "0.0.0.0/0", "mtu": 1400]]))
      attachment.setIPAM(["dns": ["nameservers": ["10.0.0.2"]]])
      result = try attachment.add().document
      if !(Self.old + ["0.3.0", "0.3.1"]).contains(version) { try attachment.check() }
      try attachment.delete()
    }
    let document = try #require(result)
    #expect(document["cniVersion"]?.string == version)
    return document
  }

  @Test(arguments: old) func versions01And02HaveOneAddressAFamily(version: String) throws {
    let result = try result(version)
    #expect(result["ip4"]?.object?["ip"] == "172.31.16.4/20")
    #expect(result["ip4"]?.object?["gateway"] == "172.31.16.1")
    #expect(result["ip4"]?.object?["routes"] == [["dst": "0.0.0.0/0"]])
    #expect(result["ip6"]?.object?["ip"] == "2001:db8:5::4/64")
    #expect(result["dns"]?.object?["nameservers"] == ["10.0.0.2"])
    #expect(result["ips"] == nil && result["interfaces"] == nil)
  }

  @Test(arguments: middle) func versions03And04HaveInterfacesAndAFamilyWithEachAddress(version: String) throws
  {
    let result = try result(version)
    let ips = try #require(result["ips"]?.array)
    #expect(ips.count == 3)
    #expect(
      ips[0] == ["version": "4", "interface": 0, "address": "172.31.16.4/20", "gateway": "172.31.16.1"])
    #expect(ips[1].object?["version"] == "6")
    #expect(result["interfaces"]?.array?.first?.object?["mtu"] == nil)
    #expect(result["routes"] == [["dst": "0.0.0.0/0"]])
    #expect(result["dns"]?.object?["nameservers"] == ["10.0.0.2"])
  }

  @Test func version10HasNoFamilyWithAnAddress() throws {
    let result = try result("1.0.0")
    #expect(
      result["ips"]?.array?.first == ["interface": 0, "address": "172.31.16.4/20", "gateway": "172.31.16.1"])
    #expect(result["interfaces"]?.array?.first?.object?["mtu"] == nil)
    #expect(result["routes"] == [["dst": "0.0.0.0/0"]])
  }

  @Test func version11HasMTUsAndRouteAttributes() throws {
    let result = try result("1.1.0")
    #expect(result["interfaces"]?.array?.first?.object?["mtu"]?.int == Site.mtu)
    #expect(result["routes"] == [["dst": "0.0.0.0/0", "mtu": 1400]])
    #expect(result["ips"]?.array?.first?.object?["version"] == nil)
  }

  @Test(arguments: all) func dnsIsLeftOutOnlyWhereTheVersionAllowsIt(version: String) throws {
    try withCleanNode { node in
      var attachment = try node.attachment(version: version)
      let document = try attachment.add().document
      #expect((document?["dns"] == nil) == (version >= "1.0.0"), "\(String(describing: document))")
      try attachment.delete()
    }
  }

  @Test(arguments: ["0.4.0", "1.0.0", "1.1.0"]) func checkReadsTheResultOfItsVersion(version: String) throws {
    try withCleanNode { node in
      var attachment = try node.attachment(version: version)
      try attachment.add()
      try attachment.check()
      try attachment.pod.namespace.ip("address", "delete", "172.31.16.4/20", "dev", "eth0")
      try attachment.mustFail(.check, code: 106, naming: "172.31.16.4")
      try attachment.delete()
    }
  }
}
