import ConformanceSupport
import JSON
import Testing

/// CHECK is silent when all is as ADD made it, and tells every difference at once when it is not.
@Suite struct CheckTests {
  @Test(arguments: AttachmentTests.modes, AttachmentTests.flags)
  func checkIsSilentAfterAdd(mode: String, flag: String) throws {
    try withCleanNode { node in
      var attachment = try node.dualStack(mode: mode, flag: flag)
      try attachment.add()
      try attachment.check()
      try attachment.delete()
    }
  }

  /// What happens to the pod, and the words by which CHECK tells it.
  struct Damage: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// Commands of `ip -batch` in the pod.
    let commands: String
    let words: [String]

    init(_ description: String, _ commands: String, _ words: String...) {
      testDescription = description
      self.commands = commands
      self.words = words
    }
  }

  static let damages = [
    Damage("link gone", "link delete eth0", "eth0", "missing"),
    Damage("link renamed", "link set eth0 down\nlink set eth0 name eth7\nlink set eth7 up", "eth0", "eth7"),
    Damage("link down", "link set eth0 down", "down"),
    Damage(
      "another kind", "link delete eth0\nlink add eth0 type dummy\nlink set eth0 up", "dummy", "ipvlan"),
    Damage("another mode", "link set eth0 type ipvlan mode l3", "l3", "l2"),
    Damage("another flag", "link set eth0 type ipvlan mode l2 private", "private", "bridge"),
    Damage("another MTU", "link set eth0 mtu 1400", "1400", "9001"),
    Damage("IPv4 address gone", "addr delete 172.31.16.4/20 dev eth0", "172.31.16.4"),
    Damage("IPv6 address gone", "addr delete 2001:db8:5::4/64 dev eth0", "2001:db8:5::4"),
    Damage(
      "another prefix length", "addr delete 172.31.16.4/20 dev eth0\naddr add 172.31.16.4/24 dev eth0", "24"),
    Damage("IPv4 subnet's route gone", "route delete 172.31.16.0/20 dev eth0", "172.31.16.0/20"),
    Damage("IPv6 subnet's route gone", "route delete 2001:db8:5::/64 dev eth0", "2001:db8:5::/64"),
    Damage("IPv4 route gone", "route delete default via 172.31.16.1", "0.0.0.0/0"),
    Damage("IPv6 route gone", "route delete ::/0 via 2001:db8:5::1 dev eth0", "::/0"),
    Damage(
      "another next hop", "route replace default via 172.31.16.9 dev eth0", "0.0.0.0/0", "172.31.16.1"),
    Damage(
      "several at once", "link set eth0 mtu 1400\naddr delete 172.31.16.4/20 dev eth0", "1400",
      "172.31.16.4", "0.0.0.0/0"),
  ]

  /// Others put the secondary addresses of a NIC on it.
  @Test(
    arguments: ["l2", "l3", "l3s"], ["172.31.16.4/20 ens5", "172.31.16.4/32 ens6", "2001:db8:5::4/64 ens5"])
  func checkFindsAnAddressThatTheNodeHasToo(mode: String, place: String) throws {
    let words = place.split(separator: " ").map(String.init)
    let (address, link) = (words[0], words[1])
    try withNode { node in
      var attachment = try node.dualStack(mode: mode)
      attachment.configuration["hostAccess"] = .bool(mode != "l2")
      try attachment.add()
      try node.namespace.ip("address", "add", address, "dev", link)
      let host = String(address.prefix { $0 != "/" })
      try attachment.mustFail(.check, code: 106, naming: "\(host), which is on \(link) of the node")
      try node.namespace.ip("address", "delete", address, "dev", link)
      try attachment.check()
    }
  }

  @Test(arguments: damages) func checkFinds(damage: Damage) throws {
    try withCleanNode { node in
      var attachment = try node.dualStack(mode: "l2")
      try attachment.add()
      try attachment.pod.namespace.batch(damage.commands + "\n")
      let reply = try attachment.mustFail(.check, code: 106, naming: "eth0")
      for word in damage.words {
        #expect("\(reply.message) \(reply.details)".contains(word), "\(word) is not named: \(reply)")
      }
      try attachment.delete()
      for name in try attachment.pod.namespace.linkNames() where name != "lo" {
        try attachment.pod.namespace.ip("link", "delete", name)
      }
    }
  }

  @Test func checkFindsALinkOnAnotherMaster() throws {
    try withCleanNode { node in
      var attachment = try node.attachment()
      try attachment.add()
      attachment.configuration["master"] = "ens6"
      try attachment.mustFail(.check, code: 106, naming: "ens6")
      attachment.configuration["master"] = "ens5"
      try attachment.delete()
    }
  }

  @Test(
    arguments: [
      ["mtu": 1400], ["advmss": 1300], ["priority": 77], ["table": 100],
    ] as [[String: JSONValue]])
  func checkFindsARouteWithOtherAttributes(attributes: [String: JSONValue]) throws {
    try withCleanNode { node in
      var route: JSONObject = ["dst": "10.0.0.0/8"]
      for (key, value) in attributes { route[key] = value }
      var attachment = try node.attachment(
        ipam: Configuration.staticIPAM("172.31.16.4/20 via 172.31.16.1", routes: [route]))
      try attachment.add()
      try attachment.check()
      try attachment.pod.namespace.batch(
        "route flush table all 10.0.0.0/8\nroute add 10.0.0.0/8 via 172.31.16.1 dev eth0\n")
      try attachment.mustFail(.check, code: 106, naming: "10.0.0.0/8")
      try attachment.delete()
    }
  }

  @Test func checkFindsAMissingLease() throws {
    try withCleanNode { node in
      var attachment = try node.attachment(version: "1.0.0", ipam: node.hostLocal())
      try attachment.add()
      try attachment.check()
      try node.forgetLeases()
      let reply = try attachment.call(.check)
      #expect(!reply.isSuccess && reply.code != nil, "\(reply)")
      try attachment.delete()
      try node.forgetLeases()
    }
  }

  @Test func checkToleratesWhatLaterPluginsOfTheChainAdd() throws {
    try withCleanNode { node in
      var attachment = try node.dualStack()
      try attachment.add()
      try attachment.pod.namespace.batch(
        "addr add 10.1.1.1/24 dev eth0\naddr add 2001:db8:9::1/64 dev eth0 nodad\n"
          + "route add 10.2.0.0/16 via 172.31.16.9 dev eth0\nlink add extra type dummy\n")
      try attachment.check()
      try attachment.delete()
      try attachment.pod.namespace.ip("link", "delete", "extra")
    }
  }

  @Test func checkWithoutMasterFollowsTheDefaultRoute() throws {
    try withCleanNode { node in
      var attachment = try node.attachment(master: nil)
      try attachment.add()
      try attachment.check()
      try attachment.delete()
    }
  }

  @Test func checkWithoutPrevResultIsAnErrorThatNamesTheKey() throws {
    try withCleanNode { node in
      var attachment = try node.attachment()
      try attachment.mustFail(.check, code: 7, naming: "prevResult")
    }
  }

  @Test func checkOfANamespaceThatIsGoneIsAnError() throws {
    try withCleanNode { node in
      var attachment = try node.attachment()
      try attachment.add()
      attachment.pod.namespace.destroy()
      try attachment.mustFail(.check, code: 8, naming: attachment.pod.namespace.path)
      try attachment.delete()
    }
  }

  /// As the reference refuses it: the result is another pod's, or has nothing of this plugin.
  @Test func aResultWithoutThisInterfaceIsRefused() throws {
    try withCleanNode { node in
      var attachment = try node.attachment()
      try attachment.add()
      let result = attachment.result ?? [:]
      let own = result["interfaces"]?.array?.first?.object ?? [:]
      let others: [(String, JSONValue?)] = [
        ("name", "eth7"), ("sandbox", "/run/netns/none"), ("sandbox", nil),
        ("sandbox", .string("/proc/1/ns/net")),
      ]
      for (key, value) in others {
        var interface = own
        interface[key] = value
        var changed = result
        changed["interfaces"] = [.object(interface)]
        var call = attachment
        call.configuration["prevResult"] = .object(changed)
        call.forgetResult()
        try call.mustFail(.check, code: 7, naming: "prevResult", "eth0", attachment.pod.namespace.path)
      }
      // By another path to the same namespace.
      let link = "\(node.directory)/netns"
      try Program("ln", ["-s", attachment.pod.namespace.path, link]).run().mustSucceed()
      attachment.environment["CNI_NETNS"] = link
      try attachment.check()
      attachment.environment = [:]
      try attachment.delete()
      try ScratchFiles.removeAll(link)
    }
  }
}
