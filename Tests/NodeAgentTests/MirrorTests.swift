import ClusterObjects
import ClusterTestSupport
import Foundation
import JSON
import KubernetesClient
import KubernetesStandIn
import Operator
import Testing

@testable import NodeAgent

@Suite struct MirrorTests {
  @Test("the plugin has what the API server has, from the first list on and after each change")
  func follows() async throws {
    try await running { running in
      try await eventually("an empty file") { FileManager.default.fileExists(atPath: running.file) }
      try await running.create(pool("a", ips: ["10.0.0.1"]), pool("b", ips: ["10.0.0.9"], nodes: ["n2"]))
      try await eventually("a") { running.pools == ["a 10.0.0.1"] }
      try await running.change("a", ["ips": ["10.0.0.1-10.0.0.3"]])
      try await eventually("a changes") { running.pools == ["a 10.0.0.1-10.0.0.3"] }
      try await running.change("b", ["nodeName": ["n1"]])
      try await eventually("b comes") { running.pools == ["a 10.0.0.1-10.0.0.3", "b 10.0.0.9"] }
      _ = try await running.client.create(Resources.reservedIPs, reserved("r", ips: ["10.0.0.2"]))
      try await eventually("2 is reserved") { running.pools == ["a 10.0.0.1,10.0.0.3", "b 10.0.0.9"] }
      try await running.client.delete(Resources.pools, "b")
      try await eventually("b goes") { running.pools.first.map { !$0.contains("disabled") } ?? false }
    }
  }

  @Test(
    "what cannot be read leaves the file as it is, byte for byte",
    arguments: [
      Fault.status(401, reason: "Unauthorized"), .status(403, reason: "Forbidden"),
      .status(404, reason: "NotFound"),
      .status(410, reason: "Expired"), .status(429, reason: "TooManyRequests"),
      .status(503, reason: "ServiceUnavailable"), .text(200, "{}"), .text(200, #"{"items":[]}"#),
      .cut(bytes: 200),
    ])
  func failures(_ fault: Fault) async throws {
    try await running { running in
      try await running.create(pool("a", ips: ["10.0.0.1"]), pool("b", ips: ["10.0.0.2"]))
      try await eventually("both") { running.pools == ["a 10.0.0.1", "b 10.0.0.2"] }
      let before = try Data(contentsOf: URL(filePath: running.file))
      running.server.order(FaultRule(fault, to: "list", times: nil))
      running.server.order(FaultRule(fault, to: "watch", times: nil))
      let lists = running.server.count("list")
      await running.server.restart()
      try await eventually("several lists") { running.server.count("list") >= lists + 4 }
      #expect(try Data(contentsOf: URL(filePath: running.file)) == before)
      // The state says so, for those who ask while the API server is away.
      try await eventually("the failure is told") {
        AgentState(directory: running.runDirectory)?.feeds.contains { $0.problem != nil } ?? false
      }
      running.server.behave()
      try await running.client.delete(Resources.pools, "b")
      try await eventually("in step again") { running.pools == ["a 10.0.0.1"] }
      try await eventually("and says so") { AgentState(directory: running.runDirectory)?.isInStep ?? false }
    }
  }

  @Test(
    "nothing is written before everything has been read", arguments: ["spiderippools", "spiderreservedips"])
  func partial(_ collection: String) async throws {
    try await running(before: { running in
      try FileManager.default.createDirectory(
        atPath: running.poolDirectory, withIntermediateDirectories: true)
      try "of the run before".write(toFile: running.file, atomically: true, encoding: .utf8)
      try await running.create(pool("a", ips: ["10.0.0.1"]))
      running.server.order(
        FaultRule(
          .status(403, reason: "Forbidden", message: "role"), to: "list", path: collection, times: nil))
    }) { running in
      let path = running.file
      try await eventually("tries") { running.server.count("list") >= 8 }
      #expect(try String(contentsOfFile: path, encoding: .utf8) == "of the run before")
      try await eventually("the report") { await running.condition("PoolsInSync") == "False NotFollowed" }
      running.server.behave()
      try await eventually("a") { running.pools == ["a 10.0.0.1"] }
      try await eventually("in step") { await running.condition("PoolsInSync") == "True InStep" }
    }
  }

  @Test("the file names the version of the last edit that is in it")
  func version() async throws {
    try await running { running in
      try await running.create(pool("a", ips: ["10.0.0.1"]))
      try await eventually("a") { running.pools == ["a 10.0.0.1"] }
      try await running.change("a", ["ips": ["10.0.0.2"]])
      try await eventually("the edit") { running.pools == ["a 10.0.0.2"] }
      let edited = try await running.client.get(Resources.pools, "a").metadata.resourceVersion
      let file = try JSONValue(parsing: Array(Data(contentsOf: URL(fileURLWithPath: running.file))))
      let versions = file.object?["metadata"]?.object?["resourceVersions"]?.object
      #expect(versions?["spiderippools"]?.string == edited)
    }
  }

  @Test("an object that is wrong stays as it was, is told, and hides no other")
  func invalid() async throws {
    try await running { running in
      try await running.create(pool("a", ips: ["10.0.0.1"]))
      try await eventually("a") { running.pools == ["a 10.0.0.1"] }
      try await running.change("a", ["ips": ["10.0.9.1"]])
      try await running.create(pool("b", ips: ["10.0.0.2"]))
      try await eventually("b") { running.pools == ["a 10.0.0.1", "b 10.0.0.2"] }
      try await eventually("the report") {
        await running.reportedPool("a")?["error"]?.string?.contains("spec.ips[0]") ?? false
      }
      try await eventually("an event") { await running.events() == ["Invalid a"] }
      try await running.change("a", ["ips": ["10.0.0.9"]])
      try await eventually("mended") { running.pools == ["a 10.0.0.9", "b 10.0.0.2"] }
      try await eventually("the report") {
        await running.reportedPool("a").map { $0["error"] == nil } ?? false
      }
    }
  }

  @Test("a pool that is wrong when the agent starts is used as the run before has left it")
  func invalidAtStart() async throws {
    try await running(before: { running in
      let file = PoolFile(directory: running.poolDirectory)
      let good = try resolved([pool("a", ips: ["10.0.0.1"], uid: "u"), pool("gone", ips: ["10.0.0.7"])])
      _ = try file.write(.init(server: "", agent: "", resolution: good, reserved: []))
      try await running.create(pool("a", ips: ["10.0.9.1"]))
      // The server gives identities of its own.
      let uid = try await running.client.get(Resources.pools, "a").metadata.uid ?? ""
      let text = try String(contentsOfFile: file.path, encoding: .utf8)
      try text.replacing("\"u\"", with: "\"\(uid)\"").write(
        toFile: file.path, atomically: true, encoding: .utf8)
    }) { running in
      try await eventually("the other is gone") { running.pools == ["a 10.0.0.1"] }
    }
  }

  @Test("a file that somebody wrote on the node goes before, and the report says so")
  func handWritten() async throws {
    try await running(before: { running in
      try FileManager.default.createDirectory(
        atPath: running.poolDirectory, withIntermediateDirectories: true)
      try """
      {"apiVersion": "spiderpool.spidernet.io/v2beta1", "kind": "SpiderIPPool", "metadata": {"name": "a"},
       "spec": {"subnet": "10.0.0.0/24", "ips": ["10.0.0.77"]}}
      """.write(toFile: "\(running.poolDirectory)/mine.json", atomically: true, encoding: .utf8)
      try await running.create(pool("a", ips: ["10.0.0.1"]), pool("b", ips: ["10.0.0.2"]))
    }) { running in
      try await eventually("both files") { running.pools == ["a 10.0.0.77", "b 10.0.0.2"] }
      try await eventually("the report") {
        let pools = await running.status()?["pools"]?.array ?? []
        return pools.contains {
          $0["uid"]?.string?.isEmpty == false && $0["error"]?.string?.contains("mine.json") ?? false
        }
      }
    }
  }

  @Test("a file that cannot be written is told, and written as soon as it can be")
  func unwritable() async throws {
    try await running(before: { running in
      try "".write(toFile: running.poolDirectory, atomically: true, encoding: .utf8)
      try await running.create(pool("a", ips: ["10.0.0.1"]))
    }) { running in
      try await eventually("the report") { await running.condition("PoolsInSync") == "False NotWritten" }
      try FileManager.default.removeItem(atPath: running.poolDirectory)
      try await eventually("written") { running.pools == ["a 10.0.0.1"] }
    }
  }

  /// Each takes an address away and brings a new one.
  @Test("a hundred edits make a few writes")
  func edits() async throws {
    try await running { running in
      try await running.create(pool("a", ips: ["10.0.0.1-10.0.0.4"]))
      try await eventually("a") { running.pools == ["a 10.0.0.1-10.0.0.4"] }
      let before = running.log.text.components(separatedBy: "wrote").count
      let start = ContinuousClock.now
      for edit in 2...100 {
        try await running.change("a", ["ips": [.string("10.0.0.\(edit)-10.0.0.\(edit + 3)")]])
        try await Task.sleep(until: start + .milliseconds(50 * edit))
      }
      let writes = running.log.text.components(separatedBy: "wrote").count - before
      // Six within 5 seconds; a busy machine takes longer for its edits.
      let seconds = Double((ContinuousClock.now - start).components.seconds)
      #expect(writes <= 2 + Int((seconds + 1) / 1.25))
      try await eventually("the last edit counts") { running.pools == ["a 10.0.0.100-10.0.0.103"] }
    }
  }

  @Test("1,000 pools of the cluster are read, and those of the node written once")
  func thousand() async throws {
    try await running(before: { running in
      for number in 0..<1000 {
        try await running.create(
          pool(
            "p\(number)", ips: ["10.0.\(number / 250).\(number % 250 + 1)"], nodes: ["n\(number % 100)"],
            age: number,
            ["subnet": "10.0.0.0/16"]))
      }
    }) { running in
      try await eventually("ten pools") {
        running.pools.count == 10 && !running.pools.contains { $0.contains("disabled") }
      }
      // In pages, and once.
      #expect(running.server.requests.count { $0.verb == "list" && $0.path.hasSuffix("/spiderippools") } == 2)
      // The line comes after the file.
      try await eventually("a line") { running.log.text.contains("wrote") }
      // A second time where the other nodes' reports were not read within 2 s.
      #expect(running.log.text.components(separatedBy: "wrote").count <= 3)
    }
  }
}

extension Running {
  /// Reason and object of each event.
  func events() async -> [String] {
    let list = try? await client.list(Event.resource, namespace: "default")
    return (list?.items ?? []).map { "\($0.reason ?? "") \($0.involvedObject.name ?? "")" }.sorted()
  }
}

extension StandIn {
  func count(_ verb: String) -> Int { requests.count { $0.verb == verb } }
}
