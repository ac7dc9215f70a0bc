import ConformanceSupport
import JSON
import Testing

/// A pod without host access reaches neither its node nor Services; everything else it reaches.
@Suite(.serialized) struct IsolationTests {
  @Test(arguments: ["l3s", "l3"])
  func neitherNodeNorServicesAreReached(mode: String) throws {
    try withPods(mode) { cloud, pods in
      let node = try cloud.node("master")
      let nodeAddresses = CloudSite.nics.filter { $0.node == "master" }.flatMap(\.own.both)
      let services = ["b": 1, "w": 2].map { label, number in
        let attachment = pods[label == "b" ? 1 : 2]
        return KubeProxy.Service(
          number: number, endpoint: attachment.addresses, node: attachment.nic.node)
      }
      try KubeProxy(.iptables, .plain, services).apply(to: node, named: "master")
      // Counts what arrives at the node or is on its way to a backend, before anything could answer.
      let sources = pods[0].addresses
      let counters = """
        table inet seen {
          chain input { type filter hook input priority 0; jump counting; }
          chain departing { type filter hook postrouting priority 0; ct status dnat jump counting; }
          chain counting {
            ip saddr \(sources.v4) counter
            ip6 saddr \(sources.v6) counter
          }
        }

        """
      try node.execute("nft", ["-f", "-"], input: Array(counters.utf8)).mustSucceed()

      let (prober, pod) = (Prober(), try cloud.pod("a"))
      try prober.serve("node", in: node, at: nodeAddresses)
      for attachment in pods.dropFirst() {
        try prober.serve(attachment.pod, in: cloud.pod(attachment.pod), at: attachment.addresses.both)
      }
      let targets =
        nodeAddresses.map { ($0, UInt16(8080)) }
        + services.flatMap { $0.clusterIP.both.map { ($0, UInt16(80)) } }
      for (address, port) in targets {
        for transport in Prober.Transport.allCases {
          let answer = try prober.ask(transport, from: pod, at: address, port: port, milliseconds: 200)
          #expect(answer == nil, "\(transport) \(address)")
        }
      }
      for address in nodeAddresses {
        #expect(try !pod.execute("ping", ["-n", "-q", "-c", "1", "-W", "1", address]).isSuccess)
      }
      let seen = try node.execute("nft", ["list", "chain", "inet", "seen", "counting"]).mustSucceed().text
      #expect(seen.count(of: "packets 0 bytes 0") == 2, "\(seen)")
      #expect(try cloud.fabric.drops() == [])
    }
  }

  @Test(arguments: ["l3s", "l3"])
  func everythingElseIsReached(mode: String) throws {
    try withPods(mode) { cloud, pods in
      let (prober, pod) = (Prober(), try cloud.pod("a"))
      let other = try CloudSite.nic("worker1", "ens5").own
      try prober.serve("node", in: cloud.node("worker1"), at: other.both)
      try prober.serve("host", in: cloud.fabric.neighbour, at: CloudSite.neighbour.both)
      try prober.serve("internet", in: cloud.fabric.internet, at: CloudSite.internet.both)
      var targets = [("node", other), ("host", CloudSite.neighbour), ("internet", CloudSite.internet)]
      for attachment in pods.dropFirst() {
        try prober.serve(attachment.pod, in: cloud.pod(attachment.pod), at: attachment.addresses.both)
        targets.append((attachment.pod, attachment.addresses))
      }
      for (server, addresses) in targets {
        for address in addresses.both {
          #expect(try prober.ask(.tcp, from: pod, at: address)?.server == server, "\(address)")
        }
      }
    }
  }

  @Test func onePodMayAndTheOtherMayNot() throws {
    try withCloud { cloud in
      let (a, b) = try (
        CloudAttachment("a", on: "master", "ens5", 0), CloudAttachment("b", on: "master", "ens5", 1)
      )
      try cloud.call(.add, a)
      try cloud.call(.add, b) { $0["hostAccess"] = false }
      let prober = Prober()
      let own = try CloudSite.nic("master", "ens5").own
      try prober.serve("node", in: cloud.node("master"), at: own.both)
      for address in own.both {
        #expect(try prober.ask(.tcp, from: cloud.pod("a"), at: address)?.server == "node")
        #expect(try prober.ask(.tcp, from: cloud.pod("b"), at: address, milliseconds: 300) == nil)
      }
    }
  }

  @Test func theLastPodTakesTheFenceAlong() throws {
    try withCloud(hostAccess: false) { cloud in
      let before = try cloud.state(of: "master")
      let attachments = try (0..<5).map { try CloudAttachment("p\($0)", on: "master", "ens5", $0) }
      for _ in 0..<3 {
        try cloud.callAtOnce(.add, attachments)
        try cloud.callAtOnce(.delete, attachments)
        try cloud.mustEqual(before, on: "master")
      }
    }
  }

  @Test func aPodWhoseNamespaceDiedLeavesNothing() throws {
    try withCloud(hostAccess: false) { cloud in
      let before = try cloud.state(of: "master")
      let attachment = try CloudAttachment("a", on: "master", "ens5", 0)
      try cloud.call(.add, attachment)
      try cloud.pod("a").destroy()
      try cloud.call(.delete, attachment)
      try cloud.mustEqual(before, on: "master")
    }
  }

  @Test func checkTellsThatTheFenceWasFlushed() throws {
    try withCloud(hostAccess: false) { cloud in
      let before = try cloud.state(of: "master")
      let (a, b) = try (
        CloudAttachment("a", on: "master", "ens5", 0), CloudAttachment("b", on: "master", "ens5", 1)
      )
      let result = try cloud.call(.add, a).document
      try cloud.call(.check, a) { $0["prevResult"] = result }
      try cloud.node("master").execute("nft", ["flush", "ruleset"]).mustSucceed()
      let check = try cloud.call(.check, a, expectsSuccess: false) { $0["prevResult"] = result }
      #expect(check.document?.object?["code"] == 106)
      #expect(check.text.contains("ipvlan-fence"))
      try cloud.call(.add, b)
      let ruleset = try cloud.node("master").execute("nft", ["list", "ruleset"]).mustSucceed().text
      #expect(ruleset.contains(b.addresses.v4))
      for attachment in [a, b] { try cloud.call(.delete, attachment) }
      try cloud.mustEqual(before, on: "master")
    }
  }

  /// Runs a test with pods "a" and "b" on one NIC of a node, and "w" on another node, none of them with host access.
  private func withPods(_ mode: String, _ body: (Cloud, [CloudAttachment]) throws -> Void) throws {
    try withCloud(mode: mode, hostAccess: false) { cloud in
      let pods = try [
        CloudAttachment("a", on: "master", "ens5", 0), CloudAttachment("b", on: "master", "ens5", 1),
        CloudAttachment("w", on: "worker1", "ens5", 0),
      ]
      for pod in pods { try cloud.call(.add, pod) }
      try body(cloud, pods)
      for pod in pods { try cloud.call(.delete, pod) }
    }
  }
}

extension String {
  /// How often a text is in it.
  fileprivate func count(of text: String) -> Int {
    indices.count { self[$0...].hasPrefix(text) }
  }
}
