import Addressing
import ClusterObjects
import ClusterTestSupport
import KubernetesClient
import Testing

/// Pools of single nodes and pools that several share, in a ``ClusterModel``: edits move addresses from pool to pool, and change
/// whose a pool is.
@Suite struct PoolEditsModelTests {
  @Test("an address that edits move is never held twice, and is given in the end", arguments: 1...150)
  func model(_ seed: UInt64) throws {
    var model = ClusterModel(seed: seed, nodes: 3, pools: Self.pools(seed)) { $0.editPools() }
    try model.run(1500, seed)
    let lost = try model.settle()
    #expect(model.duplicates.isEmpty)
    #expect(lost.isEmpty, "seed \(seed): \(lost.ranges)\n\(model.state)")
  }

  @Test("a server that is restored from a backup has no address given twice", arguments: 1...150)
  func restored(_ seed: UInt64) throws {
    var model = ClusterModel(seed: seed, nodes: 3, pools: Self.pools(seed), isRestored: true) {
      $0.editPools()
    }
    try model.run(1500, seed)
    let lost = try model.settle()
    #expect(model.duplicates.isEmpty)
    #expect(lost.isEmpty, "seed \(seed): \(lost.ranges)\n\(model.state)")
  }

  /// The pools have different ages in each run. Those of single nodes have two addresses; of the shared one more in each
  /// second run: a node may claim some of them long before it needs them.
  private static func pools(_ seed: UInt64) -> [UnstructuredObject] {
    let owners: [[String]] = [["n1"], ["n2"], [], ["n3"]]
    var next = 1
    return owners.enumerated().map { number, nodes in
      let count = nodes.isEmpty && seed.isMultiple(of: 2) ? 8 : 2
      defer { next += count }
      return pool(
        "p\(number)", ips: (next..<next + count).map { "10.0.0.\($0)" }, nodes: nodes,
        age: 100 + (number + Int(seed)) % owners.count)
    }
  }
}

extension ClusterModel {
  /// Somebody takes an address out of a pool and puts it into another one, in either order, or gives a pool to others.
  fileprivate mutating func editPools() {
    let names = server.pools.keys.sorted()
    guard let from = names.randomElement(using: &random), let to = names.randomElement(using: &random) else {
      return
    }
    guard from != to, chance(75) else {
      let owners = [[], ["n1"], ["n2"], ["n3"], ["n1", "n2"]]
      if let nodes = owners.randomElement(using: &random) { change(from, nodes: nodes) }
      return
    }
    let addresses = addresses(of: from)
    guard addresses.count > 1, let address = addresses.randomElement(using: &random) else { return }
    // For a while it can be in both pools, or in none; or it moves on before all nodes have heard of it.
    switch Int.random(in: 0..<5, using: &random) {
    case 0: move(address, from, to)
    case 1:
      bring(address, to)
      take(address, from)
    case 2: bring(address, to)
    case 3:
      move(address, from, to)
      move(address, to, names.filter { $0 != to }.randomElement(using: &random) ?? from)
    default: if isElsewhere(address, than: from) { take(address, from) }
    }
  }

  private mutating func move(_ address: String, _ from: String, _ to: String) {
    take(address, from)
    bring(address, to)
  }

  private mutating func take(_ address: String, _ name: String) {
    change(name, addresses: addresses(of: name).filter { $0 != address })
  }

  private mutating func bring(_ address: String, _ name: String) {
    change(name, addresses: addresses(of: name).filter { $0 != address } + [address])
  }

  private func isElsewhere(_ address: String, than name: String) -> Bool {
    server.pools.keys.contains { $0 != name && addresses(of: $0).contains(address) }
  }

  private func addresses(of name: String) -> [String] {
    server.pools[name]?["spec"]?["ips"]?.array?.compactMap(\.string) ?? []
  }

  private mutating func change(_ name: String, addresses: [String]? = nil, nodes: [String]? = nil) {
    guard let old = server.pools[name] else { return }
    let created = old.metadata.creationTimestamp.map { 1_000_000 - Int($0.seconds) } ?? 100
    server.set(
      pool(
        name, ips: addresses ?? self.addresses(of: name),
        nodes: nodes ?? old["spec"]?["nodeName"]?.array?.compactMap(\.string) ?? [], age: created,
        generation: (old.metadata.generation ?? 1) + 1))
  }
}
