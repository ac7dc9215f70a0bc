import Addressing
import IPAM
import Testing
import YAML

/// Of two pools that contradict each other the later one is refused, whatever the order in which they are compared.
@Suite struct PoolContradictionTests {
  /// Reads documents, all of them together.
  private func catalog(_ documents: [String]) throws -> PoolCatalog {
    var catalog = PoolCatalog()
    for (index, text) in documents.enumerated() {
      let document = try #require(YAMLText.documents(in: Array(text.utf8)).first).get()
      for object in document.objects {
        _ = catalog.take(
          try object.get(), of: document, at: NodePool.Source(file: "f", document: index + 1, line: 1))
      }
    }
    catalog.finish()
    return catalog
  }

  /// Pair by pair, in the order in which they are written.
  private func expected(_ pools: [NodePool]) -> [NodePool] {
    var kept: [NodePool] = []
    for pool in pools {
      let isRefused = kept.contains { other in
        other.name == pool.name || (other.subnet != pool.subnet && other.subnet.overlaps(pool.subnet))
          || other.addresses.ranges.contains { range in
            pool.addresses.ranges.contains { $0.overlaps(range) }
          }
      }
      if !isRefused { kept.append(pool) }
    }
    return kept
  }

  private static let subnets = ["10.0.0.0/24", "10.0.1.0/24", "10.0.0.0/23", "10.0.2.0/24", "10.1.0.0/16"]

  @Test func sortingFindsWhatComparingAllPairsFinds() throws {
    var generator = Numbers(state: 18)
    var refused = 0
    for _ in 0..<400 {
      let count = 2 + generator.below(12)
      let documents = (0..<count).map { index in
        let subnet = Self.subnets[generator.below(3) == 0 ? generator.below(5) : generator.below(2)]
        let base = subnet.split(separator: ".").prefix(3).joined(separator: ".")
        let ranges = (0...generator.below(3)).map { part in
          let first = 1 + part * 60 + generator.below(40)
          return "\(base).\(first)-\(base).\(first + generator.below(20))"
        }
        return """
          {apiVersion: spiderpool.spidernet.io/v2beta1, kind: SpiderIPPool,
          metadata: {name: \(generator.below(8) == 0 ? "p0" : "p\(index)")},
          spec: {subnet: \(subnet), ips: [\(ranges.joined(separator: ", "))]}}
          """
      }
      let alone = try documents.enumerated().map { index, text in
        let pool = try #require(try catalog([text]).pools.first, "\(text)")
        return (pool, index)
      }
      let together = try catalog(documents)
      let kept = expected(alone.map(\.0))
      #expect(together.pools.map(\.name) == kept.map(\.name), "\(documents)")
      #expect(together.pools.map(\.addresses) == kept.map(\.addresses), "\(documents)")
      #expect(together.faults.count == documents.count - kept.count)
      #expect(together.faults.map { $0.document ?? 0 } == together.faults.map { $0.document ?? 0 }.sorted())
      refused += together.faults.count
    }
    // The test must have had both kinds.
    #expect(refused > 100 && refused < 2000, "\(refused)")
  }

  /// The same numbers in every run.
  private struct Numbers {
    var state: UInt64

    mutating func below(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % bound
    }
  }
}
