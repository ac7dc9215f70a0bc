import ConformanceSupport
import JSON
import Testing

/// Which packets a pod's own packet filter sees, by mode, and that the doctor tells where it sees too few.
@Suite struct PodFilterTests {
  private static let port: UInt16 = 9000

  /// Rules of a pod that drop what comes in for a port, by the hook.
  enum Rules: String, Sendable, CaseIterable {
    case input, prerouting

    var text: String {
      "table ip own { chain \(rawValue) { type filter hook \(rawValue) priority 0; tcp dport 9000 drop; }; }"
    }
  }

  @Test(arguments: ["l3s", "l3", "l2"], Rules.allCases)
  func packetsFromTheWirePassThePodsFilterUnlessInL3S(mode: String, rules: Rules) throws {
    try withNode { node in
      let site = try OperatorSite(node, pods: 0)
      try site.writeNetwork("ens5", ["mode": .string(mode), "hostAccess": .bool(mode != "l2")])
      let pod = try site.attach("pod0").pod.namespace
      let reaches = { (isExpected: Bool) in
        try Traffic.tcp(
          from: node.fabric, to: pod, at: "172.31.16.4", port: Self.port, expecting: isExpected) != nil
      }
      #expect(try reaches(true))
      #expect(try site.findings().isEmpty)
      try pod.execute("nft", ["-f", "-"], input: Array(rules.text.utf8)).mustSucceed()
      #expect(try reaches(mode == "l3s") == (mode == "l3s"))
      let findings = try site.findings()
      #expect(findings.map(\.kind) == (mode == "l3s" ? ["podFilterBypassed"] : []), "\(findings)")
      let trace = try site.control("trace", "web/pod0").mustSucceed().text
      #expect(trace.contains("packet filter") == (mode == "l3s"), "\(trace)")
      if mode == "l3s" {
        #expect(
          findings.first?.problem.contains("table ip own, chain \(rules.rawValue)") ?? false, "\(findings)")
        #expect(
          findings.first?.remedy.contains("\"mode\": \"l3\" in \(site.configurations)/ens5.conflist") ?? false
        )
        #expect(
          trace.contains(
            "  -      packet filter in l3s packets from the wire do not pass the pod's own rules: table ip own"
          ),
          "\(trace)")
        // From the node they do pass it.
        #expect(
          try Traffic.tcp(
            from: node.namespace, to: pod, at: "172.31.16.4", port: Self.port, expecting: false) == nil)
      }
    }
  }

  /// Both programs of iptables, and what is no obstacle for packets that come in.
  @Test(arguments: [
    ("iptables-nft -A INPUT -p tcp --dport 1 -j DROP", "table ip filter, chain INPUT"),
    (
      "ip6tables-nft -t nat -A PREROUTING -p tcp --dport 80 -j REDIRECT --to-ports 15006",
      "table ip6 nat, chain PREROUTING"
    ),
    ("iptables-legacy -A INPUT -p tcp --dport 1 -j DROP", "table ip filter, chain INPUT"),
    ("ip6tables-legacy -A INPUT -p tcp --dport 1 -j DROP", "table ip6 filter, chain INPUT"),
    (
      "iptables-legacy -t nat -A PREROUTING -p tcp --dport 80 -j REDIRECT --to-ports 15006",
      "table ip nat, chain PREROUTING"
    ),
    (
      "nft 'add table inet a; add chain inet a b { type filter hook input priority 0; policy drop; }'",
      "table inet a, chain b"
    ),
    ("nft 'add table inet a; add chain inet a b { type filter hook input priority 0; }'", ""),
    ("iptables-nft -A OUTPUT -p tcp --dport 1 -j DROP", ""),
    ("iptables-legacy -A OUTPUT -p tcp --dport 1 -j DROP", ""),
    ("iptables-legacy -L -n", ""), ("iptables-nft -L -n", ""),
  ])
  func rulesOfEveryProgramAreFound(command: String, chain: String) throws {
    try withNode { node in
      let site = try OperatorSite(node)
      let pod = site.attachments[0].pod.namespace
      try pod.execute("sh", ["-c", command]).mustSucceed()
      let findings = try site.findings()
      #expect(findings.map(\.kind) == (chain.isEmpty ? [] : ["podFilterBypassed"]), "\(findings)")
      #expect(findings.allSatisfy { $0.problem.hasSuffix("rules of its own: \(chain)") }, "\(findings)")
    }
  }
}
