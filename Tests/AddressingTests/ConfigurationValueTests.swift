import Addressing
import JSON
import Testing

/// Routes and name service settings, as configurations and results have them.
@Suite struct ConfigurationValueTests {
  private func fields(_ text: String) throws -> JSONFields {
    JSONFields(try #require(try JSONValue(parsing: Array(text.utf8)).object), path: "x")
  }

  @Test(arguments: [
    #"{"dst":"0.0.0.0/0"}"#, #"{"dst":"10.0.0.0/8","gw":"192.0.2.1"}"#,
    #"{"dst":"::/0","gw":"fe80::1","mtu":1400,"advmss":1340,"priority":100,"table":254,"scope":253}"#,
    #"{"dst":"10.0.0.0/8","mtu":4294967295,"table":0,"scope":255}"#,
  ])
  func aRouteIsWrittenAsItIsRead(text: String) throws {
    let route = try IPRoute(fields(text))
    #expect(String(decoding: route.json().serialized(), as: UTF8.self) == text)
  }

  @Test func beforeVersion110RoutesHaveNoAttributes() throws {
    let route = try IPRoute(fields(#"{"dst":"10.0.0.7/8","gw":"10.0.0.1","mtu":1400,"scope":0,"other":[]}"#))
    #expect(route.destination.description == "10.0.0.0/8", "host bits are cleared")
    #expect(
      String(decoding: route.json(attributes: false).serialized(), as: UTF8.self)
        == #"{"dst":"10.0.0.0/8","gw":"10.0.0.1"}"#)
    #expect(route.description == "10.0.0.0/8 via 10.0.0.1")
  }

  @Test(arguments: [
    (#"{}"#, "x.dst", "is required"), (#"{"dst":null}"#, "x.dst", "is required"),
    (#"{"dst":"10.0.0.1"}"#, "x.dst", "must be a network"), (#"{"dst":8}"#, "x.dst", "must be a network"),
    (#"{"dst":"::/0","gw":"10.0.0.1"}"#, "x.gw", "family of dst ::/0"),
    (#"{"dst":"::/0","gw":"fe80::1%2"}"#, "x.gw", "must be an IP address"),
    (#"{"dst":"::/0","mtu":-1}"#, "x.mtu", "from 0 to 4294967295"),
    (#"{"dst":"::/0","mtu":4294967296}"#, "x.mtu", "from 0 to 4294967295"),
    (#"{"dst":"::/0","advmss":"1"}"#, "x.advmss", "must be an integer"),
    (#"{"dst":"::/0","scope":256}"#, "x.scope", "from 0 to 255"),
    (#"{"dst":"::/0","priority":1.5}"#, "x.priority", "must be an integer"),
    (#"{"dst":"::/0","table":true}"#, "x.table", "must be an integer"),
  ])
  func aWrongRouteIsRefusedByItsMember(text: String, path: String, says: String) throws {
    let error = #expect(throws: JSONFieldError.self) { try IPRoute(fields(text)) }
    #expect(error?.path == path)
    #expect(error?.description.contains(says) ?? false, "\(String(describing: error))")
  }

  @Test func nameServiceSettingsAreWrittenAsTheyAreRead() throws {
    let text = #"{"nameservers":["192.0.2.1"],"domain":"a.example","search":["b","c"],"options":["ndots:5"]}"#
    let dns = try DNSConfiguration(fields(text))
    #expect(String(decoding: dns.json.serialized(), as: UTF8.self) == text)
    #expect(!dns.isEmpty)
    let empty = try DNSConfiguration(fields(#"{"nameservers":[],"domain":null}"#))
    #expect(empty.isEmpty && empty.json == .object([:]))
    let error = #expect(throws: JSONFieldError.self) {
      try DNSConfiguration(fields(#"{"search":["a",1]}"#))
    }
    #expect(error?.path == "x.search[1]")
  }
}
