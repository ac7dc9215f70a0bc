import ClusterObjects
import KubernetesClient
import Testing

@testable import ClusterController

@Suite struct LateNodesTests {
  @Test("a node is late after a while without news of the edit, and then as long as none comes")
  func patience() {
    var late = LateNodes()
    let start = ContinuousClock.now
    let look = { (late: inout LateNodes, behind: [String], seconds: Double) in
      late.begin()
      return late.among(behind, ofPool: "a", at: start + .seconds(seconds))
    }
    #expect(look(&late, ["n1", "n2"], 0) == [])
    #expect(late.isWaiting(at: start + .seconds(1)))
    #expect(look(&late, ["n1"], 10) == [])
    #expect(look(&late, ["n1", "n2"], 16) == ["n1"])
    #expect(look(&late, ["n1", "n2"], 30) == ["n1"])
    #expect(look(&late, ["n1", "n2"], 32) == ["n1", "n2"])
    #expect(!late.isWaiting(at: start + .seconds(32)))
    #expect(look(&late, [], 33) == [])
    #expect(look(&late, ["n1"], 34) == [])
  }

  @Test("a status does not say that an edit has taken effect where a node has not reported it")
  func status() throws {
    let report = UnstructuredObject(
      metadata: ObjectMetadata(name: "worker1"),
      fields: [
        "status": [
          "conditions": [["type": "PoolsInSync", "status": "True"]],
          "pools": [["name": "a", "uid": "u", "generation": 1, "held": 2]],
          "records": [
            ["ip": "10.0.0.1", "pool": "a", "pod": "default/one"],
            ["ip": "10.0.0.9", "pool": "a", "pod": "default/two"],
          ],
        ]
      ])
    let conditions = { (spec: FieldValue, late: [String], deleted: Timestamp?) throws -> [String: String] in
      var object = UnstructuredObject(metadata: ObjectMetadata(name: "a"), fields: ["spec": spec])
      object.metadata.uid = "u"
      object.metadata.generation = 2
      object.metadata.deletionTimestamp = deleted
      let use = PoolUse("a", object.metadata, [ReportObject(report)])
      #expect(use.outdated == ["worker1"])
      let status = PoolStatus(
        object, usable: try PoolObject(object), fault: nil, conflicts: [], heldTwice: [], use, late: late)
      return Dictionary(
        uniqueKeysWithValues: status.draft.conditions.map { ($0.type, "\($0.reason): \($0.message)") })
    }
    let late = "node worker1 has not reported the last edit"
    let spec: FieldValue = ["subnet": "10.0.0.0/24", "ips": ["10.0.0.1-10.0.0.4"]]
    #expect(try conditions(spec, [], nil)["Ready"] == "InUse: pods get its addresses")
    let ready = try conditions(spec, ["worker1"], nil)
    #expect(ready["Ready"]?.hasPrefix("NodeProblem: \(late)") ?? false)
    #expect(ready["AddressesOutside"]?.contains("10.0.0.9. But \(late)") ?? false)
    let disabled = try conditions(
      ["subnet": "10.0.0.0/24", "ips": ["10.0.0.1-10.0.0.4"], "disable": true], ["worker1"], nil)
    #expect(disabled["Ready"]?.hasPrefix("Disabled: ") ?? false && disabled["Ready"]?.contains(late) ?? false)
    let deleted = try conditions(spec, ["worker1"], .now())
    #expect(
      deleted["Ready"]?.hasPrefix("Terminating: ") ?? false && deleted["Ready"]?.contains(late) ?? false)
  }
}
