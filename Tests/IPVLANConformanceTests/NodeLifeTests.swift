import ConformanceSupport
import Testing

/// A node lives: its addresses come and go, and its NICs go down and up. Pods that run and the node itself reach what is
/// there at the moment, whether or not another pod comes.
@Suite(.serialized) struct NodeLifeTests {
  static let modes = ["l3s", "l3"]

  /// A virtual address that fails over, as kube-vip and keepalived move it.
  @Test(arguments: modes) func anAddressThatLeavesTheNodeIsReachedWhereItIsNow(mode: String) throws {
    try withTwoPods(mode) { cloud, pods in
      let (node, vpc) = (try cloud.node("master"), cloud.fabric.vpc)
      let addresses = ["172.31.22.250", "2600:1f:5::250"]
      for address in addresses { try node.add(address, to: "ens5") }
      // It comes while the address is there.
      let late = try CloudAttachment("late", on: "master", "ens5", 1)
      try cloud.call(.add, late)
      let callers = pods + [try cloud.pod("late")]
      let here = Prober()
      try here.serve("node", in: node, at: addresses)
      for caller in callers { try here.mustReach("node", at: addresses, from: caller) }

      for address in addresses {
        try node.remove(address, from: "ens5")
        try vpc.add(address, to: "m-ens5")
      }
      let there = Prober()
      try there.serve("elsewhere", in: vpc, at: addresses)
      for caller in callers + [node] { try there.mustReach("elsewhere", at: addresses, from: caller) }
    }
  }

  /// Kubernetes' NodeLocal DNSCache: a link-local and a Service's address on a link of its own, kept out of connection
  /// tracking.
  @Test(arguments: modes) func podsThatRunReachACacheThatComesAndGoes(mode: String) throws {
    try withTwoPods(mode) { cloud, pods in
      let node = try cloud.node("master")
      let addresses = ["169.254.20.10", "10.96.0.10", "fd00:96::a"]
      try node.execute("nft", ["-f", "-"], input: Array(Self.untracked.utf8)).mustSucceed()
      for _ in 0..<2 {
        try node.ip("link", "add", "nodelocaldns", "type", "dummy")
        try node.ip("link", "set", "nodelocaldns", "up")
        for address in addresses { try node.add(address, to: "nodelocaldns") }
        let prober = Prober()
        try prober.serve("cache", in: node, at: addresses, port: 53)
        for pod in pods { try prober.mustReach("cache", at: addresses, port: 53, from: pod) }
        try node.ip("link", "delete", "nodelocaldns")
        // An ADD that sees the node without it.
        let other = try CloudAttachment("other", on: "master", "ens5", 2)
        try cloud.call(.add, other)
        try cloud.call(.delete, other)
      }
    }
  }

  /// As Docker's bridge, or another plugin's, that is made after the pods.
  @Test(arguments: modes) func podsThatRunReachALinkThatComesLater(mode: String) throws {
    try withTwoPods(mode) { cloud, pods in
      let node = try cloud.node("master")
      let addresses = ["172.17.0.1", "fd00:17::1"]
      try node.ip("link", "add", "docker0", "type", "bridge")
      try node.ip("link", "set", "docker0", "up")
      for address in addresses { try node.add(address, to: "docker0") }
      let prober = Prober()
      try prober.serve("node", in: node, at: addresses)
      for pod in pods {
        try prober.mustReach("node", at: addresses, from: pod)
        // A socket that is bound to its link is looked up with the link's number.
        for address in addresses {
          let arguments = ["-n", "-q", "-c", "1", "-w", "5", "-I", "eth0", address]
          #expect(try pod.execute("ping", arguments).isSuccess, "\(address) from \(pod.label)")
        }
      }
    }
  }

  /// Others put the NIC's secondary addresses on it (nm-cloud-setup, ec2-net-utils): what comes in for one by a NIC is
  /// answered by that NIC, since a cloud drops it elsewhere.
  @Test func aSecondaryAddressOfANICIsAnsweredByThatNIC() throws {
    try withTwoPods("l3s") { cloud, pods in
      let node = try cloud.node("master")
      let addresses = try CloudSite.nic("master", "ens6").secondary[4].both
      for address in addresses { try node.add(address, to: "ens6") }
      let prober = Prober()
      try prober.serve("node", in: node, at: addresses)
      for caller in pods + [cloud.fabric.neighbour] {
        try prober.mustReach("node", at: addresses, from: caller)
      }
      #expect(try cloud.fabric.drops() == [])
    }
  }

  /// The kernel takes a table's routes when a master goes down, and when it leaves a VRF. The pod that comes then need
  /// not have all families that the others have.
  @Test(arguments: ["down", "vrf"], [["v4"], ["v6"], ["v4", "v6"]])
  func anAddMendsAMasterThatWasAway(how: String, families: [String]) throws {
    try withTwoPods("l3s") { cloud, pods in
      let nic = try CloudSite.nic("master", "ens6")
      // Only the gateway's own address is asked for with success.
      for setting in ["proxy_arp", "proxy_arp_pvlan"] {
        try cloud.fabric.vpc.setSysctl("net/ipv4/conf/m-ens6/\(setting)", "0")
      }
      try cloud.node("master").loseRoutes(of: "ens6", how)
      try cloud.call(.add, CloudAttachment("late", on: "master", "ens6", 1)) { configuration in
        let addresses = [
          "v4": "\(nic.secondary[1].v4)/24 via \(nic.gateway.v4)",
          "v6": "\(nic.secondary[1].v6)/64 via \(nic.gateway.v6)",
        ]
        configuration["ipam"] = .object(Configuration.staticIPAM(families.compactMap { addresses[$0] }))
      }
      let prober = Prober()
      let neighbour = CloudSite.neighbour.both
      try prober.serve("neighbour", in: cloud.fabric.neighbour, at: neighbour)
      try prober.mustReach("neighbour", at: neighbour, from: pods[1])
    }
  }

  /// Nobody waits for a pod where `ipvlanctl follow` runs.
  @Test func nothingWaitsForAPodWhereTheNodeIsFollowed() throws {
    try withTwoPods("l3s") { cloud, pods in
      let node = try cloud.node("master")
      let follower = try node.start("\(Plugin.directory)/ipvlanctl", ["follow"])
      defer { follower.kill() }
      let prober = Prober()
      let neighbour = CloudSite.neighbour.both
      try prober.serve("neighbour", in: cloud.fabric.neighbour, at: neighbour)
      for _ in 0..<2 {
        try node.loseRoutes(of: "ens6", "down")
        try node.add("210.22.16.77", to: "ens6")
        for (family, count) in [("-4", 2), ("-6", 2)] {
          try eventually {
            let table = try node.execute("ip", [family, "route", "show", "table", "4102"]).text
            return table.split(separator: "\n").count == count
          }
        }
        try eventually { try node.execute("ip", ["rule"]).text.contains("from 210.22.16.77 lookup 4102") }
        try prober.mustReach("neighbour", at: neighbour, from: pods[1])
        try node.remove("210.22.16.77", from: "ens6")
        try eventually { try !node.execute("ip", ["rule"]).text.contains("from 210.22.16.77 lookup 4102") }
      }
    }
  }

  /// An administrator's note in the place of ours.
  @Test func anAddTakesOverAHostSideSlaveWithAnotherNote() throws {
    try withTwoPods("l3s") { cloud, pods in
      let node = try cloud.node("master")
      try node.ip("link", "set", "ih-ens6", "alias", "uplink to fabric A")
      let late = try CloudAttachment("late", on: "master", "ens6", 1)
      try cloud.call(.add, late)
      let prober = Prober()
      for (pod, attachment) in [
        (pods[1], try CloudAttachment("ens6", on: "master", "ens6", 0)), (try cloud.pod("late"), late),
      ] {
        try prober.serve(attachment.pod, in: pod, at: attachment.addresses.both)
        try prober.mustReach(attachment.pod, at: attachment.addresses.both, from: node)
      }
      #expect(try node.execute("ip", ["link", "show", "ih-ens6"]).text.contains("ipvlan host access 2 l3s"))
    }
  }

  /// An address that moved from one NIC of the node to another: the rule of the first must not catch what the node sends.
  @Test func noRuleOutlivesItsAddress() throws {
    try withTwoPods("l3s") { cloud, _ in
      let node = try cloud.node("master")
      for address in ["210.22.16.77", "2600:1f:6::77"] { try node.add(address, to: "ens6") }
      try cloud.call(.add, CloudAttachment("late", on: "master", "ens6", 1))
      for address in ["210.22.16.77", "2600:1f:6::77"] {
        let family = address.contains(":") ? "-6" : "-4"
        #expect(try node.execute("ip", [family, "rule"]).text.contains("from \(address) lookup 4102"))
        try node.remove(address, from: "ens6")
        try node.add(address, to: "ens5")
      }
      try cloud.call(.add, CloudAttachment("later", on: "master", "ens6", 2))
      try cloud.call(.add, CloudAttachment("latest", on: "master", "ens5", 2))
      for address in ["210.22.16.77", "2600:1f:6::77"] {
        let rules = try node.execute("ip", [address.contains(":") ? "-6" : "-4", "rule"]).text
        #expect(!rules.contains("from \(address) lookup 4102"), "\(rules)")
        #expect(rules.contains("from \(address) lookup 4101"), "\(rules)")
      }
    }
  }

  private static let untracked = """
    table inet nodelocaldns {
      chain arriving {
        type filter hook prerouting priority raw
        ip daddr { 169.254.20.10, 10.96.0.10 } udp dport 53 notrack
        ip6 daddr fd00:96::a udp dport 53 notrack
      }
      chain leaving {
        type filter hook output priority raw
        ip daddr { 169.254.20.10, 10.96.0.10 } udp dport 53 notrack
        ip6 daddr fd00:96::a udp dport 53 notrack
        ip saddr { 169.254.20.10, 10.96.0.10 } udp sport 53 notrack
        ip6 saddr fd00:96::a udp sport 53 notrack
      }
    }

    """

  /// A pod on each NIC of a node.
  private func withTwoPods(_ mode: String, _ body: (Cloud, [Namespace]) throws -> Void) throws {
    try withCloud(mode: mode) { cloud in
      for nic in ["ens5", "ens6"] { try cloud.call(.add, CloudAttachment(nic, on: "master", nic, 0)) }
      try body(cloud, [cloud.pod("ens5"), cloud.pod("ens6")])
    }
  }
}

extension Namespace {
  fileprivate func add(_ address: String, to link: String) throws {
    let isIPv6 = address.contains(":")
    try execute(
      "ip", ["address", "add", "\(address)/\(isIPv6 ? 128 : 32)", "dev", link] + (isIPv6 ? ["nodad"] : [])
    ).mustSucceed()
  }

  fileprivate func remove(_ address: String, from link: String) throws {
    try ip("address", "delete", "\(address)/\(address.contains(":") ? 128 : 32)", "dev", link)
  }

  /// Lets the kernel take the routes of a link away, which it does in several cases; its addresses are there afterwards.
  fileprivate func loseRoutes(of link: String, _ how: String) throws {
    let nic = try CloudSite.nic("master", link)
    switch how {
    case "vrf":
      try ip("link", "add", "vrf0", "type", "vrf", "table", "77")
      try ip("link", "set", "vrf0", "up")
      try ip("link", "set", link, "master", "vrf0")
      try ip("link", "set", link, "nomaster")
      try ip("link", "delete", "vrf0")
    default:
      try ip("link", "set", link, "down")
      try ip("link", "set", link, "up")
    }
    try ip("address", "replace", "\(nic.own.v6)/64", "dev", link, "nodad")
  }
}

extension Prober {
  /// Expects that server behind each address, by TCP and UDP.
  fileprivate func mustReach(
    _ server: String, at addresses: [String], port: UInt16 = 8080, from caller: Namespace,
    at location: SourceLocation = #_sourceLocation
  ) throws {
    for address in addresses {
      for transport in Transport.allCases {
        let answer = try ask(transport, from: caller, at: address, port: port)
        #expect(
          answer?.server == server,
          "\(transport) from \(caller.label) to \(address): \(String(describing: answer))",
          sourceLocation: location)
      }
    }
  }
}
