public import Addressing
internal import Platform

/// Which pools serve a query, in which order, and why the others do not.
public struct PoolSelection: Sendable {
  /// A pool that was looked at.
  public struct Candidate: Sendable {
    /// The pool.
    public let pool: NodePool
    /// Why it was passed over; `nil` when it is eligible.
    public let objection: String?
    /// Whether the objection is that labels are not known, and there is no other.
    let lacksLabels: Bool

    init(_ pool: NodePool, _ query: PoolQuery) {
      self.pool = pool
      objection = query.objection(to: pool)
      lacksLabels = objection != nil && query.lacksLabels(for: pool)
    }

    init(_ pool: NodePool, notNamedBy source: String) {
      self.pool = pool
      objection = "the \(source) does not name it"
      lacksLabels = false
    }
  }

  /// Every pool that was looked at, the eligible ones in the order in which they are tried.
  public let candidates: [Candidate]
  /// Names of the query that no pool has.
  public let unknownNames: [String]
  /// The eligible pools by family, in the order in which they are tried.
  private let eligible: [IPFamily: [NodePool]]

  /// Looks at the pools of a catalog.
  public init(_ query: PoolQuery, in catalog: PoolCatalog) {
    guard let names = query.names else {
      let pools = catalog.pools.enumerated().sorted { left, right in
        Self.precedes(left.element, right.element) ?? (left.offset < right.offset)
      }
      self.init(pools.map { Candidate($0.element, query) })
      return
    }
    var chosen: [NodePool] = []
    var unknown: [String] = []
    // A pod may name thousands.
    var (seen, namesOfChosen): (Set<String>, Set<String>) = ([], [])
    for family in IPFamily.allCases {
      var seenOfFamily: Set<String> = []
      for name in names[family] ?? [] where seenOfFamily.insert(name).inserted {
        // A name without wildcards is meant for its own family only.
        let found = catalog.pools.filter { Files.name($0.name, matches: name) }
        if seen.insert(name).inserted, found.isEmpty { unknown.append(name) }
        for pool in found where pool.family == family && namesOfChosen.insert(pool.name).inserted {
          chosen.append(pool)
        }
      }
    }
    let source = query.isNamedByPod ? "pod's annotation" : "configuration"
    let rest = catalog.pools.filter { pool in !namesOfChosen.contains(pool.name) }
    self.init(
      chosen.map { Candidate($0, query) } + rest.map { Candidate($0, notNamedBy: source) },
      unknownNames: unknown)
  }

  private init(_ candidates: [Candidate], unknownNames: [String] = []) {
    self.candidates = candidates
    self.unknownNames = unknownNames
    eligible = Dictionary(grouping: candidates.lazy.filter { $0.objection == nil }.map { $0.pool }) {
      $0.family
    }
  }

  /// The eligible pools of a family, in the order in which they are tried.
  public func pools(_ family: IPFamily) -> [NodePool] { eligible[family] ?? [] }

  /// The pools about which only labels decide that are not known.
  var undecided: [NodePool] { candidates.filter { $0.lacksLabels }.map { $0.pool } }

  /// The families that have an eligible pool.
  public var families: [IPFamily] { IPFamily.allCases.filter { eligible[$0] != nil } }

  /// Whether one pool goes before another since it is meant more narrowly; `nil` among equals.
  private static func precedes(_ left: NodePool, _ right: NodePool) -> Bool? {
    for (first, second) in zip(left.specificity, right.specificity) where first != second { return first }
    return nil
  }
}
