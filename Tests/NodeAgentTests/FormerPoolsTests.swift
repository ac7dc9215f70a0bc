import Addressing
import ClusterObjects
import KubernetesClient
import Testing

@testable import NodeAgent

@Suite struct FormerPoolsTests {
  private var former = FormerPools()

  private func record(_ pod: String, _ address: Int) -> StoreView.Record {
    StoreView.Record(
      address: IPAddress("10.0.0.\(address)") ?? .unspecified(.v4), pool: "a", pod: "default/\(pod)")
  }

  /// The API server has the pool with this UID, and pods hold these addresses.
  private mutating func look(_ uid: String?, _ records: [StoreView.Record]) throws {
    var ledger = LastValidPools()
    if let uid {
      var object = UnstructuredObject(
        metadata: ObjectMetadata(name: "a"),
        fields: ["spec": ["subnet": "10.0.0.0/24", "ips": ["10.0.0.1-10.0.0.9"]]])
      object.metadata.uid = uid
      ledger.take(object)
      try #require(ledger.pools["a"]?.identity.uid == uid)
    }
    former.write(ledger)
    former.note(StoreView(records: records))
  }

  /// The report of the run before: UIDs with what is held, and the records with the UIDs of former pools.
  private func report(_ pools: [(String, Int64)], _ records: [(StoreView.Record, String?)])
    -> UnstructuredObject
  {
    UnstructuredObject(
      metadata: ObjectMetadata(name: "n1"),
      fields: [
        "status": [
          "pools": .array(pools.map { ["name": "a", "uid": .string($0.0), "held": .integer($0.1)] }),
          "records": .array(
            records.map { record, uid in
              var value: FieldValue = [
                "ip": .string("\(record.address)"), "pool": "a",
                "pod": record.pod.map(FieldValue.string) ?? .null,
              ]
              if let uid { value["poolUID"] = .string(uid) }
              return value
            }),
        ]
      ])
  }

  private var held: [String] { former.pools.map { "\($0.uid) \($0.held.count)" } }

  @Test("several pools of one name that are gone are told apart")
  mutating func several() throws {
    let (one, two, three) = (record("one", 1), record("two", 2), record("three", 3))
    try look("A", [one])
    #expect(held == [])
    try look("B", [one])
    #expect(held == ["A 1"])
    try look("B", [one, two, three])
    #expect(held == ["A 1"])
    try look(nil, [one, two, three])
    #expect(held == ["A 1", "B 2"])
    try look("C", [one, two, three])
    #expect(held == ["A 1", "B 2"])
    #expect(former.uid(of: one) == "A" && former.uid(of: two) == "B")
    try look("C", [two])
    #expect(held == ["B 1"])
    try look("C", [])
    #expect(held == [])
  }

  @Test("a pool that a restored API server has again is not gone")
  mutating func again() throws {
    let (one, two) = (record("one", 1), record("two", 2))
    try look("A", [one])
    try look("B", [one])
    try look("B", [one, two])
    try look("A", [one, two])
    #expect(held == ["B 1"] && former.uid(of: one) == nil)
  }

  @Test("an agent that starts knows what the run before has told apart, whoever has gone meanwhile")
  mutating func started() throws {
    let (one, two, three) = (record("one", 1), record("two", 2), record("three", 3))
    former.recall(report([("A", 1), ("B", 1)], [(one, "A"), (two, nil)]))
    try look("B", [two, three])
    #expect(held == [])
    former = FormerPools()
    former.recall(report([("A", 1), ("B", 1)], [(one, "A"), (two, nil)]))
    try look("B", [one, two, three])
    #expect(held == ["A 1"])
    // As where more is held than a report takes.
    former = FormerPools()
    former.recall(report([("A", 1), ("B", 2)], []))
    try look("B", [one, two, three])
    #expect(held == [])
  }

  @Test("what was held when an agent ended is of the pool that there was then")
  mutating func madeAnewMeanwhile() throws {
    let (one, two) = (record("one", 1), record("two", 2))
    former.recall(report([("A", 2)], [(one, nil), (two, nil)]))
    try look("B", [one, two])
    #expect(held == ["A 2"])
    // The run before has ended while one took the other's place.
    former = FormerPools()
    former.recall(report([("A", 0), ("B", 2)], [(one, nil), (two, nil)]))
    try look("B", [one, two])
    #expect(held == ["A 2"])
  }
}
