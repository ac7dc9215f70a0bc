import ConformanceSupport
import JSON
import Testing

/// Addresses as the kernel has them after an ADD.
@Suite struct AddressTests {
  @Test(arguments: [
    ["172.31.16.4/20"], ["2001:db8:5::4/64"], ["172.31.16.4/20", "2001:db8:5::4/64"],
    ["172.31.16.4/20", "172.31.16.5/20", "10.1.2.3/32", "2001:db8:5::4/64", "2001:db8:5::5/128"],
  ])
  func theLinkHasTheAddressesOfTheResult(addresses: [String]) throws {
    try withCleanNode { node in
      var attachment = try node.linkOnly()
      attachment.configuration["ipam"] = [
        "type": "static", "addresses": .array(addresses.map { ["address": .string($0)] }),
      ]
      let reply = try attachment.add()
      #expect(reply.addresses == addresses)
      #expect(Set(try attachment.pod.namespace.addresses(of: "eth0")) == Set(addresses))
      try attachment.check()
      try attachment.delete()
    }
  }

  @Test(arguments: AttachmentTests.modes)
  func anIPv6AddressIsUsableAtOnce(mode: String) throws {
    try withCleanNode { node in
      var attachment = try node.dualStack(mode: mode)
      try attachment.add()
      let entries = try attachment.pod.namespace.addressEntries(of: "eth0")
      let entry = try #require(entries.first { $0["local"] == "2001:db8:5::4" })
      #expect(entry["tentative"] == nil && entry["dadfailed"] == nil, "\(entry)")
      // Binding fails while an address is tentative.
      #expect(
        try Traffic.tcp(from: attachment.pod.namespace, to: node.fabric, at: Site.ens5.gateway6) != nil)
      try attachment.delete()
    }
  }

  @Test func ipv6WorksInAPodWhereItWasSwitchedOff() throws {
    try withCleanNode(keeping: ["pod a: sysctl"]) { node in
      var attachment = try node.dualStack()
      try attachment.pod.namespace.setSysctl("net/ipv6/conf/default/disable_ipv6", "1")
      try attachment.add()
      #expect(try Traffic.ping(Site.ens5.gateway6, from: attachment.pod.namespace))
      try attachment.delete()
    }
  }

  @Test(arguments: ["172.31.16.4/20", "2001:db8:5::4/64"])
  func anAddressThatAnotherPodOfTheMasterHasIsRefusedAndNothingIsLeft(address: String) throws {
    try withCleanNode { node in
      var first = try node.attachment("a", ipam: Configuration.staticIPAM(address))
      try first.add()
      var second = try node.attachment("b", ipam: Configuration.staticIPAM("10.9.9.9/24", address))
      let before = try Snapshot(of: node)
      try second.mustFail(code: 103, naming: String(address.prefix { $0 != "/" }), "ens5")
      try node.mustEqual(before)
      try first.check()
      try first.delete()
    }
  }

  @Test func theSameAddressOnAnotherMasterIsNoObstacle() throws {
    try withCleanNode { node in
      var first = try node.attachment("a")
      var second = try node.attachment("b", master: "ens6")
      try first.add()
      try second.add()
      try first.delete()
      try second.delete()
    }
  }

  @Test func anAddressThatWasGivenBackCanBeUsedAgainAtOnce() throws {
    try withCleanNode { node in
      for name in ["a", "b", "c"] {
        var attachment = try node.dualStack(name)
        try attachment.add()
        #expect(try Traffic.ping(Site.ens5.gateway, from: attachment.pod.namespace))
        try attachment.delete()
      }
    }
  }

  /// The fabric has learned another MAC address for the pod's: in l2 it must be told the right one.
  @Test(arguments: ["172.31.16.4", "2001:db8:5::4"])
  func neighboursLearnWhereAnAddressIs(address: String) throws {
    try withCleanNode(keeping: ["fabric: permanent neighbours"]) { node in
      try node.fabric.ip(
        "neigh", "replace", address, "lladdr", "0a:00:00:00:00:99", "dev", "to-ens5", "nud", "stale")
      if address.contains(".") { try node.fabric.setSysctl("net/ipv4/conf/to-ens5/arp_accept", "1") }
      var attachment = try node.dualStack()
      try attachment.add()
      let learned = try node.fabric.neighbour(address, on: "to-ens5") { $0 == Site.ens5.mac }
      #expect(learned == Site.ens5.mac)
      try attachment.delete()
    }
  }
}
