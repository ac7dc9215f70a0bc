import ConformanceSupport
import JSON
import Testing

/// What the link in the pod is like, by iproute2.
@Suite struct LinkTests {
  @Test(arguments: AttachmentTests.modes, AttachmentTests.flags)
  func theLinkHasModeAndFlag(mode: String, flag: String) throws {
    try withCleanNode { node in
      var attachment = try node.linkOnly("a", ["mode": .string(mode), "flag": .string(flag)])
      try attachment.add()
      let information = try attachment.link()["linkinfo"]?.object
      #expect(information?["info_kind"] == "ipvlan")
      #expect(information?["info_data"]?.object?["mode"] == .string(mode))
      #expect(information?["info_data"]?.object?[flag] == true)
      try attachment.delete()
    }
  }

  @Test func withoutModeAndFlagTheLinkIsAsTheReferencePluginMakesIt() throws {
    try withCleanNode { node in
      var attachment = try node.linkOnly()
      try attachment.add()
      let data = try attachment.link()["linkinfo"]?.object?["info_data"]?.object
      #expect(data?["mode"] == "l2")
      #expect(data?["bridge"] == true)
      try attachment.delete()
    }
  }

  @Test(arguments: ["eth0", "net1", "a", "fifteen-bytes-x", "höst0"])
  func theLinkHasTheRequestedName(name: String) throws {
    try withCleanNode { node in
      var attachment = try node.linkOnly()
      attachment.ifname = name
      try attachment.add()
      #expect(try attachment.pod.namespace.linkNames() == ["lo", name])
      try attachment.delete()
    }
  }

  @Test func theLinkStandsOnTheMasterAndIsUp() throws {
    try withCleanNode { node in
      var attachment = try node.linkOnly()
      try attachment.add()
      let link = try attachment.link()
      #expect(link["link_index"]?.int == (try node.namespace.link("ens5")?["ifindex"]?.int))
      #expect(link["link_netnsid"]?.int != nil)
      #expect(link["flags"]?.array?.contains("UP") == true)
      #expect(link["address"]?.string == Site.ens5.mac)
      try attachment.delete()
    }
  }

  /// The node sees every event of its own namespace: a link that is moved shows there first.
  @Test func theLinkIsBornInThePodAndNeverSeenOnTheNode() throws {
    try withCleanNode { node in
      let events = try LinkEvents(in: node.namespace)
      var attachment = try node.attachment()
      try attachment.add()
      try attachment.delete()
      // The NICs' own carriers may still be coming up.
      #expect(try events.names().subtracting(["ens5", "ens6"]) == [])
      try node.namespace.ip("link", "add", "moved", "link", "ens5", "type", "ipvlan")
      try node.namespace.ip("link", "delete", "moved")
      #expect(try events.names().contains("moved"))
    }
  }

  @Test func aNameThatTheNodeHasTooIsNoObstacle() throws {
    try withCleanNode { node in
      try node.namespace.ip("link", "add", "eth0", "type", "dummy")
      var attachment = try node.attachment()
      try attachment.add()
      try attachment.delete()
      try node.namespace.ip("link", "delete", "eth0")
    }
  }

  @Test func theMTUIsTheMasters() throws {
    try withCleanNode { node in
      var attachment = try node.linkOnly()
      let reply = try attachment.add()
      #expect(try attachment.link()["mtu"]?.int == Site.mtu)
      #expect(reply.document?["interfaces"]?.array?.last?.object?["mtu"]?.int == Site.mtu)
      try attachment.delete()
    }
  }

  @Test(arguments: [68, 1280, 1500, 9000, 9001])
  func anMTUUpToTheMastersIsTaken(mtu: Int) throws {
    try withCleanNode { node in
      var attachment = try node.linkOnly("a", ["mtu": .int(mtu)])
      let reply = try attachment.add()
      #expect(try attachment.link()["mtu"]?.int == mtu)
      #expect(reply.document?["interfaces"]?.array?.last?.object?["mtu"]?.int == mtu)
      try attachment.check()
      try attachment.delete()
    }
  }

  @Test func anMTUAboveTheMastersIsRefusedNamingBoth() throws {
    try withCleanNode { node in
      var attachment = try node.linkOnly("a", ["mtu": 9002])
      try attachment.mustFail(code: 100, naming: "9002", "9001", "ens5")
    }
  }

  /// The kernel gives a link with less no IPv6, and says only that some setting does not exist.
  @Test func anMTUThatIsTooSmallForIPv6IsToldBeforeALinkIsMade() throws {
    try withCleanNode { node in
      var attachment = try node.linkOnly("a", ["cniVersion": "1.1.0", "mtu": 1279])
      attachment.configuration["ipam"] = .object(Configuration.staticIPAM("172.31.16.4/20", "fd00:10::4/64"))
      let before = try Snapshot(of: node)
      try attachment.mustFail(.status, code: 50, naming: "IPv6", "1279", "1280")
      try attachment.mustFail(code: 105, naming: "IPv6", "1279", "1280")
      try node.mustEqual(before)
      attachment.configuration["mtu"] = 1280
      try attachment.add()
      try attachment.delete()
    }
  }

  @Test func theResultNamesTheInterfaceAsTheKernelHasIt() throws {
    try withCleanNode { node in
      var attachment = try node.attachment()
      let reply = try attachment.add()
      let interface = try #require(reply.document?["interfaces"]?.array?.last?.object)
      #expect(interface["name"] == "eth0")
      #expect(interface["mac"]?.string == Site.ens5.mac)
      #expect(interface["sandbox"]?.string == attachment.pod.namespace.path)
      try attachment.delete()
    }
  }

  @Test func aNameThatIsTakenInThePodIsRefusedAndItsLinkKept() throws {
    try withCleanNode { node in
      var attachment = try node.attachment()
      try attachment.pod.namespace.ip("link", "add", "eth0", "type", "dummy")
      let before = try Snapshot(of: node)
      try attachment.mustFail(code: 102, naming: "eth0")
      try node.mustEqual(before)
      try attachment.pod.namespace.ip("link", "delete", "eth0")
    }
  }

  @Test func anAltnameThatIsTakenInThePodIsRefused() throws {
    try withCleanNode { node in
      var attachment = try node.attachment()
      try attachment.pod.namespace.ip("link", "add", "other", "type", "dummy")
      try attachment.pod.namespace.ip("link", "property", "add", "dev", "other", "altname", "eth0")
      let before = try Snapshot(of: node)
      try attachment.mustFail(code: 102, naming: "eth0")
      try node.mustEqual(before)
      try attachment.pod.namespace.ip("link", "delete", "other")
    }
  }

  @Test func aSecondAddIsRefusedAndTheFirstLinkKeepsWorking() throws {
    try withCleanNode { node in
      var attachment = try node.attachment()
      try attachment.add()
      let before = try Snapshot(of: node)
      try attachment.mustFail(code: 102, naming: "eth0", "DEL")
      try node.mustEqual(before)
      #expect(try Traffic.ping(Site.ens5.gateway, from: attachment.pod.namespace))
      try attachment.check()
      try attachment.delete()
    }
  }

  @Test func aPodCanHaveSeveralInterfaces() throws {
    try withCleanNode { node in
      var first = try node.attachment()
      var second = PodAttachment(
        first.pod, on: node,
        Configuration.ipvlan(
          master: "ens6", name: "ipvlan-ens6", ipam: Configuration.staticIPAM("210.22.16.11/24")),
        ifname: "net1")
      try first.add()
      try second.add()
      try first.check()
      try second.check()
      #expect(try Traffic.ping(Site.ens5.gateway, from: first.pod.namespace))
      #expect(try Traffic.ping(Site.ens6.gateway, from: first.pod.namespace))
      try second.delete()
      try first.check()
      try first.delete()
    }
  }

  @Test func theSameNetworkTwiceInOnePodHasTwoInterfaces() throws {
    try withCleanNode { node in
      var first = try node.attachment(host: 4)
      var second = PodAttachment(
        first.pod, on: node,
        Configuration.ipvlan(ipam: Configuration.staticIPAM("172.31.16.5/20")), ifname: "net1")
      try first.add()
      try second.add()
      try first.delete()
      #expect(try first.pod.namespace.linkNames() == ["lo", "net1"])
      try second.delete()
    }
  }
}
