import ClusterObjects
import ClusterTestSupport
import IPAM
import KubernetesClient
import KubernetesStandIn
import Operator
import Testing

@testable import NodeAgent

/// Pools that the node shares with others.
@Suite struct BlockTests {
  private func blocks(_ running: Running) async throws -> [String] {
    try await running.client.list(Resources.blocks).items.compactMap { $0["spec"]?["ips"]?.array }
      .flatMap { $0.compactMap(\.string) }.sorted()
  }

  private func createNode(_ running: Running) async throws {
    _ = try await running.client.create(
      Resources.nodes, UnstructuredObject(metadata: ObjectMetadata(name: "n1")))
  }

  @Test("a block is claimed when a pod takes the last free address, before another pod waits for one")
  func ahead() async throws {
    try await running { running in
      try await createNode(running)
      try await running.create(pool("a", ips: ["10.0.0.1-10.0.0.9"], nodes: []))
      for count in 1...4 {
        try await eventually("\(count) blocks") { try await blocks(running).count == count }
        try await eventually("they are in the file") {
          PoolCatalog(directory: running.poolDirectory).pools.first?.addresses.count == UInt128(count)
        }
        if count < 4 { try running.add("pod\(count)") }
      }
    }
  }

  @Test(
    "an address that another node gives, or that a pod of it holds, is not given, and the report says why")
  func moved() async throws {
    try await running(before: { running in
      let other = try await running.client.create(
        Resources.reports, UnstructuredObject(metadata: ObjectMetadata(name: "n2")))
      try await report(running, of: other, gives: ["10.0.0.5"], holds: [])
      try await running.create(pool("p", ips: ["10.0.0.4-10.0.0.5"]))
    }) { running in
      try await eventually("the rest is given") { running.pools == ["p 10.0.0.4"] }
      func says(_ words: String) async -> Bool {
        await running.reportedPool("p")?["error"]?.string?.contains(words) ?? false
      }
      try await eventually("it says who gives it") {
        await says("10.0.0.5 is still given by node n2 (pool q)")
      }
      let other = try await running.client.get(Resources.reports, "n2")
      try await report(running, of: other, gives: [], holds: ["10.0.0.5"])
      try await eventually("it says who holds it") { await says("10.0.0.5 is held by a pod of node n2") }
      #expect(running.pools == ["p 10.0.0.4"])
      try await report(running, of: other, gives: [], holds: [])
      try await eventually("it is given") { running.pools == ["p 10.0.0.4-10.0.0.5"] }
      try await eventually("it says so") {
        let pool = await running.reportedPool("p")
        return pool?["ips"] == ["10.0.0.4-10.0.0.5"] && pool?["error"] == nil
      }
    }
  }

  private func report(
    _ running: Running, of node: UnstructuredObject, gives: [FieldValue], holds: [FieldValue]
  ) async throws {
    let status: FieldValue = [
      "conditions": [["type": "StoreReadable", "status": "True"]],
      "pools": [["name": "q", "uid": "q", "generation": 1, "subnet": "10.0.0.0/24", "ips": .array(gives)]],
      "busy": .array(holds),
    ]
    _ = try await running.client.mergePatch(
      Resources.reports, node.metadata.name ?? "", subresource: .status,
      patch: ["status": status] as FieldValue)
  }

  /// The report's own turns are an hour apart: a new pool must not need one.
  @Test("a new pool is given at once, also while an address of another pool waits")
  func atOnce() async throws {
    try await running(
      { $0.lookInterval = .seconds(3600) },
      before: { running in
        let other = try await running.client.create(
          Resources.reports, UnstructuredObject(metadata: ObjectMetadata(name: "n2")))
        try await report(running, of: other, gives: ["10.0.0.5"], holds: [])
      }
    ) { running in
      try await running.create(pool("p", ips: ["10.0.0.4-10.0.0.5"]))
      try await eventually("what nobody else gives") { running.pools == ["p 10.0.0.4"] }
      try await running.create(pool("r", ips: ["10.0.0.8-10.0.0.9"]))
      try await eventually("a second pool") { running.pools == ["p 10.0.0.4", "r 10.0.0.8-10.0.0.9"] }
    }
  }

  @Test("a node that may not write blocks says so as long as it needs one")
  func forbidden() async throws {
    try await running { running in
      try await createNode(running)
      running.server.order(
        FaultRule(
          .status(403, reason: "Forbidden", message: "cannot create resource ipvlanblocks"), to: "create",
          path: "ipvlanblocks", times: nil))
      try await running.create(pool("a", ips: ["10.0.0.1-10.0.0.9"], nodes: []))
      try await eventually("it says so") {
        await running.condition("PoolsInSync") == "False BlocksNotWritten"
      }
      running.server.behave()
      try await eventually("a block") { try await blocks(running).count == 1 }
      try await eventually("in step") { await running.condition("PoolsInSync") == "True InStep" }
    }
  }

  @Test("a node that may not read its own report says so")
  func unreadable() async throws {
    try await running { running in
      running.server.order(
        FaultRule(
          .status(403, reason: "Forbidden", message: "cannot list resource ipvlannodes"), to: "list",
          path: "ipvlannodes", times: nil))
      try await eventually("it is told on the node") {
        AgentState(directory: running.runDirectory)?.feeds.contains {
          $0.collection == Resources.reports.qualifiedName && $0.problem != nil
        } ?? false
      }
      try await eventually("and in the cluster") {
        await running.condition("PoolsInSync") == "False NotFollowed"
      }
      running.server.behave()
      try await eventually("in step") { await running.condition("PoolsInSync") == "True InStep" }
    }
  }

  @Test("where the reports cannot be read nothing new is given, and all of it afterwards")
  func unread() async throws {
    try await running { running in
      running.server.order(
        FaultRule(.status(500, reason: "InternalError"), to: "list", path: "ipvlannodes", skip: 1, times: nil)
      )
      try await running.create(pool("p", ips: ["10.0.0.4-10.0.0.5"]))
      try await eventually("nothing is given") { running.pools == ["p disabled "] }
      running.server.behave()
      try await eventually("all is given") { running.pools == ["p 10.0.0.4-10.0.0.5"] }
    }
  }

  /// Another node's report says that it gives addresses of the pool by its form from before.
  @Test("while another node gives by an earlier form of the pool nothing is claimed, and the report says why")
  func waiting() async throws {
    try await running { running in
      let pool = try await running.client.create(
        Resources.pools, pool("a", ips: ["10.0.0.1-10.0.0.9"], nodes: []))
      let other = try await running.client.create(
        Resources.reports, UnstructuredObject(metadata: ObjectMetadata(name: "n2")))
      func report(_ generation: Int64) async throws {
        let entry: FieldValue = [
          "name": "a", "uid": .string(pool.metadata.uid ?? ""), "generation": .integer(generation),
        ]
        _ = try await running.client.mergePatch(
          Resources.reports, other.metadata.name ?? "", subresource: .status,
          patch: ["status": ["pools": .array([entry])]] as FieldValue)
      }
      try await report((pool.metadata.generation ?? 1) - 1)
      _ = try await running.client.mergePatch(
        Resources.pools, "a", patch: ["spec": ["ips": ["10.0.0.1-10.0.0.8"]]] as FieldValue)
      // Nothing is claimed without a Node: the agent looks for the first time when all of that is there.
      try await createNode(running)
      try await eventually("it says whom it waits for") {
        await running.reportedPool("a")?["error"]?.string?.contains("node n2, which has not reported yet")
          ?? false
      }
      try await report((pool.metadata.generation ?? 1) + 1)
      try await eventually("a block") { try await !blocks(running).isEmpty }
      try await eventually("it waits no more") {
        await running.reportedPool("a")?["error"] == nil
      }
    }
  }

  @Test(
    "what pods hold of a pool that becomes everybody's is claimed before the node says that it has heard of it"
  )
  func opened() async throws {
    try await running { running in
      try await createNode(running)
      try await running.create(pool("a", ips: ["10.0.0.1-10.0.0.9"]))
      try await eventually("a") { running.pools.first.map { !$0.contains("disabled") } ?? false }
      for pod in ["p", "q"] { _ = try running.add(pod) }
      try await eventually("the report") { await running.reportedPool("a")?["held"]?.integer == 2 }
      let before = try #require(await running.reportedPool("a")?["generation"]?.integer)
      running.server.order(
        FaultRule(.status(503, reason: "ServiceUnavailable"), to: "create", path: "ipvlanblocks", times: nil))
      _ = try await running.client.mergePatch(
        Resources.pools, "a", patch: ["spec": ["nodeName": .null]] as FieldValue)
      try await eventually("a claim that fails") { running.log.text.contains("503") }
      try await Task.sleep(for: .seconds(1))
      #expect(await running.reportedPool("a")?["generation"]?.integer == before)
      running.server.behave()
      try await eventually("what is held has a block") {
        let claimed = try await blocks(running)
        return claimed.contains("10.0.0.1-10.0.0.2") || claimed.contains("10.0.0.1")
      }
      try await eventually("it says so") {
        await running.reportedPool("a")?["generation"]?.integer == before + 1
      }
    }
  }
}
