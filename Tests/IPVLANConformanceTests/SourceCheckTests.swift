import ConformanceSupport
import JSON
import Testing

/// What a pod sends has one of its own addresses as its source, or it does not leave: the fabric counts what does.
@Suite(.serialized) struct SourceCheckTests {
  @Test(arguments: [("l3s", nil), ("l3", nil), ("l2", true)] as [(String, Bool?)])
  func whatIsNotFromThePodItselfDoesNotLeave(mode: String, key: Bool?) throws {
    try withPod(mode, key) { (cloud, pod) throws in
      for (own, foreign, target) in Self.sources(pod) {
        #expect(try cloud.pings(target, from: own), "\(own) -> \(target)")
        #expect(try !cloud.pings(target, from: foreign), "\(foreign) -> \(target)")
      }
      #expect(try cloud.fabric.drops() == [])
    }
  }

  @Test(arguments: [("l3s", false), ("l3", false), ("l2", nil)] as [(String, Bool?)])
  func withoutTheCheckItDoes(mode: String, key: Bool?) throws {
    try withPod(mode, key) { (cloud, pod) throws in
      for (own, foreign, target) in Self.sources(pod) {
        #expect(try cloud.pings(target, from: own), "\(own) -> \(target)")
        let before = try cloud.fabric.drops()
        #expect(try !cloud.pings(target, from: foreign), "\(foreign) -> \(target)")
        #expect(try cloud.fabric.drops() != before)
      }
    }
  }

  @Test func aWrongValueIsNamed() throws {
    try withCloud { cloud in
      let reply = try cloud.call(
        .add, CloudAttachment("a", on: "master", "ens5", 0), expectsSuccess: false
      ) { $0["sourceCheck"] = "no" }
      #expect(reply.document?.object?["code"] == 6)
      #expect(reply.text.contains("sourceCheck"))
    }
  }

  /// A source of the pod's own, one that is not, and whom to ask, for each family.
  private static func sources(_ pod: CloudAttachment) -> [(own: String, foreign: String, target: String)] {
    let target = CloudSite.neighbour
    return [(pod.addresses.v4, "172.31.16.200", target.v4), (pod.addresses.v6, "2600:1f:5::200", target.v6)]
  }

  /// Runs a test with a pod that has further addresses, which nobody gave it.
  private func withPod(
    _ mode: String, _ key: Bool?, _ body: (Cloud, CloudAttachment) throws -> Void
  ) throws {
    try withCloud(mode: mode, hostAccess: mode != "l2") { cloud in
      let attachment = try CloudAttachment("a", on: "master", "ens5", 0)
      try cloud.call(.add, attachment) { if let key { $0["sourceCheck"] = .bool(key) } }
      let pod = try cloud.pod("a")
      for (_, foreign, _) in Self.sources(attachment) {
        try pod.ip(
          "address", "add", foreign, "dev", "eth0", foreign.contains(":") ? "nodad" : "noprefixroute")
      }
      try body(cloud, attachment)
      try cloud.call(.delete, attachment)
      #expect(try pod.linkNames() == ["lo"])
    }
  }
}

extension Cloud {
  /// Whether an echo request of pod "a" is answered.
  fileprivate func pings(_ target: String, from source: String) throws -> Bool {
    try pod("a").execute("ping", ["-n", "-q", "-c", "1", "-W", "1", "-I", source, target]).isSuccess
  }
}
