import ConformanceSupport
import JSON
import Testing

/// The whole way of an attachment, in every mode with every flag.
@Suite struct AttachmentTests {
  static let modes = ["l2", "l3", "l3s"]
  static let flags = ["bridge", "private", "vepa"]

  @Test(arguments: modes, flags)
  func addCheckAndDeleteLeaveTheNodeAsItWas(mode: String, flag: String) throws {
    try withCleanNode { node in
      var attachment = PodAttachment(
        try node.pod(), on: node,
        Configuration.ipvlan(
          mode: mode, flag: flag, ipam: Configuration.staticIPAM("172.31.16.4/20 via 172.31.16.1")))
      try attachment.add()
      try attachment.check()
      let details = try #require(try attachment.pod.namespace.link("eth0")?["linkinfo"]?.object)
      #expect(details["info_kind"] == "ipvlan")
      #expect(details["info_data"]?.object?["mode"] == .string(mode))
      #expect(details["info_data"]?.object?[flag] == true)
      try attachment.delete()
    }
  }

  @Test(arguments: modes)
  func podsOnOneMasterReachEachOtherInBridgeMode(mode: String) throws {
    try withCleanNode { node in
      var (a, b) = try node.pair(mode: mode, flag: "bridge")
      for address in ["172.31.16.5", "2001:db8:5::5"] {
        #expect(try Traffic.ping(address, from: a.pod.namespace))
        #expect(try Traffic.tcp(from: a.pod.namespace, to: b.pod.namespace, at: address) != nil)
        #expect(try Traffic.udp(from: a.pod.namespace, to: b.pod.namespace, at: address) != nil)
      }
      try a.delete()
      try b.delete()
    }
  }

  @Test(arguments: modes, ["private", "vepa"])
  func podsOnOneMasterDoNotReachEachOther(mode: String, flag: String) throws {
    try withCleanNode { node in
      var (a, b) = try node.pair(mode: mode, flag: flag)
      #expect(try Traffic.ping("172.31.16.1", from: a.pod.namespace))
      #expect(try !Traffic.ping("172.31.16.5", from: a.pod.namespace, expecting: false))
      #expect(try !Traffic.ping("2001:db8:5::5", from: a.pod.namespace, expecting: false))
      try a.delete()
      try b.delete()
    }
  }

  @Test(arguments: modes)
  func aPodReachesTheGatewayAndWhatIsBehindIt(mode: String) throws {
    try withCleanNode { node in
      var (a, b) = try node.pair(mode: mode, flag: "bridge")
      for address in [Site.ens5.gateway, Site.outside, Site.ens5.gateway6, Site.outside6] {
        #expect(try Traffic.ping(address, from: a.pod.namespace), "\(address)")
      }
      let exchange = try Traffic.tcp(from: a.pod.namespace, to: node.fabric, at: Site.outside)
      #expect(exchange?.client == "172.31.16.4")
      try a.delete()
      try b.delete()
    }
  }
}

extension Node {
  /// Two pods on ens5 with an address of each family, attached.
  func pair(mode: String, flag: String) throws -> (PodAttachment, PodAttachment) {
    func attached(_ name: String, _ host: Int) throws -> PodAttachment {
      let ipam = Configuration.staticIPAM(
        "172.31.16.\(host)/20 via 172.31.16.1", "2001:db8:5::\(host)/64 via 2001:db8:5::1")
      var attachment = PodAttachment(
        try pod(name), on: self, Configuration.ipvlan(mode: mode, flag: flag, ipam: ipam))
      try attachment.add()
      return attachment
    }
    return (try attached("a", 4), try attached("b", 5))
  }
}
