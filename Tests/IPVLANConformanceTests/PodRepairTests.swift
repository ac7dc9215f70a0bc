import ConformanceSupport
import JSON
import Testing

/// What happens to a pod's interface is told by CHECK, `trace` and `doctor` alike, and the commands that they print bring
/// the pod back to where it was, for packets too.
@Suite struct PodRepairTests {
  /// What somebody does inside of a pod.
  struct Damage: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// Commands of a shell.
    let commands: String
    /// The doctor's finding.
    let finding: String
    /// Where `trace` stops first.
    let stop: String
  }

  static let damages = [
    Damage(
      testDescription: "routes flushed",
      commands: "ip route flush table main && ip -6 route flush table main",
      finding: "routeMissing", stop: "routes"),
    Damage(
      testDescription: "IPv6 default route gone", commands: "ip -6 route delete default",
      finding: "routeMissing",
      stop: "routes"),
    Damage(
      testDescription: "another next hop", commands: "ip route replace default via 172.31.16.99 dev eth0",
      finding: "routeMissing", stop: "routes"),
    Damage(
      testDescription: "addresses flushed", commands: "ip address flush dev eth0", finding: "addressMissing",
      stop: "addresses"),
    Damage(
      testDescription: "IPv6 address gone", commands: "ip address delete 2001:db8:5::4/64 dev eth0",
      finding: "addressMissing", stop: "addresses"),
    Damage(
      testDescription: "down", commands: "ip link set eth0 down", finding: "linkDown", stop: "link"),
    Damage(
      testDescription: "down and up", commands: "ip link set eth0 down && ip link set eth0 up",
      finding: "addressMissing",
      stop: "addresses"),
    Damage(
      testDescription: "renamed",
      commands: "ip link set eth0 down && ip link set eth0 name wan && ip link set wan up",
      finding: "linkRenamed", stop: "link"),
  ]

  @Test(arguments: damages, ["trace", "doctor"]) func whatIsPrintedMends(damage: Damage, verb: String) throws
  {
    try withNode { node in
      let site = try OperatorSite(node, pods: 0)
      for link in ["all", "ens5"] {
        try node.namespace.setSysctl("net/ipv6/conf/\(link)/forwarding", "1")
      }
      try site.writeNetwork(
        "ens5", ["hostAccess": true],
        ipam: Configuration.staticIPAM(
          "172.31.16.4/20 via 172.31.16.1", "2001:db8:5::4/64 via 2001:db8:5::1"))
      var attachment = try site.attach("pod0")
      try attachment.pod.namespace.execute("sh", ["-c", damage.commands]).mustSucceed()
      try attachment.mustFail(.check, code: 106, naming: "eth0")

      if verb == "trace" {
        let stops = try site.wrongStops("web/pod0")
        #expect(stops.first?.name == damage.stop, "\(stops)")
        for remedy in Set(stops.map(\.remedy)) { try site.runAtShell(remedy) }
      } else {
        let findings = try site.findings().filter { $0.kind != "hostRouteStale" }
        #expect(findings.map(\.kind) == [damage.finding], "\(findings)")
        for finding in findings { try site.runAtShell(finding.remedy) }
      }
      #expect(try site.wrongStops("web/pod0").isEmpty)
      #expect(try site.findings().isEmpty)
      try attachment.check()
      let pod = attachment.pod.namespace
      for target in [Site.outside, Site.outside6] {
        #expect(try Traffic.ping(target, from: pod), "\(target)")
      }
      for address in ["172.31.16.4", "2001:db8:5::4"] {
        #expect(try Traffic.tcp(from: node.namespace, to: pod, at: address) != nil, "\(address)")
      }
    }
  }

  /// The lease is held and the pod lives: what the node has for the address stays, whoever cleans up.
  @Test(arguments: ["flushed", "in a nested namespace"]) func aLostAddressIsNobodysGarbage(how: String) throws
  {
    try withNode { node in
      let site = try OperatorSite(node)
      let pod = site.attachments[0].pod.namespace
      let nested = try node.pod("nested").namespace
      if how == "flushed" {
        try pod.ip("address", "flush", "dev", "eth0")
      } else {
        try pod.ip("link", "set", "eth0", "netns", String(nested.path.dropFirst("/run/netns/".count)))
      }
      let found = try site.findings()
      #expect(!found.contains { $0.kind == "hostRouteStale" || $0.remedy.contains("gc") }, "\(found)")
      if how == "flushed" { #expect(found.map(\.kind) == ["addressMissing"], "\(found)") }
      #expect(try site.control("gc").text == "nothing to free\n")
      _ = try site.control("doctor", "--fix")
      let routes = try node.namespace.execute("ip", ["route", "show", "proto", "118"]).mustSucceed().text
      #expect(routes.contains("172.31.16.4 dev ih-ens5"), "\(routes)")
      let filter = try node.namespace.execute("nft", ["list", "set", "inet", "ipvlan-host", "ih-ens5-v4"])
        .text
      #expect(filter.contains("172.31.16.4"), "\(filter)")
      guard how == "flushed" else { return }
      for finding in found { try site.runAtShell(finding.remedy) }
      #expect(try Traffic.tcp(from: node.namespace, to: pod, at: "172.31.16.4") != nil)
      #expect(try site.findings().isEmpty)
    }
  }
}

extension OperatorSite {
  /// The places at which `trace` says that something is wrong, and what it prints to run.
  fileprivate func wrongStops(_ id: String) throws -> [(name: String, remedy: String)] {
    let completion = try control("trace", id, "-o", "json")
    let traces = try JSONValue(parsing: completion.output).array ?? []
    return traces.flatMap { $0.object?["stops"]?.array ?? [] }.compactMap(\.object)
      .filter { $0["state"]?.string == "wrong" }
      .map { ($0["stop"]?.string ?? "", $0["remedy"]?.string ?? "") }
  }
}
