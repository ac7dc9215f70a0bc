import ConformanceSupport
import JSON
import Testing

/// Garbage collection and repair beside ADD and DEL, and beside each other.
@Suite(.serialized) struct UpkeepRaceTests {
  /// Rounds of many ADDs at once; `IPVLAN_ROUNDS` asks for more.
  private static let rounds = environmentVariable("IPVLAN_ROUNDS").flatMap { Int($0) } ?? 2
  private static let podCount = 60

  @Test(arguments: ["host-local", "ippool"]) func collectionBesideManyAddsFreesNothing(ipam: String) throws {
    try withNode { node in
      let site = try OperatorSite(node, pods: 0)
      let range: JSONObject = [
        "ranges": [[["subnet": "172.31.16.0/20", "rangeStart": "172.31.17.1", "rangeEnd": "172.31.30.200"]]]
      ]
      if ipam == "host-local" {
        try site.writeNetwork("ens5", ["hostAccess": true], ipam: node.hostLocal(range))
      } else {
        try node.writePool(
          "ens5", subnet: "172.31.16.0/20", ips: "172.31.17.1-172.31.30.200", gateway: "172.31.16.1")
      }
      for round in 0..<Self.rounds {
        let attachments = try (0..<Self.podCount).map { try site.prepare("r\(round)p\($0)") }
        let tool = site.tool
        let added = try Concurrently.repeating {
          _ = try tool.run(["gc"])
        } during: {
          try Concurrently.map(attachments) { attachment in
            var attachment = attachment
            _ = try attachment.add()
            return attachment
          }
        }
        for attachment in added {
          var attachment = attachment
          #expect(throws: Never.self, "round \(round)") { try attachment.check() }
        }
        _ = try Concurrently.map(added) { attachment in
          var attachment = attachment
          try attachment.delete()
          attachment.pod.namespace.destroy()
        }
      }
    }
  }

  /// `gc --all` takes host access down when no pod has it, while pods come and go.
  @Test func takingHostAccessDownBesideAddsHarmsNoPod() throws {
    try withNode { node in
      let site = try OperatorSite(node, pods: 0)
      try site.writeNetwork("ens5", ["hostAccess": true], ipam: node.hostLocal())
      let tool = site.tool
      try Concurrently.repeating {
        _ = try tool.run(["gc", "--all"])
      } during: {
        for round in 0..<6 {
          let attachments = try (0..<4).map { try site.prepare("r\(round)p\($0)") }
          let added = try Concurrently.map(attachments) { attachment in
            var attachment = attachment
            _ = try attachment.add()
            try attachment.check()
            return attachment
          }
          _ = try Concurrently.map(added) { attachment in
            var attachment = attachment
            try attachment.check()
            try attachment.delete()
          }
        }
      }
    }
  }

  @Test func twoRepairsAtOnceBesideAddsMendTheNode() throws {
    try withNode { node in
      let site = try OperatorSite(node, pods: 2)
      for round in 0..<3 {
        try node.namespace.execute("nft", ["flush", "ruleset"]).mustSucceed()
        try node.namespace.ip("link", "delete", "ih-ens5")
        let (added, tool) = (try site.prepare("another\(round)"), site.tool)
        let results = try Concurrently.map([0, 1, 2]) { job in
          if job == 2 {
            var added = added
            return try added.call(.add).completion
          }
          return try tool.run(["doctor", "--fix"])
        }
        #expect(results[2].isSuccess, "\(results[2])")
        _ = try site.control("doctor", "--fix")
        for attachment in site.attachments {
          var attachment = attachment
          #expect(throws: Never.self, "\(results)") { try attachment.check() }
        }
        var gone = added
        try gone.delete()
      }
    }
  }

  /// The file says another mode than the pods have: what runs is right.
  @Test func repairKeepsTheModeOfRunningPods() throws {
    try withNode { node in
      let site = try OperatorSite(node, pods: 0)
      try site.writeNetwork("ens5", ["hostAccess": true, "mode": "l3"])
      for name in ["pod0", "pod1"] { try site.attach(name) }
      try site.writeNetwork("ens5", ["hostAccess": true, "mode": "l3s"])
      try node.namespace.ip("link", "delete", "ih-ens5")
      _ = try site.control("doctor", "--fix")
      for attachment in site.attachments {
        #expect(try attachment.link()["linkinfo"]?.object?["info_data"]?.object?["mode"]?.string == "l3")
        var attachment = attachment
        try attachment.check()
      }
      #expect(try site.findings().map(\.kind).contains("modeConflict"))
    }
  }

  /// Between the look and the repair all pods end, and one in another mode starts.
  @Test func repairAfterAStaleLookKeepsTheModeOfPodsThatCameMeanwhile() throws {
    try withNode { node in
      let site = try OperatorSite(node, pods: 0)
      try site.writeNetwork("ens5", ["hostAccess": true, "mode": "l3"])
      for name in ["pod0", "pod1"] { try site.attach(name) }
      try node.namespace.ip("link", "delete", "ih-ens5")
      // It stops where it has opened the lock of host access.
      let lock = "/run/ipvlan/host-access-\(try Self.inode(of: node.namespace))"
      let (tool, namespace) = (site.tool, node.namespace)
      var added: PodAttachment?
      try Concurrently.beside {
        _ = try Program(
          "strace",
          ["-f", "-qq", "-o", "/dev/null", "-P", lock, "-e", "inject=openat:signal=SIGSTOP:when=1"]
            + ["\(Plugin.directory)/ipvlanctl", "doctor", "--fix"] + tool.options,
          environment: tool.environment
        ).run(in: namespace)
      } _: {
        var stopped: [String] = []
        try eventually {
          stopped = try namespace.execute("pgrep", ["--runstates", "T,t", "ipvlanctl"]).text
            .split(separator: "\n").map(String.init)
          return !stopped.isEmpty
        }
        defer { for process in stopped { _ = try? namespace.execute("kill", ["-CONT", process]) } }
        for attachment in site.attachments {
          var attachment = attachment
          try attachment.delete()
        }
        try site.writeNetwork("ens5", ["hostAccess": true, "mode": "l3s"])
        var late = try site.prepare("pod2")
        // It may have to wait for the repair, and then finds that somebody holds the mode.
        let reply = try late.call(.add)
        if reply.isSuccess { added = late } else { #expect(reply.code == 11, "\(reply)") }
      }
      var late = try added ?? site.prepare("pod3")
      if added == nil { try late.add() }
      try late.check()
      #expect(try late.link()["linkinfo"]?.object?["info_data"]?.object?["mode"]?.string == "l3s")
      #expect(
        try node.namespace.link("ih-ens5")?["linkinfo"]?.object?["info_data"]?.object?["mode"]?.string
          == "l3s")
    }
  }

  /// The file says something else about the node than the pods have: what runs is right, and comes back as it was.
  @Test(arguments: [true, false]) func repairKeepsTheNodeAccessOfRunningPods(hasHostAccess: Bool) throws {
    try withNode { node in
      let site = try OperatorSite(node, pods: 0)
      try site.writeNetwork("ens5", ["hostAccess": .bool(hasHostAccess)])
      let pod = try site.attach("pod0").pod.namespace
      let before = try Snapshot(of: node.namespace)
      try site.writeNetwork("ens5", ["hostAccess": .bool(!hasHostAccess)])
      let losses =
        hasHostAccess
        ? [[], ["ip", "route", "delete", "172.31.16.4", "dev", "ih-ens5"], ["nft", "flush", "ruleset"]]
        : [[], ["nft", "flush", "ruleset"]]
      for loss in losses {
        if let program = loss.first {
          try node.namespace.execute(program, Array(loss.dropFirst())).mustSucceed()
        }
        let fixing = try site.control("doctor", "--fix")
        #expect(try before.difference(from: Snapshot(of: node.namespace)) == "", "\(loss): \(fixing)")
      }
      // Where nobody has written down how the pod was made, the node tells.
      try ScratchFiles.removeAll(site.cache)
      _ = try site.control("doctor", "--fix")
      #expect(try before.difference(from: Snapshot(of: node.namespace)) == "")
      let findings = try site.findings()
      #expect(findings.map(\.kind) == ["nodeAccessConflict"] && !findings[0].isFixable, "\(findings)")
      #expect(try Traffic.ping("172.31.22.228", from: pod, expecting: hasHostAccess) == hasHostAccess)
      #expect(
        try Traffic.ping("172.31.16.4", from: node.namespace, expecting: hasHostAccess) == hasHostAccess)
      try site.writeNetwork("ens5", ["hostAccess": .bool(hasHostAccess)])
      #expect(try site.findings().isEmpty)
    }
  }

  /// Pods in l2 keep to themselves, whatever the file has come to say since.
  @Test(arguments: [true, false], [true, false])
  func repairLeavesRunningPodsOfL2Alone(hasHostAccess: Bool, isWrittenDown: Bool) throws {
    try withNode { node in
      let site = try OperatorSite(node, pods: 0)
      try site.writeNetwork("ens5", ["mode": "l2"])
      try site.attach("pod0")
      let before = try Snapshot(of: node.namespace)
      try site.writeNetwork("ens5", ["hostAccess": .bool(hasHostAccess)])
      if !isWrittenDown { try ScratchFiles.removeAll(site.cache) }
      let fixing = try site.control("doctor", "--fix")
      #expect(try before.difference(from: Snapshot(of: node.namespace)) == "", "\(fixing)")
      let kinds = try site.findings().map(\.kind)
      #expect(!kinds.contains("hostAccessIncomplete") && !kinds.contains("fenceIncomplete"), "\(kinds)")
    }
  }

  /// A plugin for addresses that takes its time holds up nobody else.
  @Test func aSlowIPAMPluginHoldsUpNoOtherPod() throws {
    try withNode { node in
      let script = try node.plugin(
        "slow",
        "[ $CNI_COMMAND != ADD ] || { echo >$0.asked; while [ ! -e $0.go ]; do sleep 0.1; done; }; \(Node.answer)"
      )
      var slow = try node.attachment("a", ipam: ["type": "slow"])
      slow.path = script.directory
      var quick = try node.attachment("b", host: 5)
      let pending = slow
      try Concurrently.beside {
        var pending = pending
        _ = try pending.add()
      } _: {
        // The slow one ends only when this one has ended.
        defer { try? ScratchFiles.write("\(script.path).go", "") }
        try eventually { script.read("asked") != nil }
        try quick.add()
      }
      try quick.delete()
      try slow.delete()
      try script.remove()
    }
  }

  /// The locks of a node that an ADD needs: that of the mode of a master's slaves, and that of host access.
  @Test(arguments: [("", "l2", 11), ("host-access", "l3s", 105)])
  func aLockThatSomebodyKeepsEndsInAnErrorThatSaysWhere(lock: String, mode: String, code: Int) throws {
    try withNode { node in
      var first = try node.attachment("a", host: 4, mode: mode)
      first.configuration["hostAccess"] = .bool(!lock.isEmpty)
      try first.add()
      let index = try #require(try node.namespace.link("ens5")?["ifindex"]?.int)
      let locked = "\(node.directory)/locked"
      var second = try node.attachment("b", host: 5, mode: mode)
      second.configuration["hostAccess"] = .bool(!lock.isEmpty)
      let namespace = node.namespace
      try Concurrently.beside {
        _ = try namespace.execute(
          "flock",
          [
            "-x",
            lock.isEmpty
              ? "/run/ipvlan/\(Self.inode(of: namespace))-\(index)"
              : "/run/ipvlan/\(lock)-\(Self.inode(of: namespace))", "sh", "-c",
            "echo >\(locked); sleep 25",
          ])
      } _: {
        try eventually { ScratchFiles.read(locked) != nil }
        let reply = try second.call(.add)
        reply.expectError(
          code: code, naming: ["fuser -v", lock.isEmpty ? "ens5" : lock], at: #_sourceLocation)
      }
      try second.add()
    }
  }

  private static func inode(of namespace: Namespace) throws -> String {
    let text = try namespace.execute("readlink", ["/proc/self/ns/net"]).mustSucceed().text
    return String(text.filter(\.isNumber))
  }
}
