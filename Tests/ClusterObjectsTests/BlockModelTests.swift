import Addressing
import ClusterObjects
import ClusterTestSupport
import KubernetesClient
import Testing

/// Nodes that share a pool, in a ``ClusterModel``: after every step no address may be held on two nodes that live.
@Suite struct BlockModelTests {
  @Test("no address is ever held twice, and none is lost for good", arguments: 1...60)
  func model(_ seed: UInt64) throws {
    // Blocks of one address, and pools whose edits change the size of blocks.
    let last = [12, 90, 120][Int(seed % 3)]
    var model = model(seed, nodes: 4, last: last, names: [])
    try model.run(2000, seed)
    try settle(&model, last, seed)
  }

  @Test("a server that is restored from a backup has no block given twice", arguments: 1...100)
  func restored(_ seed: UInt64) throws {
    var model = model(seed, nodes: 4, last: 12, names: [], isRestored: true)
    try model.run(1500, seed)
    try settle(&model, 12, seed)
  }

  /// As all nodes do, the node that had it hears of the edit sooner or later, and has pods that come and go meanwhile.
  @Test("a pool of one node becomes everybody's while its pods hold addresses", arguments: 1...150)
  func opened(_ seed: UInt64) throws {
    var model = model(seed, nodes: 3, last: 12, names: ["n1"])
    try model.fill("n1")
    try model.run(10, seed)
    model.setPool(last: 12, names: [])
    try model.run(390, seed)
    try settle(&model, 12, seed)
  }

  private func model(
    _ seed: UInt64, nodes: Int, last: Int, names: [String], isRestored: Bool = false
  ) -> ClusterModel {
    let object = pool("p", ips: ["10.0.0.1-10.0.0.\(last)"], nodes: names, uid: "uid-p")
    return ClusterModel(seed: seed, nodes: nodes, pools: [object], isRestored: isRestored) { model in
      let first = model.chance(50) ? 1 : Int.random(in: 1...last / 2, using: &model.random)
      let end = Int.random(in: first...last, using: &model.random)
      let isNew = model.chance(20)
      model.setPool(
        first: first, last: end, names: isNew ? [] : nil, uid: isNew ? model.server.uid() : nil)
    }
  }

  /// Everything works again, pods go, and their blocks with them: each address can be given by somebody.
  private func settle(_ model: inout ClusterModel, _ last: Int, _ seed: UInt64) throws {
    model.setPool(last: last, names: [])
    let lost = try model.settle()
    #expect(model.duplicates.isEmpty)
    #expect(lost.isEmpty, "seed \(seed): \(lost.ranges)\n\(model.state)")
    // Nobody keeps more than is needed next from those who have pods.
    let sizes = BlockSizes(addresses: UInt128(last))
    let kept = try model.fillLastNode()
    #expect(
      kept.allSatisfy { $0 < sizes.low + sizes.block }, "seed \(seed): \(kept)\n\(model.state)")
  }
}

extension ClusterModel {
  /// Edits the only pool, or makes it anew.
  fileprivate mutating func setPool(first: Int = 1, last: Int, names: [String]?, uid: String? = nil) {
    guard let old = server.pools["p"] else { return }
    let former = old["spec"]?["nodeName"]?.array?.compactMap(\.string) ?? []
    server.set(
      pool(
        "p", ips: ["10.0.0.\(first)-10.0.0.\(last)"], nodes: names ?? former,
        generation: uid == nil ? (old.metadata.generation ?? 1) + 1 : 1, uid: uid ?? old.metadata.uid))
  }

  /// Steps, after each of which no address is held twice.
  mutating func run(_ steps: Int, _ seed: UInt64) throws {
    for step in 0..<steps {
      try self.step()
      try #require(duplicates.isEmpty, "seed \(seed), step \(step): \(duplicates)")
    }
  }
}
