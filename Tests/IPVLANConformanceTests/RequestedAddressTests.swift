import ConformanceSupport
import JSON
import Testing

/// Addresses that the runtime asks for, and which request goes first.
@Suite struct RequestedAddressTests {
  /// Adds with requests and answers with the addresses and gateways of the result.
  private func add(_ request: (inout PodAttachment) -> Void) throws -> [String] {
    var given: [String] = []
    try withCleanNode { node in
      var attachment = try node.attachment()
      request(&attachment)
      let ips = try attachment.add().document?["ips"]?.array ?? []
      given = ips.map { ip in
        let gateway = ip.object?["gateway"]?.string
        return (ip.object?["address"]?.string ?? "") + (gateway.map { " via \($0)" } ?? "")
      }
      #expect(Set(try attachment.pod.namespace.addresses(of: "eth0")).count == given.count)
      try attachment.check()
      try attachment.delete()
    }
    return given
  }

  @Test func ipInCNIArgsIsGivenWithThePrefixLengthAndGatewayOfItsNetwork() throws {
    #expect(try add { $0.arguments = "IP=172.31.16.7" } == ["172.31.16.7/20 via 172.31.16.1"])
  }

  @Test func severalAddressesInCNIArgsAreGiven() throws {
    #expect(
      try add { $0.arguments = "IP=172.31.16.7,10.0.0.1/24" }
        == ["172.31.16.7/20 via 172.31.16.1", "10.0.0.1/24"])
  }

  @Test func gatewayInCNIArgsIsThatOfTheRequestedAddress() throws {
    #expect(
      try add { $0.arguments = "IP=172.31.16.7/20;GATEWAY=172.31.16.9" }
        == ["172.31.16.7/20 via 172.31.16.9"])
  }

  @Test func theCapabilityIPsKeepsTheGateway() throws {
    #expect(
      try add { $0.configuration["runtimeConfig"] = ["ips": ["172.31.16.8/20"]] }
        == ["172.31.16.8/20 via 172.31.16.1"])
  }

  @Test func argsOfTheConfigurationGoBeforeCNIArgs() throws {
    let given = try add {
      $0.arguments = "IP=172.31.16.7"
      $0.configuration["args"] = ["cni": ["ips": ["172.31.16.6"]]]
    }
    #expect(given == ["172.31.16.6/20 via 172.31.16.1"])
  }

  @Test func theCapabilityGoesBeforeArgs() throws {
    let given = try add {
      $0.configuration["args"] = ["cni": ["ips": ["172.31.16.6"]]]
      $0.configuration["runtimeConfig"] = ["ips": ["172.31.16.8"]]
    }
    #expect(given == ["172.31.16.8/20 via 172.31.16.1"])
  }

  @Test func theMastersOwnMACAddressMayBeAskedFor() throws {
    let given = try add { $0.configuration["runtimeConfig"] = ["mac": .string(Site.ens5.mac)] }
    #expect(given.count == 1)
  }
}
