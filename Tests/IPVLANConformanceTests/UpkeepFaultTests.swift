import ConformanceSupport
import JSON
import Testing

/// Garbage collection, repair and DEL's sweep beside pods that run: whatever call of theirs fails, the pods keep their links,
/// addresses, routes, host routes, filters and leases.
@Suite(.serialized) struct UpkeepFaultTests {
  /// The calls by which they look and change.
  private static let calls = [
    "openat", "setns", "socket", "sendto", "recvmsg", "readlink", "getdents64", "flock", "unlinkat",
    "pwrite64",
  ]
  /// So many faults a call, spread over all of its occurrences: a run has hundreds of them. `IPVLAN_FAULTS` asks for more.
  private static let faultLimit = environmentVariable("IPVLAN_FAULTS").flatMap { Int($0) } ?? 3

  /// What is started, and what tells which pods live.
  enum Upkeep: String, CaseIterable {
    case gcWithList, gcWithoutList, poolGC, toolGC, repair
  }

  /// What host-local keeps tells neither age nor namespace that would protect a lease: only the links do.
  @Test(
    arguments: Upkeep.allCases.filter { $0 != .poolGC }.map { ($0, "host-local") } + [
      (.gcWithList, "ippool"), (.poolGC, "ippool"), (.repair, "ippool"),
    ])
  func noFaultOfAnUpkeepHarmsAPod(upkeep: Upkeep, ipam: String) throws {
    try withNode { node in
      let site = try Self.site(node, ipam)
      // What there is to do, so that the run reaches its removals: a pod that went without DEL.
      let before = try Snapshot(of: node)
      var number = 0
      let makeGarbage = {
        number += 1
        let dead = try site.attach("dead\(number)")
        dead.pod.namespace.destroy()
        try node.ageLeases()
        // The kernel may take its time with the namespace, and then there is nothing to do yet.
        try eventually { try Self.garbage(site).hasLease }
      }
      try makeGarbage()
      let injector = try FaultInjector(on: node)
      defer { injector.remove() }
      let live = Array(site.attachments.prefix(2))
      _ = try Self.run(upkeep, site, injector, live, fault: nil)
      let faults = try injector.faults(
        in: Self.calls, killing: ["sendto", "unlinkat", "pwrite64"])
      let chosen = Dictionary(grouping: faults, by: { "\($0.call) \($0.effect)" }).values.flatMap { faults in
        stride(from: 0, to: faults.count, by: max(1, faults.count / Self.faultLimit)).map { faults[$0] }
      }
      try #require(chosen.count > 20, "\(chosen)")
      // The first run has freed it.
      var hasLease = false
      for fault in chosen {
        // Each has all of it to do, and says it is done only when nothing is left.
        if !hasLease { try makeGarbage() }
        let reply = try Self.run(upkeep, site, injector, live, fault: fault)
        let isFree: Bool
        (isFree, hasLease) = try Self.garbage(site)
        // Swift reads the arguments from a file: without it the tool is called with none, and tells what it can do. And a young
        // lease of ippool is no garbage while its namespace cannot be told to be gone.
        if reply.isSuccess, !reply.text.hasPrefix("OVERVIEW"), ipam == "host-local" || fault.call != "openat"
        {
          let hit = try injector.lastHit()
          #expect(isFree || upkeep == .poolGC && !hasLease, "\(upkeep) with \(fault), \(hit): \(reply)")
        }
        for attachment in live {
          var attachment = attachment
          #expect(throws: Never.self, "\(upkeep) with \(fault): \(reply)") { try attachment.check() }
          #expect(
            try Traffic.tcp(from: node.namespace, to: attachment.pod.namespace, at: attachment.address)
              != nil,
            "\(upkeep) with \(fault): \(reply)")
        }
      }
      // The first run alone makes some calls, as what it finds is there only once.
      let missed = try injector.missed(chosen)
      #expect(missed == [], "\(missed) of \(chosen.count)")
      // And without a fault everything is done.
      try eventually {
        let reply = try Self.run(upkeep, site, injector, live, fault: nil)
        return reply.isSuccess || upkeep == .repair
      }
      // An IPAM plugin has freed the leases, which are its own.
      if upkeep == .poolGC { try site.control("gc").mustSucceed() }
      try node.mustEqual(before, keeping: ["files"])
    }
  }

  /// DEL of a pod whose namespace is gone, and of which nobody tells the addresses, looks for what belongs to nobody.
  @Test(arguments: ["ippool", "host-local"]) func noFaultOfADeletesSweepHarmsAPod(ipam: String) throws {
    try withNode { node in
      let site = try Self.site(node, ipam)
      let before = try Snapshot(of: node)
      let injector = try FaultInjector(on: node)
      defer { injector.remove() }
      var faults: [Fault?] = [nil]
      var number = 0
      while number < faults.count {
        let fault = faults[number]
        let dead = try site.attach("dead\(number)")
        dead.pod.namespace.destroy()
        // A runtime that has lost its cache passes no result.
        var deletion = PodAttachment(dead.pod, on: node, dead.configuration)
        deletion.plugin = injector.plugin
        deletion.environment["FAULT"] = fault?.description
        let reply = try deletion.call(.delete)
        if fault == nil {
          #expect(reply.isSuccess, "\(reply)")
          let all = try injector.faults(in: Self.calls, killing: ["sendto"])
          faults += Dictionary(grouping: all, by: { "\($0.call) \($0.effect)" }).values.flatMap { faults in
            stride(from: 0, to: faults.count, by: max(1, faults.count / Self.faultLimit)).map { faults[$0] }
          }
        }
        deletion.plugin = Plugin()
        deletion.environment["FAULT"] = nil
        #expect(throws: Never.self, "DEL after \(String(describing: fault)): \(reply)") {
          try deletion.delete()
        }
        for attachment in site.attachments.prefix(2) {
          var attachment = attachment
          #expect(throws: Never.self, "DEL with \(String(describing: fault))") { try attachment.check() }
        }
        number += 1
      }
      try #require(faults.count > 10)
      let missed = try injector.missed(faults.compactMap(\.self))
      #expect(missed == [], "\(missed) of \(faults.count)")
      try eventually {
        _ = try site.control("gc")
        return (try? node.mustEqual(before, keeping: ["files"])) != nil
      }
    }
  }

  /// What is taken from an attachment that is then checked.
  enum Loss: String, CaseIterable {
    case route, hostRoute, filter, lease

    func make(_ site: OperatorSite, _ attachment: PodAttachment) throws {
      switch self {
      case .route: try attachment.pod.namespace.ip("route", "delete", "default")
      case .hostRoute: try site.node.namespace.ip("route", "delete", attachment.address, "dev", "ih-ens5")
      case .filter: try site.node.namespace.execute("nft", ["flush", "ruleset"]).mustSucceed()
      case .lease:
        var release = attachment
        release.configuration["type"] = "ippool"
        release.plugin = Plugin(executable: "\(Plugin.directory)/ippool")
        try release.call(.delete).completion.mustSucceed()
      }
    }
  }

  /// CHECK changes nothing, and where a read of it fails, it does not say that all is well.
  @Test(arguments: Loss.allCases) func noFaultOfACheckHidesALoss(loss: Loss) throws {
    try withNode { node in
      let site = try Self.site(node, "ippool")
      let injector = try FaultInjector(on: node)
      defer { injector.remove() }
      var checked = site.attachments[0]
      checked.configuration["prevResult"] = checked.result.map(JSONValue.object)
      checked.plugin = injector.plugin
      #expect(try checked.call(.check).isSuccess)
      try loss.make(site, checked)
      let before = try Snapshot(of: node)
      #expect(try checked.call(.check).code == 106)
      let faults = try injector.faults(in: Self.calls, killing: [])
      try #require(faults.count > 20, "\(faults)")
      for fault in faults {
        checked.environment["FAULT"] = fault.description
        let reply = try checked.call(.check)
        #expect(!reply.isSuccess, "\(loss) with \(fault): \(reply)")
      }
      #expect(try injector.missed(faults) == [])
      try node.mustEqual(before)
    }
  }

  /// The doctor changes nothing, and calls no node healthy of which it could not read a part.
  @Test func noFaultOfTheDoctorHidesAFault() throws {
    try withNode { node in
      let site = try OperatorSite(node)
      let injector = try FaultInjector(on: node)
      defer { injector.remove() }
      let look = { (fault: Fault?) in
        try site.runProgram(
          injector.plugin.executable,
          ["doctor", "--conf-dir", site.configurations, "--cache-dir", site.cache],
          environment: ["PROGRAM": "\(Plugin.directory)/ipvlanctl", "FAULT": fault?.description ?? ""])
      }
      #expect(try look(nil).isSuccess)
      try node.namespace.ip("route", "delete", site.attachments[0].address, "dev", "ih-ens5")
      let before = try Snapshot(of: node)
      #expect(try look(nil).status == 1)
      var faults: [Fault] = []
      for call in ["recvmsg", "sendto", "socket"] {
        let all = try injector.faults(in: [call], killing: [])
        try #require(all.count > 12, "\(all)")
        faults += stride(from: 0, to: all.count, by: max(1, all.count / 16)).map { all[$0] }
      }
      for fault in faults {
        let reply = try look(fault)
        #expect(
          reply.status == 1 && !(reply.text + reply.errors).isEmpty
            && !reply.text.contains("nothing is wrong"), "\(fault): \(reply)")
      }
      #expect(try injector.missed(faults) == [])
      try node.mustEqual(before)
    }
  }

  /// A node with two pods that have host access, whose leases are older than any ADD can be.
  private static func site(_ node: Node, _ ipam: String) throws -> OperatorSite {
    let site = try OperatorSite(node, pods: 0)
    try site.writeNetwork(
      "ens5", ["hostAccess": true],
      ipam: ipam == "host-local" ? node.hostLocal() : ["cooldownSeconds": 0])
    for name in ["live0", "live1"] { try site.attach(name) }
    try node.ageLeases()
    return site
  }

  /// Whether there is no garbage, and whether leases are among it, as the tool tells.
  private static func garbage(_ site: OperatorSite) throws -> (isFree: Bool, hasLease: Bool) {
    let text = try site.control("gc", "--dry-run").mustSucceed().text
    return (text.contains("nothing to free"), text.contains(" lease "))
  }

  private static func run(
    _ upkeep: Upkeep, _ site: OperatorSite, _ injector: FaultInjector, _ live: [PodAttachment], fault: Fault?
  ) throws -> Completion {
    switch upkeep {
    case .gcWithList, .gcWithoutList, .poolGC:
      var call = live[0]
      call.plugin = injector.plugin
      if upkeep == .poolGC {
        // As another main plugin calls it.
        call.configuration["type"] = "ippool"
        call.environment["PROGRAM"] = "\(Plugin.directory)/ippool"
      }
      call.environment["FAULT"] = fault?.description
      call.configuration["cniVersion"] = "1.1.0"
      if upkeep != .gcWithoutList {
        call.configuration["cni.dev/valid-attachments"] = .array(
          live.map { ["containerID": .string($0.pod.containerID), "ifname": .string($0.ifname)] })
      }
      return try call.call(.gc).completion
    case .toolGC, .repair:
      return try site.runProgram(
        injector.plugin.executable,
        (upkeep == .toolGC ? ["gc"] : ["doctor", "--fix"])
          + ["--conf-dir", site.configurations, "--cache-dir", site.cache],
        environment: ["PROGRAM": "\(Plugin.directory)/ipvlanctl", "FAULT": fault?.description ?? ""])
    }
  }
}

extension PodAttachment {
  /// The first IPv4 address that ADD answered.
  fileprivate var address: String {
    let text = result?["ips"]?.array?.first?.object?["address"]?.string ?? ""
    return String(text.prefix { $0 != "/" })
  }
}
