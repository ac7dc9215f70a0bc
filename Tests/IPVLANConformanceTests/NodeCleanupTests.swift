import ConformanceSupport
import JSON
import Testing

/// What the node has for pods goes when they are gone, by GC, and whole by `ipvlanctl gc --all`.
@Suite(.serialized) struct NodeCleanupTests {
  @Test func gcTakesTheWaysToPodsThatAreGone() throws {
    try withNode { node in
      let site = try OperatorSite(node)
      try site.attach("pod1")
      let gone = site.attachments[1]
      gone.pod.namespace.destroy()
      #expect(try hostRoutes(node) == ["172.31.16.4", "172.31.16.5"])
      var collector = site.attachments[0]
      collector.configuration["cniVersion"] = "1.1.0"
      collector.configuration["cni.dev/valid-attachments"] = [
        ["containerID": .string(collector.pod.containerID), "ifname": "eth0"]
      ]
      // The kernel takes a namespace down in the background.
      try eventually {
        let reply = try collector.call(.gc)
        #expect(reply.isSuccess, "\(reply)")
        return try hostRoutes(node) == ["172.31.16.4"]
      }
      let ruleset = try node.namespace.execute("nft", ["list", "ruleset"]).mustSucceed().text
      #expect(ruleset.contains("172.31.16.4") && !ruleset.contains("172.31.16.5"), "\(ruleset)")
    }
  }

  /// A process in the pod has flushed them, and the runtime passes no prevResult: only the lease knows them.
  @Test(arguments: [true, false]) func deleteOfAPodThatHasLostItsAddressesLeavesNothing(hasHostAccess: Bool)
    throws
  {
    try withNode { node in
      let site = try OperatorSite(node, pods: 0)
      try site.writeNetwork("ens5", ["hostAccess": .bool(hasHostAccess)])
      try site.attach("pod0")
      let before = try Snapshot(of: node.namespace)
      let gone = try site.attach("pod1")
      #expect(before.difference(from: try Snapshot(of: node.namespace)).contains("172.31.16.5"))
      try gone.pod.namespace.ip("address", "flush", "dev", "eth0")
      var deletion = PodAttachment(gone.pod, on: node, gone.configuration)
      try deletion.delete()
      #expect(before.difference(from: try Snapshot(of: node.namespace)) == "")
    }
  }

  @Test func gcAllTakesHostAccessDownWhenNoPodHasIt() throws {
    try withNode { node in
      let site = try OperatorSite(node, pods: 0)
      let before = try Snapshot(of: node.namespace)
      var attachment = try site.attach("pod0")
      let kept = try site.control("gc", "--all")
      #expect(kept.errors.contains("host access stays"), "\(kept)")
      try attachment.check()
      // The kernel drops the way to the pod with the link; the pod is still there.
      try node.namespace.ip("link", "set", "ih-ens5", "down")
      let down = try site.control("gc", "--all")
      #expect(down.errors.contains("host access stays"), "\(down)")
      _ = try site.control("doctor", "--fix")
      try attachment.check()
      try attachment.delete()
      let plumbing = before.difference(from: try Snapshot(of: node.namespace))
      #expect(plumbing.contains("ih-ens5"))
      let taken = try site.control("gc", "--all")
      #expect(taken.isSuccess && taken.text.contains("ih-ens5"), "\(taken)")
      #expect(try before.difference(from: Snapshot(of: node.namespace)) == "")
      // The next pod makes it anew.
      try site.attach("pod1")
      #expect(try hostRoutes(node) == ["172.31.16.5"])
    }
  }

  private func hostRoutes(_ node: Node) throws -> [String] {
    try node.namespace.execute("ip", ["route", "show", "dev", "ih-ens5"]).text.split(separator: "\n")
      .compactMap { $0.split(separator: " ").first.map(String.init) }.sorted()
  }
}
