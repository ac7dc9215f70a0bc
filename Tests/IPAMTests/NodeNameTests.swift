import Foundation
import Platform
import Testing

@testable import IPAM

@Suite struct NodeNameTests {
  /// On EC2 the Node is called `ip-172-31-16-4.eu-central-1.compute.internal`, the host `ip-172-31-16-4`.
  @Test func theAgentsWordGoesBeforeTheHostName() throws {
    let directory = "/tmp/node-name-\(UUID())"
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let file = NodeNameFile(in: directory)
    let name = { (values: KeyValuePairs<String, String>) in
      NodeNameFile.name(of: Environment(values), poolDirectory: directory)
    }
    #expect(name([:]) == HostName.current)
    try file.write("node-1.example")
    #expect(name([:]) == "node-1.example")
    #expect(name(["NODE_NAME": "other"]) == "other")
    try file.write("node-2.example")
    #expect(name([:]) == "node-2.example")
    #expect(!PoolCatalog.isRead(".node.json"))
  }

  /// An image of a node's disk starts other machines; a file can be anybody's work.
  @Test(arguments: [
    #"{"host": "another-host", "node": "node-1"}"#, #"{"host": "HOST", "node": "Node_1"}"#,
    #"{"host": "HOST", "node": ""}"#, #"{"host": "HOST"}"#, "[]", "",
  ])
  func aFileThatIsNotOfThisHostOrNamesNoNodeDoesNotCount(text: String) throws {
    let directory = "/tmp/node-name-\(UUID())"
    defer { try? FileManager.default.removeItem(atPath: directory) }
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    let content = text.replacingOccurrences(of: "HOST", with: HostName.current)
    try Files.replace("\(directory)/.node.json", with: Array(content.utf8))
    #expect(NodeNameFile.name(of: Environment(), poolDirectory: directory) == HostName.current)
  }

  @Test(arguments: [("worker-a", true), ("Worker-A", true), ("worker-b", false)])
  func capitalsOfAHostAreNotOfItsNode(name: String, isOurs: Bool) throws {
    let directory = "/tmp/node-name-\(UUID())"
    defer { try? FileManager.default.removeItem(atPath: directory) }
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    let text = """
      apiVersion: spiderpool.spidernet.io/v2beta1
      kind: SpiderIPPool
      metadata: {name: a}
      spec: {subnet: 10.0.0.0/24, ips: [10.0.0.1], nodeName: [\(name)]}
      """
    try Files.replace("\(directory)/a.yaml", with: Array(text.utf8))
    let pool = try #require(PoolCatalog(directory: directory).pools.first)
    let query = PoolQuery(nodeName: "Worker-A", network: "default/n")
    #expect((query.nodeObjection(to: pool) == nil) == isOurs)
  }
}
