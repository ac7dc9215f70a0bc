import Addressing
import ClusterObjects
import ClusterTestSupport
import KubernetesClient
import Testing

@Suite struct PoolResolverTests {
  @Test("a node has the pools that name it, and no others")
  func own() throws {
    let objects = [
      pool("a", ips: ["10.0.0.1"]), pool("b", ips: ["10.0.0.2"], nodes: ["n2"]),
      pool("c", ips: ["10.0.0.3"], age: 200),
    ]
    let resolution = try resolved(objects)
    #expect(resolution.entries.map(\.object.name) == ["c", "a"])
    #expect(resolution.entries.allSatisfy { $0.withheld == nil })
    #expect(try resolved(objects, on: "n2").entries.map(\.object.name) == ["b"])
  }

  @Test(
    "a pool that several nodes could have is shared: nobody gives it whole",
    arguments: [[], ["n1", "n2"], ["n2", "n1", "n1"]])
  func shared(_ nodes: [String]) throws {
    let entries = try resolved([pool("a", ips: ["10.0.0.1"], nodes: nodes)]).entries
    #expect(entries.count == 1)
    #expect(entries.first?.object.pool.isShared == true)
  }

  @Test("one name that is written twice is one node")
  func twice() throws {
    #expect(
      try resolved([pool("a", ips: ["10.0.0.1"], nodes: ["n1", "n1"])]).entries.first?.object.pool.isShared
        == false)
  }

  @Test("nodeAffinity chooses by all labels of the node, and the pool is shared: labels move")
  func affinity() throws {
    let object = pool(
      "a", ips: ["10.0.0.1"], nodes: [],
      [
        "nodeAffinity": [
          "matchExpressions": [
            ["key": "zone", "operator": "In", "values": ["a"]], ["key": "gpu", "operator": "DoesNotExist"],
          ]
        ]
      ])
    #expect(try resolved([object], labels: ["zone": "b"]).entries.isEmpty)
    #expect(try resolved([object], labels: ["zone": "a", "gpu": ""]).entries.isEmpty)
    #expect(try resolved([object], labels: ["zone": "a"]).entries.first?.object.pool.isShared == true)
    // Labels that nobody could tell.
    #expect(try resolved([object], labels: nil).entries.first?.object.pool.isShared == true)
  }

  @Test("nodeName goes before nodeAffinity, as in Spiderpool")
  func nameFirst() throws {
    let object = pool("a", ips: ["10.0.0.1"], ["nodeAffinity": ["matchLabels": ["zone": "b"]]])
    #expect(try resolved([object], labels: ["zone": "a"]).entries.first?.withheld == nil)
  }

  @Test("of two that overlap the older keeps the addresses, on every node alike", arguments: ["n1", "n2"])
  func overlap(_ node: String) throws {
    let objects = [
      pool("young", ips: ["10.0.0.5-10.0.0.9"], nodes: ["n1"], age: 1),
      pool("old", ips: ["10.0.0.1-10.0.0.6"], nodes: ["n2"], age: 2),
    ]
    let resolution = try resolved(objects, on: node)
    #expect(
      resolution.entries.map { "\($0.addresses.ranges)" }
        == (node == "n1" ? ["[10.0.0.7-10.0.0.9]"] : ["[10.0.0.1-10.0.0.6]"]))
    #expect(resolution.conflicts.map(\.identity.name) == ["young"])
    #expect(resolution.conflicts.first?.problem.contains("10.0.0.5-10.0.0.6 belong to pool old") ?? false)
  }

  @Test("made in the same second, the name decides")
  func sameAge() throws {
    let objects = [pool("b", ips: ["10.0.0.1"]), pool("a", ips: ["10.0.0.1-10.0.0.2"])]
    #expect(
      try resolved(objects).entries.map { "\($0.object.name) \($0.addresses.count)" } == ["a 2", "b 0"])
  }

  @Test("what the older excludes is free for the younger")
  func excluded() throws {
    let objects = [
      pool("old", ips: ["10.0.0.1-10.0.0.9"], age: 2, ["excludeIPs": ["10.0.0.5"]]),
      pool("young", ips: ["10.0.0.5"], age: 1),
    ]
    #expect(try resolved(objects).conflicts.isEmpty)
  }

  @Test("a subnet that overlaps with an older one gives nothing, and stands in nobody's way")
  func subnets() throws {
    let objects = [
      pool("old", subnet: "10.0.0.0/24", ips: ["10.0.0.1"], age: 3),
      pool("young", subnet: "10.0.0.0/16", ips: ["10.0.9.1"], age: 2),
      pool("youngest", subnet: "10.0.9.0/24", ips: ["10.0.9.1"], age: 1),
    ]
    let resolution = try resolved(objects)
    #expect(
      resolution.entries.map { "\($0.object.name) \($0.addresses.count)" } == [
        "old 1", "young 0", "youngest 1",
      ])
    #expect(resolution.conflicts.map(\.identity.name) == ["young"])
  }

  @Test("a pool that is being deleted gives nothing, and still keeps its addresses from others")
  func terminating() throws {
    let objects = [
      pool("old", ips: ["10.0.0.1"], age: 2, isTerminating: true), pool("young", ips: ["10.0.0.1"], age: 1),
    ]
    let resolution = try resolved(objects)
    #expect(resolution.entries.first?.withheld == "it is being deleted")
    #expect(resolution.entries.last?.addresses.isEmpty ?? false)
  }
}
