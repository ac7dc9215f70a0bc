import KubernetesClient
import Testing

@testable import ClusterController

/// Which addresses pods of two nodes hold, by what the nodes report.
@Suite struct DoubleHoldersTests {
  private func report(
    _ node: String, _ pools: [(name: String, uid: String)], holding records: [(ip: String, pool: String)],
    lostState: String? = nil, followedSince: String? = nil, podUID: String? = nil
  ) -> ReportObject {
    var status: [String: FieldValue] = [
      "pools": .array(pools.map { ["name": .string($0.name), "uid": .string($0.uid), "held": 1] }),
      "records": .array(
        records.map {
          [
            "ip": .string($0.ip), "pool": .string($0.pool), "pod": .string("default/\(node)"),
            "podUID": .string(podUID ?? ""),
          ]
        }),
    ]
    if let lostState { status["lostState"] = .string(lostState) }
    if let followedSince { status["followedSince"] = .string(followedSince) }
    return ReportObject(
      UnstructuredObject(metadata: ObjectMetadata(name: node), fields: ["status": .object(status)]))
  }

  private func doubles(_ reports: [ReportObject]) -> DoubleHolders {
    let pools = [("a", "1"), ("b", "2")].map { name, uid in
      var metadata = ObjectMetadata(name: name)
      metadata.uid = uid
      return metadata
    }
    return DoubleHolders(pools, reports)
  }

  private let clause = "10.0.0.1 is held by default/n1 on node n1 and by default/n2 on node n2"

  @Test("each pool is told of which a pod has the address, one pool or two")
  func pools() {
    let one = doubles([
      report("n1", [("a", "1")], holding: [("10.0.0.1", "a")]),
      report("n2", [("a", "1")], holding: [("10.0.0.1", "a"), ("10.0.0.2", "a")]),
    ])
    #expect(one.clauses(of: "a") == [clause])
    // An address has moved from the pool of one node to that of another.
    let two = doubles([
      report("n1", [("a", "1")], holding: [("10.0.0.1", "a")]),
      report("n2", [("b", "2")], holding: [("10.0.0.1", "b")]),
    ])
    #expect(two.clauses(of: "a") == [clause])
    #expect(two.clauses(of: "b") == [clause])
  }

  @Test("one pod that a renamed node reports again is one")
  func renamedNode() {
    let reports = { (second: String) in
      [
        report("n1", [("a", "1")], holding: [("10.0.0.1", "a")], podUID: "u1"),
        report("n2", [("a", "1")], holding: [("10.0.0.1", "a")], podUID: second),
      ]
    }
    #expect(doubles(reports("u1")).clauses(of: "a") == [])
    #expect(doubles(reports("u2")).clauses(of: "a") == [clause])
  }

  @Test("pools that only files of nodes have do not count, also under the name of a pool of the API server")
  func files() {
    let files = doubles([
      report("n1", [("a", "1"), ("a", "")], holding: [("10.0.0.1", "a")]),
      report("n2", [("a", "1"), ("a", "")], holding: [("10.0.0.1", "a")]),
    ])
    #expect(files.clauses(of: "a") == [])
    let unknown = doubles([
      report("n1", [("c", "")], holding: [("10.0.0.1", "c")]),
      report("n2", [("c", "")], holding: [("10.0.0.1", "c")]),
    ])
    #expect(unknown.clauses(of: "c") == [])
  }

  @Test("a report from before a restore of the API server names pods that may be gone")
  func restored() {
    let restored = "2026-11-30T12:00:00Z"
    let new = report(
      "n2", [("a", "1")], holding: [("10.0.0.1", "a")], lostState: restored,
      followedSince: "2026-11-30T12:00:10Z")
    for old in [nil, "2026-11-30T11:59:59Z"] {
      let before = report(
        "n1", [("a", "1")], holding: [("10.0.0.1", "a")], followedSince: old)
      #expect(doubles([before, new]).clauses(of: "a") == [])
    }
    let after = report(
      "n1", [("a", "1")], holding: [("10.0.0.1", "a")], followedSince: "2026-11-30T12:00:00Z")
    #expect(doubles([after, new]).clauses(of: "a") == [clause])
  }
}
