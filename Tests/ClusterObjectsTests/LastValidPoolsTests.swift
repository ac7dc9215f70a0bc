import ClusterObjects
import ClusterTestSupport
import KubernetesClient
import Testing

@Suite struct PoolLedgerTests {
  private let good = pool("a", ips: ["10.0.0.1"])
  private let bad = pool("a", ips: ["10.0.1.1"], generation: 2)

  @Test("an object that cannot be used stays as it was, and hides no other")
  func stays() {
    var ledger = LastValidPools()
    ledger.replace(with: [good, pool("b", ips: ["10.0.0.2"])])
    ledger.take(bad)
    #expect(ledger.pools["a"]?.identity.generation == 1)
    #expect(ledger.pools["b"] != nil)
    #expect(ledger.faults["a"]?.problem.contains("key \"spec.ips[0]\" with value \"10.0.1.1\"") ?? false)
    #expect(ledger.faults["a"]?.identity.generation == 2)
    // Also when the collection is listed again.
    ledger.replace(with: [bad])
    #expect(ledger.pools["a"]?.identity.generation == 1)
    #expect(ledger.pools["b"] == nil)
    ledger.take(pool("a", ips: ["10.0.0.3"], generation: 3))
    #expect(ledger.pools["a"]?.identity.generation == 3)
    #expect(ledger.faults.isEmpty)
  }

  @Test("what the file of the run before has counts while the object is wrong, and goes with the object")
  func before() throws {
    var ledger = LastValidPools(before: [try PoolObject(good)])
    ledger.replace(with: [bad])
    #expect(ledger.pools["a"]?.identity.generation == 1)
    ledger.replace(with: [])
    #expect(ledger.pools.isEmpty)
    #expect(ledger.faults.isEmpty)
  }

  @Test(
    "the node of a pool counts as its user where the status says that it gives addresses, or holds some",
    arguments: [
      (nil, false), (["allocatedIPCount": 0, "totalIPCount": 5], false), (["allocatedIPCount": 1], true),
      (["conditions": [["type": "Ready", "status": "True"]]], true),
      (["conditions": [["type": "Ready", "status": "False", "reason": "NodeProblem"]]], true),
      (["conditions": [["type": "Ready", "status": "False", "reason": "NotReported"]]], false),
      (["conditions": [["type": "Conflict", "status": "True"]]], false),
    ] as [(FieldValue?, Bool)])
  func users(_ status: FieldValue?, _ isUser: Bool) {
    var ledger = LastValidPools()
    var object = pool("a", ips: ["10.0.0.1"])
    object["status"] = status
    ledger.replace(with: [object])
    #expect(ledger.holders == (isUser ? ["n1"] : []))
    // One of them may not be there yet, and blocks tell who has addresses.
    for nodes in [[], ["n1", "n2"]] {
      object = pool("a", ips: ["10.0.0.1"], nodes: nodes)
      object["status"] = status
      ledger.take(object)
      #expect(ledger.holders.isEmpty)
    }
    // Also where it cannot be used as it is.
    object = bad
    object["status"] = status
    ledger.take(object)
    #expect(ledger.holders == (isUser ? ["n1"] : []))
    ledger.remove("a")
    #expect(ledger.holders.isEmpty)
  }

  @Test("a pool that was made anew is not the one of before")
  func anew() {
    var ledger = LastValidPools()
    ledger.replace(with: [good])
    ledger.take(pool("a", ips: ["10.0.1.1"], uid: "other"))
    #expect(ledger.pools["a"] == nil)
    #expect(ledger.faults["a"] != nil)
  }

  @Test(
    "what the plugin would refuse is refused here, in its words",
    arguments: [
      ("subnet", FieldValue.string("10.0.0.1/24")), ("ips", FieldValue.array(["nonsense"])),
      ("gateway", FieldValue.string("10.0.0.1")),
      ("vLan", FieldValue.integer(1)),
      ("podAffinity", FieldValue.object([:])), ("ipVersion", FieldValue.integer(6)),
      ("routes", FieldValue.array([["dst": "0.0.0.0/0", "gw": "10.0.0.254"]])),
    ])
  func refused(_ key: String, _ value: FieldValue) {
    var ledger = LastValidPools()
    ledger.replace(with: [pool("a", ips: ["10.0.0.1"], [key: value])])
    #expect(ledger.pools.isEmpty)
    #expect(ledger.faults["a"]?.problem.contains("spec.\(key)") ?? false, "\(ledger.faults)")
  }

  @Test("an object of no kind that is known, or without a spec, is told")
  func kinds() {
    var ledger = LastValidPools()
    var object = good
    object["spec"] = nil
    ledger.take(object)
    #expect(ledger.faults["a"]?.problem.contains("spec") ?? false)
    object = good
    object["kind"] = "Widget"
    ledger.take(object)
    #expect(ledger.faults["a"]?.problem == "it is no SpiderIPPool")
  }
}
