import Addressing
import ClusterObjects
import ClusterTestSupport
import Daemon
import Foundation
import IPAM
import KubernetesClient
import KubernetesStandIn
import Logging
import Testing

@testable import NodeAgent

/// An API server that was away, and may have come back in an older state.
@Suite struct RestoredServerTests {
  @Test(
    "an address that was given since the backup is given again when the other node has looked, and is without it"
  )
  func restored() async throws {
    try await running(
      { $0.ownBackoff = Backoff(initial: .milliseconds(100), longest: .milliseconds(300)) },
      before: { running in
        try await running.createWithOther()
      }
    ) { running in
      try await eventually("all is given, and reported") {
        await running.reportedPool("p")?["ips"] == ["10.0.0.4-10.0.0.5"]
          && running.pools == ["p 10.0.0.4-10.0.0.5"]
      }
      let backup = await running.server.backUp()
      try await running.change("p", ["ips": ["10.0.0.4"]])
      try await eventually("the address is gone, and reported so") {
        await running.reportedPool("p")?["ips"] == ["10.0.0.4"] && running.pools == ["p 10.0.0.4"]
      }
      try await running.reportOther(gives: ["10.0.0.5"])

      let lists = running.lists
      try await running.outage { await running.server.restore(backup) }
      try await eventually("its report tells of the loss") { await running.status()?["lostState"] != nil }
      let lostState = try #require(await running.moment("lostState"))
      #expect(running.log.text.contains("the API server was restored to an older state"))
      try await eventually("each collection is listed anew") {
        running.lists.allSatisfy { $0.value > lists[$0.key] ?? 0 }
      }
      try await eventually("it has looked since") {
        await running.moment("followedSince").map { $0 >= lostState } ?? false
      }

      // The backup says that the other node has nothing. When it was written, and anew without a look, that counts for nothing.
      try await running.says("node n2 has not reported since")
      try await running.reportOther(followedSince: Timestamp(seconds: lostState.seconds - 1))
      try await running.asks(3)
      try await running.says("node n2 has not reported since")
      #expect(running.pools == ["p 10.0.0.4"])
      try await running.reportOther(gives: ["10.0.0.5"], followedSince: lostState)
      try await running.says("10.0.0.5 is still given by node n2")
      #expect(running.pools == ["p 10.0.0.4"])
      try await running.reportOther(followedSince: lostState)
      try await eventually("it is given") { running.pools == ["p 10.0.0.4-10.0.0.5"] }
      #expect(await running.moment("lostState") == lostState)
    }
  }

  @Test(
    "a node that joined after the backup is waited for, until it has looked, or somebody says that it is gone",
    arguments: [false, true])
  func forgottenNode(_ isGone: Bool) async throws {
    try await running(
      { $0.ownBackoff = Backoff(initial: .milliseconds(100), longest: .milliseconds(300)) },
      before: { running in try await running.create(pool("p", ips: ["10.0.0.4-10.0.0.5"])) }
    ) { running in
      try await eventually("all is given, and reported") {
        await running.reportedPool("p")?["ips"] == ["10.0.0.4-10.0.0.5"]
      }
      let backup = await running.server.backUp()
      try await running.change("p", ["ips": ["10.0.0.4"]])
      try await claim(running, for: "n3")
      try await eventually("it knows of the node") { running.mark.holders == ["n3"] }
      try await eventually("the address is gone, and reported so") {
        await running.reportedPool("p")?["ips"] == ["10.0.0.4"] && running.pools == ["p 10.0.0.4"]
      }

      try await running.outage { await running.server.restore(backup) }
      try await running.says("does not know node n3, whose pods had addresses")
      try await running.asks(3)
      #expect(running.pools == ["p 10.0.0.4"])
      let lostState = try #require(await running.moment("lostState"))
      var report = UnstructuredObject(metadata: ObjectMetadata(name: "n3"))
      if isGone { report.metadata.annotations = ["ipvlan-cni.dev/gone": "true"] }
      _ = try await running.client.create(Resources.reports, report)
      if !isGone {
        try await running.says("node n3 has not reported since")
        #expect(running.pools == ["p 10.0.0.4"])
        _ = try await running.client.mergePatch(
          Resources.reports, "n3", subresource: .status,
          patch: ["status": ["busy": [], "followedSince": .string("\(lostState)")]] as FieldValue)
      }
      try await eventually("it is given") { running.pools == ["p 10.0.0.4-10.0.0.5"] }
    }
  }

  /// Makes a block of another node.
  private func claim(_ running: Running, for node: String) async throws {
    let range = try #require(IPRange("10.0.1.5"))
    let block = try #require(
      Block.claim(
        on: AddressSet([range]), of: ObjectIdentity(ObjectMetadata(name: "s")),
        for: Block.Owner(node: node, uid: "uid-of-\(node)")))
    _ = try await running.client.create(Resources.blocks, block)
  }

  @Test(
    "an agent that needs nothing looks who has reported, and does not wait later for a node that has gone since"
  )
  func nothingNew() async throws {
    try await running(
      { $0.ownBackoff = Backoff(initial: .milliseconds(100), longest: .milliseconds(300)) },
      before: { running in try await running.create(pool("p", ips: ["10.0.0.4"])) }
    ) { running in
      try await eventually("all is given, and reported") {
        await running.reportedPool("p")?["ips"] == ["10.0.0.4"]
      }
      let backup = await running.server.backUp()
      try await claim(running, for: "n3")
      try await eventually("it knows of the node") { running.mark.holders == ["n3"] }
      try await running.outage { await running.server.restore(backup) }
      try await eventually("its report tells of the loss") { await running.status()?["lostState"] != nil }
      let lostState = try #require(await running.moment("lostState"))
      _ = try await running.client.create(
        Resources.reports, UnstructuredObject(metadata: ObjectMetadata(name: "n3")))
      _ = try await running.client.mergePatch(
        Resources.reports, "n3", subresource: .status,
        patch: ["status": ["busy": [], "followedSince": .string("\(lostState)")]] as FieldValue)
      try await eventually("all have looked") { running.mark.settled == lostState }
      try await running.client.delete(Resources.reports, "n3")
      try await running.change("p", ["ips": ["10.0.0.4-10.0.0.5"]])
      try await eventually("it is given") { running.pools == ["p 10.0.0.4-10.0.0.5"] }
      #expect(running.mark.holders == [])
    }
  }

  /// Its versions are ahead of all that this agent has seen.
  @Test("an agent finds that the server was restored by an object that is older than it was")
  func olderObject() async throws {
    try await running(
      { $0.ownBackoff = Backoff(initial: .milliseconds(100), longest: .milliseconds(300)) },
      before: { running in
        try await running.create(
          pool("p", ips: ["10.0.0.4-10.0.0.5"]), pool("q", ips: ["10.0.0.7"], nodes: ["n3"]))
      }
    ) { running in
      try await eventually("all is given, and reported") {
        await running.reportedPool("p")?["ips"] == ["10.0.0.4-10.0.0.5"]
      }
      let backup = await running.server.backUp()
      _ = try await running.client.mergePatch(
        Resources.pools, "q", subresource: .status,
        patch: ["status": ["allocatedIPCount": 1]] as FieldValue)
      try await eventually("it has seen that") { running.mark.holders == ["n3"] }
      #expect(await running.status()?["lostState"] == nil)
      try await running.outage {
        await running.server.restore(backup)
        await running.server.skip(versions: 1000)
        await running.server.restart()
      }
      try await eventually("its report tells of the loss") { await running.status()?["lostState"] != nil }
    }
  }

  @Test("after an outage nothing is listed again, and what is new is given, also without the other nodes")
  func outage() async throws {
    try await running(
      { options in
        options.reflecting.watchSeconds = 1...1
        options.ownBackoff = Backoff(initial: .milliseconds(100), longest: .milliseconds(300))
      },
      before: { running in
        // It never reports.
        try await running.createWithOther()
      }
    ) { running in
      try await eventually("all is given") { running.pools == ["p 10.0.0.4-10.0.0.5"] }
      try await eventually("it has looked") { await running.moment("followedSince") != nil }
      let before = try #require(await running.moment("followedSince"))
      let lists = running.lists
      // The server's clock tells whole seconds.
      try await Task.sleep(for: .seconds(2))
      try await running.outage { #expect(throws: Never.self) { try running.add("web") } }
      try await eventually("it has looked anew") {
        await running.moment("followedSince").map { $0 > before } ?? false
      }
      try await running.create(pool("r", ips: ["10.0.0.8"]))
      try await eventually("a new pool") { running.pools == ["p 10.0.0.4-10.0.0.5", "r 10.0.0.8"] }
      #expect(running.lists == lists)
      #expect(await running.status()?["lostState"] == nil)
      #expect(!running.log.text.contains("restored"))
    }
  }

  /// As where it was back so soon that this agent took it for the same.
  @Test("an agent that hears of a loss from another node lists anew, looks anew, and says so")
  func told() async throws {
    try await running(
      { $0.ownBackoff = Backoff(initial: .milliseconds(100), longest: .milliseconds(300)) },
      before: { running in
        try await running.createWithOther(gives: ["10.0.0.5"])
      }
    ) { running in
      try await running.says("10.0.0.5 is still given by node n2")
      try await eventually("it has looked") { await running.moment("followedSince") != nil }
      let lists = running.lists
      let lostState = Timestamp(seconds: try #require(await running.moment("followedSince")).seconds + 1)
      // The server's clock tells whole seconds.
      try await Task.sleep(for: .seconds(2))
      try await running.reportOther(followedSince: lostState, lostState: lostState)
      try await eventually("its report tells of the loss") {
        await running.moment("lostState") == lostState
      }
      try await eventually("each collection is listed anew") {
        running.lists.allSatisfy { $0.value > lists[$0.key] ?? 0 }
      }
      try await eventually("it is given") { running.pools == ["p 10.0.0.4-10.0.0.5"] }
      // Until then all others wait for it.
      try await eventually("it has looked since", within: .seconds(60)) {
        await running.moment("followedSince").map { $0 >= lostState } ?? false
      }
    }
  }

  @Test("an agent finds that the server was restored before it started, by a file that is no pool")
  func restarted() async throws {
    try await running(before: { running in
      try await running.create(pool("p", ips: ["10.0.0.4-10.0.0.5"]))
      try await runBefore(running) {
        try await eventually("all is given, and reported") {
          await running.reportedPool("p")?["ips"] == ["10.0.0.4-10.0.0.5"]
        }
        let backup = await running.server.backUp()
        try await running.change("p", ["ips": ["10.0.0.4"]])
        try await eventually("the address is gone, and the file knows of that report") {
          guard await running.reportedPool("p")?["ips"] == ["10.0.0.4"] else { return false }
          let version = try await running.client.get(Resources.reports, "n1").metadata.resourceVersion
          return "\(running.mark.reportVersion)" == version
        }
        return backup
      }
      let catalog = PoolCatalog(directory: running.poolDirectory)
      #expect(catalog.pools.map(\.name) == ["p"])
      #expect(catalog.faults.isEmpty)
      _ = SeenVersionFile(directory: running.directory).write(running.mark)
    }) { running in
      let before = try #require(SeenVersionFile(directory: running.directory).read().time)
      try await eventually("its report tells of the loss") { await running.status()?["lostState"] != nil }
      #expect(await running.moment("lostState") == before)
      try await eventually("the file knows of the loss") { running.mark.lostState != nil }
      #expect(running.log.text.contains("the API server was restored to an older state"))
      try await eventually("what is given again") { running.pools == ["p 10.0.0.4-10.0.0.5"] }
    }
  }

  @Test("an agent that starts beside a server that has all finds no loss")
  func same() async throws {
    try await running(before: { running in
      try await running.create(pool("p", ips: ["10.0.0.4-10.0.0.5"]))
      try await runBefore(running) {
        try await eventually("all is given, and reported") {
          await running.reportedPool("p")?["ips"] == ["10.0.0.4-10.0.0.5"] && running.mark.version > 0
        }
        return nil
      }
    }) { running in
      try await running.create(pool("r", ips: ["10.0.0.8"]))
      try await eventually("a new pool") { running.pools == ["p 10.0.0.4-10.0.0.5", "r 10.0.0.8"] }
      #expect(await running.status()?["lostState"] == nil)
      #expect(!running.log.text.contains("restored"))
    }
  }

  /// The run of the agent before; then the server goes back to a backup.
  private func runBefore(_ running: Running, _ body: @escaping @Sendable () async throws -> StandIn.Backup?)
    async throws
  {
    var options = AgentOptions(
      credentials: .kubeconfig(paths: ["\(running.directory)/kubeconfig"]), nodeName: "n1",
      listen: try #require(ListenAddress("127.0.0.1:0")), version: "0")
    options.poolDirectory = running.poolDirectory
    options.dataDirectory = running.dataDirectory
    options.runDirectory = running.runDirectory
    options.recordDirectory = running.recordDirectory
    options.lookInterval = .milliseconds(100)
    let agent = NodeAgent(
      options, log: Logger(label: "agent") { _ in SwiftLogNoOpLogHandler() },
      machine: MachineIdentity(machineID: "machine-1", bootID: "boot-1"))
    let backup = try await withThrowingTaskGroup(of: StandIn.Backup?.self) { group in
      group.addTask {
        try await agent.run()
        return nil
      }
      group.addTask { try await body() }
      defer { group.cancelAll() }
      return try await group.next() ?? nil
    }
    if let backup { await running.server.restore(backup) }
  }
}
