import ClusterObjects
import ClusterTestSupport
import Daemon
import Foundation
import KubernetesClient
import KubernetesStandIn
import Operator
import Synchronization
import Testing

@testable import NodeAgent

@Suite struct ReportTests {
  @Test("what pods hold is counted and listed, and after their end no more")
  func counts() async throws {
    try await running { running in
      try await running.create(pool("a", ips: ["10.0.0.1-10.0.0.5"]))
      try await eventually("a") { running.pools.first.map { !$0.contains("disabled") } ?? false }
      #expect(try running.add("web", uid: "7a-1") == "10.0.0.1/24")
      try await eventually("one is held") { await running.reportedPool("a")?["held"]?.integer == 1 }
      let pool = await running.reportedPool("a")
      #expect(pool?["total"]?.integer == 5)
      let id = try await running.client.get(Resources.pools, "a").metadata.uid
      #expect(pool?["uid"]?.string == id)
      #expect(
        await running.status()?["records"]?.array == [
          ["ip": "10.0.0.1", "pool": "a", "pod": "default/web", "podUID": "7a-1"]
        ])
      #expect(await running.status()?["machineID"]?.string == "machine-1")
      #expect(await running.condition("StoreReadable") == "True Readable")
      #expect(await running.condition("AgentUnique") == "True Unique")
      try running.delete("web")
      try await eventually("none is held, and none rests") {
        let pool = await running.reportedPool("a")
        return pool?["held"]?.integer == 0 && pool?["cooling"]?.integer == 0
      }
      #expect(await running.status()?["records"]?.array == [])
    }
  }

  @Test("while nothing changes nothing is written")
  func quiet() async throws {
    try await running { running in
      try await running.create(pool("a", ips: ["10.0.0.1"]))
      try await eventually("a report of a as it is") {
        let pool = await running.reportedPool("a")
        return pool?["generation"]?.integer == 1 && pool?["total"]?.integer == 1 && pool?["error"] == nil
      }
      try await Task.sleep(for: .seconds(1))
      let before = running.server.count("patch")
      try await Task.sleep(for: .seconds(2))
      #expect(running.server.count("patch") == before)
    }
  }

  @Test("a report that is refused is written again, in its newest form only")
  func refused() async throws {
    try await running { running in
      try await running.create(pool("a", ips: ["10.0.0.1-10.0.0.5"]))
      try await eventually("a") { running.pools == ["a 10.0.0.1-10.0.0.5"] }
      running.server.order(
        FaultRule(.status(503, reason: "ServiceUnavailable"), to: "patch", path: "ipvlannodes", times: nil))
      for pod in 1...3 { _ = try running.add("pod\(pod)") }
      try await eventually("the failure is told") {
        AgentState(directory: running.runDirectory)?.reportProblem?.contains("503") ?? false
      }
      let tried = running.server.count("patch")
      running.server.behave()
      try await eventually("three are held") { await running.reportedPool("a")?["held"]?.integer == 3 }
      try await eventually("and it says so") {
        AgentState(directory: running.runDirectory)?.reportProblem == nil
      }
      #expect(running.server.count("patch") <= tried + 4)
    }
  }

  @Test("a Node that the API server does not have is told of until it is there")
  func noNode() async throws {
    try await running { running in
      try await eventually("it is told") {
        let problem = AgentState(directory: running.runDirectory)?.problems.first
        return problem?.hasPrefix("the API server has no Node n1, ") ?? false
      }
      _ = try await running.client.create(
        Resources.nodes, UnstructuredObject(metadata: ObjectMetadata(name: "n1")))
      try await eventually("it is there") { AgentState(directory: running.runDirectory)?.problems == [] }
      #expect(running.log.text.contains("finding the Node n1 works again"))
    }
  }

  @Test("a store that cannot be read is told, and no count is made up")
  func unreadable() async throws {
    try await running(before: { running in
      try FileManager.default.createDirectory(
        atPath: running.dataDirectory, withIntermediateDirectories: true)
      // Open to other users, so that nobody believes it.
      try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: running.dataDirectory)
      try "".write(
        toFile: "\(running.dataDirectory)/leases-\(bootID()).mdb", atomically: true, encoding: .utf8)
    }) { running in
      try await eventually("the report") { await running.condition("StoreReadable") == "False NotReadable" }
      let status = await running.status()
      #expect(status?["pools"] != nil && status?["records"] == nil && status?["busy"] == nil)
    }
  }

  @Test(
    "addresses that pods hold and the pool has no more are told until the last is free, and not given again")
  func outside() async throws {
    try await running { running in
      try await running.create(pool("a", ips: ["10.0.0.1-10.0.0.2"]))
      try await eventually("a") { running.pools.first.map { !$0.contains("disabled") } ?? false }
      #expect(try running.add("one") == "10.0.0.1/24")
      try await running.change("a", ["ips": ["10.0.0.2"]])
      try await eventually("an event") { await running.events().contains("AddressesOutside a") }
      #expect(try running.add("two") == "10.0.0.2/24")
      try running.delete("one")
      #expect(throws: (any Error).self) { try running.add("three") }
    }
  }

  @Test("a pool that was made anew is reported beside the one before, as long as pods hold addresses of that")
  func madeAnew() async throws {
    try await running { running in
      let uids = Mutex<[String]>([])
      let make = { @Sendable () async throws in
        try await running.create(pool("a", ips: ["10.0.0.1-10.0.0.4"]))
        let uid = try await running.client.get(Resources.pools, "a").metadata.uid
        uids.withLock { $0.append(uid ?? "") }
      }
      // Of each pool of the name, the former ones first, what is held.
      let held = { @Sendable () async -> [Int64?] in
        let pools = await running.status()?["pools"]?.array ?? []
        return uids.withLock { $0 }.map { uid in pools.first { $0["uid"]?.string == uid }?["held"]?.integer }
      }
      try await make()
      try await eventually("a") { running.pools == ["a 10.0.0.1-10.0.0.4"] }
      #expect(try running.add("one") == "10.0.0.1/24")
      #expect(try running.add("two") == "10.0.0.2/24")
      try await eventually("two are held") { await held() == [2] }

      try await running.client.delete(Resources.pools, "a")
      try await eventually("two are held of it though it is gone") {
        let records = await running.status()?["records"]?.array ?? []
        return await held() == [2] && records.allSatisfy { $0["poolUID"] != nil }
      }
      try await make()
      try await eventually("the new one") { running.pools == ["a 10.0.0.1-10.0.0.4"] }
      #expect(try running.add("three") == "10.0.0.3/24")
      try await eventually("both are reported") { await held() == [2, 1] }
      let records = await running.status()?["records"]?.array ?? []
      let former = uids.withLock { $0[0] }
      #expect(records.map { $0["poolUID"]?.string } == [former, former, nil])

      try running.delete("one")
      try await eventually("one is free") { await held() == [1, 1] }
      try running.delete("two")
      try await eventually("the former pool is forgotten") { await held() == [nil, 1] }
    }
  }

  @Test("an agent that starts knows from its report which pool of the name a pod's address is of")
  func madeAnewBetweenRuns() async throws {
    let records: [FieldValue] = [
      ["ip": "10.0.0.1", "pool": "a", "pod": "default/one", "poolUID": "first"],
      ["ip": "10.0.0.2", "pool": "a", "pod": "default/two"],
    ]
    try await running(before: { running in
      try await running.create(pool("a", ips: ["10.0.0.1-10.0.0.4"]))
      let pools: [FieldValue] = [
        ["name": "a", "uid": "first"], ["name": "a", "uid": "second", "generation": 1],
      ]
      _ = try await running.client.create(
        Resources.reports, UnstructuredObject(metadata: ObjectMetadata(name: "n1")))
      _ = try await running.client.mergePatch(
        Resources.reports, "n1", subresource: .status,
        patch: ["status": ["pools": .array(pools), "records": .array(records)]] as FieldValue)
      try FileManager.default.createDirectory(
        atPath: running.poolDirectory, withIntermediateDirectories: true)
      try """
      apiVersion: spiderpool.spidernet.io/v2beta1
      kind: SpiderIPPool
      metadata: {name: a}
      spec: {subnet: 10.0.0.0/24, ips: [10.0.0.1-10.0.0.4], default: true, nodeName: [n1]}
      """.write(toFile: "\(running.poolDirectory)/a.yaml", atomically: true, encoding: .utf8)
      for pod in ["one", "two"] { try running.add(pod) }
      try FileManager.default.removeItem(atPath: "\(running.poolDirectory)/a.yaml")
    }) { running in
      try await eventually("each pool with what is held of it") {
        let pools = await running.status()?["pools"]?.array ?? []
        let held = pools.map { pool in
          let uid = pool["uid"]?.string ?? ""
          return "\(["first", "second"].contains(uid) ? uid : "present") \(pool["held"]?.integer ?? -1)"
        }
        return held.sorted() == ["first 1", "present 0", "second 1"]
      }
    }
  }

  @Test("the plugin knows the Node's name from the agent")
  func nodeName() async throws {
    try await running { running in
      try await running.create(pool("a", ips: ["10.0.0.1"]))
      try await eventually("a") { running.pools.first.map { !$0.contains("disabled") } ?? false }
      #expect(try running.add("web", onNode: nil) == "10.0.0.1/24")
    }
  }

  @Test("a pool that an older one leaves less to is told of on the node")
  func overlap() async throws {
    try await running { running in
      try await running.create(pool("a", ips: ["10.0.0.1-10.0.0.4"]))
      try await eventually("a") { running.pools.count == 1 }
      try await running.create(pool("b", ips: ["10.0.0.4-10.0.0.6"]))
      try await eventually("it is told") {
        AgentState(directory: running.runDirectory)?.conflicts.map(\.object) == ["spiderippool/b"]
      }
    }
  }

  /// A report that was given up on may arrive after the next one.
  @Test("a report is written over the version that is known, and again over another one")
  func conflict() async throws {
    try await running { running in
      try await running.create(pool("a", ips: ["10.0.0.1"]))
      try await eventually("a report") { await running.reportedPool("a") != nil }
      running.server.order(
        FaultRule(.status(409, reason: "Conflict"), to: "patch", path: "ipvlannodes", times: 1))
      try await running.create(pool("b", ips: ["10.0.0.2"]))
      try await eventually("the next report") { await running.reportedPool("b") != nil }
      // Somebody else changes it: what the agent knows of it is out of date.
      _ = try await running.client.mergePatch(
        Resources.reports, "n1", subresource: .status,
        patch: ["status": ["pools": [] as FieldValue]] as FieldValue)
      try await running.create(pool("c", ips: ["10.0.0.3"]))
      try await eventually("all of it") { await running.reportedPool("c") != nil }
      #expect(await running.reportedPool("a") != nil)
    }
  }

  @Test("two machines of one name notice it, say so once each, and write no more")
  func rivals() async throws {
    try await running { running in
      try await running.create(pool("a", ips: ["10.0.0.1-10.0.0.5"]))
      try await eventually("a report") { await running.reportedPool("a") != nil }
      _ = try await running.client.mergePatch(
        Resources.reports, "n1", subresource: .status,
        patch: ["status": ["machineID": "machine-2"]] as FieldValue)
      try await eventually("noticed") { await running.condition("AgentUnique") == "False NotUnique" }
      try await eventually("an event") { await running.events().contains("AgentNotUnique n1") }
      let before = running.server.count("patch")
      _ = try running.add("web")
      try await Task.sleep(for: .seconds(1))
      #expect(running.server.count("patch") == before)
      // Its own files it keeps up all the same.
      try await running.change("a", ["ips": ["10.0.0.9"]])
      try await eventually("the file") { running.pools == ["a 10.0.0.9"] }
    }
  }

  @Test("a report of a machine that had the name before is no rival's")
  func successor() async throws {
    try await running(before: { running in
      let metadata = ObjectMetadata(name: "n1")
      _ = try await running.client.create(Resources.reports, UnstructuredObject(metadata: metadata))
      _ = try await running.client.mergePatch(
        Resources.reports, "n1", subresource: .status,
        patch: ["status": ["machineID": "machine-0"]] as FieldValue)
    }) { running in
      try await eventually("taken over") { await running.condition("AgentUnique") == "True Unique" }
      try await running.create(pool("a", ips: ["10.0.0.1"]))
      try await eventually("it goes on") { await running.reportedPool("a") != nil }
    }
  }

  @Test("a second agent on a node ends with status 75, and the first goes on")
  func second() async throws {
    try await running { running in
      try await eventually("runs") { AgentState.isRunning(in: running.runDirectory) }
      let refusal = #expect(throws: DaemonError.self) { _ = try AgentLock.take(running.runDirectory) }
      #expect(refusal?.exitStatus == 75)
      try await running.create(pool("a", ips: ["10.0.0.1"]))
      try await eventually("a") { running.pools.first.map { !$0.contains("disabled") } ?? false }
    }
  }
}

private func bootID() -> String {
  let text = try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)
  return text?.trimmingCharacters(in: .whitespacesAndNewlines) ?? ""
}
