import ClusterObjects
import ClusterTestSupport
import KubernetesClient
import KubernetesStandIn

@testable import NodeAgent

/// What tests need to know where the API server is away.
extension Running {
  var mark: Continuity.Mark { SeenVersionFile(directory: poolDirectory).read() }

  /// How often each collection that decides about addresses has been listed.
  var lists: [String: Int] {
    let requests = server.requests
    return Dictionary(
      uniqueKeysWithValues: ["spiderippools", "spiderreservedips", "ipvlanblocks", "nodes"].map { name in
        (name, requests.count { $0.verb == "list" && $0.path.hasSuffix("/\(name)") })
      })
  }

  /// A moment in this node's report.
  func moment(_ key: String) async -> Timestamp? {
    await status()?[key]?.string.flatMap(Timestamp.init)
  }

  /// Makes pool p, and the report of n2.
  func createWithOther(gives: [FieldValue] = []) async throws {
    _ = try await client.create(
      Resources.reports, UnstructuredObject(metadata: ObjectMetadata(name: "n2")))
    try await reportOther(gives: gives)
    try await create(pool("p", ips: ["10.0.0.4-10.0.0.5"]))
  }

  /// Writes the report of n2.
  func reportOther(
    gives: [FieldValue] = [], followedSince: Timestamp? = nil, lostState: Timestamp? = nil
  ) async throws {
    let pools: FieldValue = [
      ["name": "q", "uid": "q", "generation": 1, "subnet": "10.0.0.0/24", "ips": .array(gives)]
    ]
    let status: FieldValue = [
      "pools": pools, "busy": [], "followedSince": followedSince.map { .string("\($0)") } ?? .null,
      "lostState": lostState.map { .string("\($0)") } ?? .null,
    ]
    _ = try await client.mergePatch(
      Resources.reports, "n2", subresource: .status, patch: ["status": status] as FieldValue)
  }

  /// Waits until the report says that of pool p.
  func says(_ words: String) async throws {
    try await eventually("it says: \(words)") {
      await reportedPool("p")?["error"]?.string?.contains(words) ?? false
    }
  }

  /// Waits until the agent has read all reports so many times more.
  func asks(_ times: Int) async throws {
    func count() -> Int {
      server.requests.count {
        $0.verb == "list" && $0.path.hasSuffix("/ipvlannodes") && $0.query["fieldSelector"] == nil
      }
    }
    let before = count()
    try await eventually("it asks") { count() >= before + times }
  }

  /// Has the server refuse everything until the agent has noticed it.
  func outage(_ body: () async throws -> Void) async throws {
    server.order(FaultRule(.status(503, reason: "ServiceUnavailable"), times: nil))
    try await body()
    let began = ContinuousClock.now
    try await eventually("it tries again and again") {
      ["spiderippools", "ipvlanblocks", "ipvlannodes"].allSatisfy { name in
        server.requests.count { $0.at > began && $0.path.hasSuffix("/\(name)") } >= 5
      }
    }
    server.behave()
  }
}
