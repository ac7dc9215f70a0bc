import ConformanceSupport
import Testing

/// The guide's whole page between real packets: two nodes with two NICs each, pods on each, Services of every kind,
/// the Internet; on a fabric that drops and counts whatever a cloud would drop.
@Suite(.serialized) struct CloudTests {
  @Test(arguments: ["l3s", "l3"], KubeProxy.Flavour.allCases)
  func everybodyReachesEverybody(mode: String, flavour: KubeProxy.Flavour) throws {
    try withCloud(mode: mode) { cloud in
      let cluster = try CloudCluster(cloud, flavour)
      let failures = try cluster.pairs() + cluster.services() + cluster.internet()
      #expect(
        failures.isEmpty, "\(failures.count) of \(cluster.probes):\n\(failures.joined(separator: "\n"))")
      #expect(try cloud.fabric.drops() == [])
      #expect(cluster.probes > 2000)
    }
  }

  // Nobody masquerades, which is the harder case.
  @Test(arguments: ["l3s", "l3"])
  func servicesWorkByNFTablesToo(mode: String) throws {
    try withCloud(mode: mode) { cloud in
      let cluster = try CloudCluster(cloud, .plain, .nftables)
      let failures = try cluster.services()
      #expect(
        failures.isEmpty, "\(failures.count) of \(cluster.probes):\n\(failures.joined(separator: "\n"))")
      #expect(try cloud.fabric.drops() == [])
    }
  }

  @Test func everybodyAnswersPings() throws {
    try withCloud { cloud in
      let cluster = try CloudCluster(cloud, .plain)
      let failures = try cluster.pings()
      #expect(failures.isEmpty, "\(failures.joined(separator: "\n"))")
      #expect(try cloud.fabric.drops() == [])
    }
  }

  @Test func theLastPodLeavesOnlyWhatBelongsToTheMasters() throws {
    try withCloud { cloud in
      let attachment = try CloudAttachment("a", on: "master", "ens5", 0)
      let untouched = try cloud.state(of: "master")
      try cloud.call(.add, attachment)
      try cloud.call(.delete, attachment)
      let plumbing = try cloud.state(of: "master")
      #expect(untouched.difference(from: plumbing).contains("ih-ens5"))
      for _ in 0..<100 {
        try cloud.call(.add, attachment)
        try cloud.call(.delete, attachment)
      }
      try cloud.mustEqual(plumbing, on: "master")
    }
  }

  @Test func aFailedAttachmentLeavesNothing() throws {
    try withCloud { cloud in
      let (first, second) = try (
        CloudAttachment("a", on: "master", "ens5", 0), CloudAttachment("b", on: "master", "ens5", 1)
      )
      try cloud.call(.add, first)
      let before = try cloud.state(of: "master")
      // The route of another network's pod cannot be made: the name is taken by something else.
      let node = try cloud.node("master")
      try node.ip("link", "set", "ih-ens5", "down")
      try node.ip("link", "set", "ih-ens5", "name", "moved")
      try node.ip("link", "add", "ih-ens5", "type", "dummy")
      let reply = try cloud.call(.add, second, expectsSuccess: false)
      #expect(!reply.isSuccess)
      #expect(reply.text.contains("ih-ens5"))
      #expect(try cloud.pod("b").linkNames() == ["lo"])
      try node.ip("link", "del", "ih-ens5")
      try node.ip("link", "set", "moved", "name", "ih-ens5")
      try node.ip("link", "set", "ih-ens5", "up")
      try cloud.call(.delete, first)
      try cloud.call(.add, first)
      try cloud.mustEqual(before, on: "master")
    }
  }

  @Test(arguments: [
    ["nft", "flush", "ruleset"], ["ip", "rule", "flush"], ["ip", "route", "flush", "proto", "118"],
    ["ip", "link", "del", "ih-ens5"],
  ])
  func checkTellsWhatWasFlushedAndTheNextPodMendsIt(command: [String]) throws {
    try withCloud { cloud in
      let (a, b) = try (
        CloudAttachment("a", on: "master", "ens5", 0), CloudAttachment("b", on: "master", "ens5", 1)
      )
      let result = try cloud.call(.add, a).document
      let node = try cloud.node("master")
      if command[1] == "rule" { try node.ip("rule", "add", "pref", "32766", "lookup", "main") }
      try node.execute(command[0], Array(command.dropFirst())).mustSucceed()
      if command[1] == "rule" { try node.ip("rule", "add", "pref", "32766", "lookup", "main") }
      let check = try cloud.call(.check, a, expectsSuccess: false) { $0["prevResult"] = result }
      #expect(check.document?.object?["code"] == 106, "\(check)")
      try cloud.call(.add, b)
      let prober = Prober()
      try prober.serve("b", in: cloud.pod("b"), at: b.addresses.both)
      for address in b.addresses.both {
        #expect(try prober.ask(.tcp, from: node, at: address)?.server == "b")
      }
    }
  }

  @Test func theNetworksOfAPodGoInAnyOrder() throws {
    try withCloud { cloud in
      let cluster = try CloudCluster(cloud, .plain)
      let (first, second) = (cluster.twoNetworks[0], cluster.twoNetworks[1])
      let pod = try cloud.pod(first.pod)
      try pod.awaitClosedConnections()
      try cloud.call(.delete, first)
      #expect(try cluster.reach(second).isEmpty)
      try pod.awaitClosedConnections()
      try cloud.call(.delete, second)
      #expect(try pod.linkNames() == ["lo"])
      let bare = try Namespace("bare", .heldByProcess)
      for family in ["-4", "-6"] {
        #expect(try pod.execute("ip", [family, "rule"]).text == bare.execute("ip", [family, "rule"]).text)
      }
      try cloud.call(.add, first)
      try cloud.call(.add, second)
      #expect(try cluster.reach(first).isEmpty)
      #expect(try cluster.reach(second).isEmpty)
      try pod.awaitClosedConnections()
      try cloud.call(.delete, second)
      #expect(try cluster.reach(first).isEmpty)
      #expect(try cloud.fabric.drops() == [])
    }
  }

  @Test(arguments: ["l3s", "l3"], ["private", "vepa"])
  func theNodeReachesPodsWhomTheirFlagKeepsApart(mode: String, flag: String) throws {
    try withCloud(mode: mode, flag: flag) { cloud in
      let (a, b) = try (
        CloudAttachment("a", on: "master", "ens5", 0), CloudAttachment("b", on: "master", "ens5", 1)
      )
      for attachment in [a, b] { try cloud.call(.add, attachment) }
      let (node, pod) = (try cloud.node("master"), try cloud.pod("a"))
      let prober = Prober()
      try prober.serve("a", in: pod, at: a.addresses.both)
      try prober.serve("b", in: cloud.pod("b"), at: b.addresses.both)
      try prober.serve("node", in: node, at: CloudSite.nic("master", "ens5").own.both)
      for transport in Prober.Transport.allCases {
        for address in a.addresses.both {
          #expect(try prober.ask(transport, from: node, at: address)?.server == "a")
        }
        for address in try CloudSite.nic("master", "ens5").own.both {
          #expect(try prober.ask(transport, from: pod, at: address)?.server == "node")
        }
        // With vepa they meet outside, where this fabric delivers to the NIC's own addresses.
        for address in b.addresses.both where flag == "private" {
          #expect(try prober.ask(transport, from: pod, at: address, milliseconds: 500) == nil)
        }
      }
      for attachment in [a, b] { try cloud.call(.delete, attachment) }
    }
  }

  @Test func hostAccessIsRefusedInModeL2() throws {
    try withCloud(mode: "l2") { cloud in
      let reply = try cloud.call(
        .add, CloudAttachment("a", on: "master", "ens5", 0), expectsSuccess: false)
      #expect(reply.document?.object?["code"] == 2)
      #expect(reply.text.contains("l3s"))
      #expect(try cloud.pod("a").linkNames() == ["lo"])
    }
  }

  @Test func manyFirstPodsAtOnce() throws {
    try withCloud { cloud in
      let attachments = try (0..<5).map { try CloudAttachment("p\($0)", on: "master", "ens5", $0) }
      try cloud.callAtOnce(.add, attachments)
      let prober = Prober()
      for attachment in attachments {
        try prober.serve(attachment.pod, in: cloud.pod(attachment.pod), at: attachment.addresses.both)
      }
      let node = try cloud.node("master")
      for attachment in attachments {
        for address in attachment.addresses.both {
          #expect(try prober.ask(.tcp, from: node, at: address)?.server == attachment.pod)
        }
      }
      try cloud.callAtOnce(.delete, attachments)
    }
  }
}

/// Runs a test in a cloud of its own.
func withCloud(
  mode: String = "l3s", flag: String = "bridge", hostAccess: Bool = true, _ body: (Cloud) throws -> Void
) throws {
  let cloud = try Cloud(mode: mode, flag: flag, hostAccess: hostAccess)
  defer { cloud.destroy() }
  try body(cloud)
}
