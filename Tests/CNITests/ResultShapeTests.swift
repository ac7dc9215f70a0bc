import Addressing
import JSON
import Testing

@testable import CNI

/// The shapes of results, written and read, in every version (CNI SPEC, "Success", of each version).
@Suite struct ResultShapeTests {
  /// Two addresses, one of each family, on the second of two interfaces.
  private func result() throws -> CNIResult {
    var result = CNIResult()
    result.interfaces = [
      .init(name: "ens5", mac: "0a:00:00:00:05:e4"),
      .init(name: "eth0", mac: "0a:00:00:00:05:e4", mtu: 9001, sandbox: "/run/netns/c1"),
    ]
    for (address, gateway) in [("172.31.16.4/20", "172.31.16.1"), ("2001:db8:5::4/64", "fe80:ec2::1")] {
      result.ips.append(
        .init(
          interface: 1,
          assignment: AddressAssignment(
            address: try #require(CIDR(address)), gateway: IPAddress(gateway))))
    }
    var route = IPRoute(
      destination: try #require(CIDR("0.0.0.0/0")), gateway: IPAddress("172.31.16.1"))
    route.mtu = 1400
    result.routes = [route]
    result.dns = try DNSConfiguration(JSONFields(["nameservers": .array([.string("10.0.0.2")])]))
    return result
  }

  @Test(arguments: [SpecVersion.v0_1_0, .v0_2_0]) func versions01And02(version: SpecVersion) throws {
    #expect(
      try result().json(version: version)
        == json(
          """
          {
            "cniVersion": "\(version.rawValue)",
            "ip4": {
              "ip": "172.31.16.4/20", "gateway": "172.31.16.1",
              "routes": [{"dst": "0.0.0.0/0", "gw": "172.31.16.1"}]
            },
            "ip6": {"ip": "2001:db8:5::4/64", "gateway": "fe80:ec2::1"},
            "dns": {"nameservers": ["10.0.0.2"]}
          }
          """))
  }

  @Test(arguments: [SpecVersion.v0_3_0, .v0_3_1, .v0_4_0]) func versions03And04(version: SpecVersion) throws {
    #expect(
      try result().json(version: version)
        == json(
          """
          {
            "cniVersion": "\(version.rawValue)",
            "interfaces": [
              {"name": "ens5", "mac": "0a:00:00:00:05:e4"},
              {"name": "eth0", "mac": "0a:00:00:00:05:e4", "sandbox": "/run/netns/c1"}
            ],
            "ips": [
              {"version": "4", "interface": 1, "address": "172.31.16.4/20", "gateway": "172.31.16.1"},
              {"version": "6", "interface": 1, "address": "2001:db8:5::4/64", "gateway": "fe80:ec2::1"}
            ],
            "routes": [{"dst": "0.0.0.0/0", "gw": "172.31.16.1"}],
            "dns": {"nameservers": ["10.0.0.2"]}
          }
          """))
  }

  @Test func version10() throws {
    #expect(
      try result().json(version: .v1_0_0)
        == json(
          """
          {
            "cniVersion": "1.0.0",
            "interfaces": [
              {"name": "ens5", "mac": "0a:00:00:00:05:e4"},
              {"name": "eth0", "mac": "0a:00:00:00:05:e4", "sandbox": "/run/netns/c1"}
            ],
            "ips": [
              {"interface": 1, "address": "172.31.16.4/20", "gateway": "172.31.16.1"},
              {"interface": 1, "address": "2001:db8:5::4/64", "gateway": "fe80:ec2::1"}
            ],
            "routes": [{"dst": "0.0.0.0/0", "gw": "172.31.16.1"}],
            "dns": {"nameservers": ["10.0.0.2"]}
          }
          """))
  }

  @Test func version11() throws {
    #expect(
      try result().json(version: .v1_1_0)
        == json(
          """
          {
            "cniVersion": "1.1.0",
            "interfaces": [
              {"name": "ens5", "mac": "0a:00:00:00:05:e4"},
              {"name": "eth0", "mac": "0a:00:00:00:05:e4", "mtu": 9001, "sandbox": "/run/netns/c1"}
            ],
            "ips": [
              {"interface": 1, "address": "172.31.16.4/20", "gateway": "172.31.16.1"},
              {"interface": 1, "address": "2001:db8:5::4/64", "gateway": "fe80:ec2::1"}
            ],
            "routes": [{"dst": "0.0.0.0/0", "gw": "172.31.16.1", "mtu": 1400}],
            "dns": {"nameservers": ["10.0.0.2"]}
          }
          """))
  }

  @Test(arguments: SpecVersion.allCases) func dnsIsAlwaysThereBefore10(version: SpecVersion) {
    let object = CNIResult().json(version: version).object
    #expect((object?["dns"] != nil) == (version < .v1_0_0))
  }

  /// What a version can say comes back unchanged.
  @Test(arguments: SpecVersion.allCases) func whatIsWrittenCanBeRead(version: SpecVersion) throws {
    let document = try result().json(version: version)
    let read = try CNIResult(JSONFields(try #require(document.object)))
    #expect(read.json(version: version) == document)
    #expect(read.ips.map(\.assignment) == (try result().ips.map(\.assignment)))
  }

  /// Any version may stand before or behind the plugin: nothing but what a shape lacks is lost.
  @Test(arguments: SpecVersion.allCases, SpecVersion.allCases)
  func aResultOfOneVersionBecomesOneOfAnother(from: SpecVersion, to: SpecVersion) throws {
    let document = try result().json(version: from)
    let read = try CNIResult(JSONFields(try #require(document.object)))
    let written = read.json(version: to)
    let again = try CNIResult(JSONFields(try #require(written.object)))
    #expect(again.ips.map(\.assignment) == (try result().ips.map(\.assignment)))
    #expect(again.routes.map(\.destination) == (try result().routes.map(\.destination)))
    #expect(written.object?["cniVersion"]?.string == to.rawValue)
  }

  @Test func minusOneIsNoInterface() throws {
    let document = try json(#"{"ips": [{"address": "10.0.0.1/24", "interface": -1}]}"#)
    #expect(try CNIResult(JSONFields(try #require(document.object))).ips.first?.interface == nil)
  }

  @Test func withoutInterfacesAPositionMeansNothing() throws {
    let document = try json(#"{"ips": [{"address": "10.0.0.1/24", "interface": 2}]}"#)
    #expect(try CNIResult(JSONFields(try #require(document.object))).ips.first?.interface == nil)
  }

  /// An IPAM plugin makes none, whatever it writes.
  @Test(arguments: ["[]", #"[{"name": "eth0", "sandbox": "/x"}]"#, #"[{"name": "eth0", "mtu": -1}]"#, "5"])
  func interfacesOfAnIPAMResultMeanNothing(interfaces: String) throws {
    let text =
      #"{"interfaces": \#(interfaces), "ips": [{"address": "10.0.0.1/24", "interface": 0}, "#
      + #"{"address": "10.0.0.2/24", "interface": 7, "gateway": ""}], "routes": [{"dst": "0.0.0.0/0", "gw": ""}]}"#
    let result = try CNIResult(ofIPAM: JSONFields(try #require(try json(text).object)))
    #expect(result.interfaces.isEmpty && result.ips.allSatisfy { $0.interface == nil })
    #expect(result.ips.count == 2 && result.routes.first?.gateway == nil)
  }

  @Test(arguments: [
    (#"{"interfaces": [{}], "ips": [{"address": "10.0.0.1/24", "interface": 3}]}"#, "ips[0].interface"),
    (#"{"ips": [{"address": "10.0.0.1"}]}"#, "ips[0].address"),
    (#"{"ips": [{}]}"#, "ips[0].address"),
    (#"{"ips": {}}"#, "ips"),
    (#"{"ip4": {"ip": "x"}}"#, "ip4.ip"),
    (#"{"ips": [{"address": "10.0.0.1/24", "gateway": "fe80::1"}]}"#, "ips[0].gateway"),
    (#"{"routes": [{"dst": "x"}]}"#, "routes[0].dst"),
    (#"{"interfaces": [{"name": 5}]}"#, "interfaces[0].name"),
    (#"{"dns": {"nameservers": "x"}}"#, "dns.nameservers"),
  ])
  func aWrongMemberIsNamedByItsPath(text: String, path: String) throws {
    let document = try #require(try json(text).object)
    let error = #expect(throws: JSONFieldError.self) { try CNIResult(JSONFields(document)) }
    #expect(error?.path == path)
  }
}
