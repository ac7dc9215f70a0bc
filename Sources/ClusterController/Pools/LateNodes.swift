/// Nodes that have not reported the last edit of a pool for longer than an agent takes that runs: they may still give addresses by
/// the pool as it was before.
struct LateNodes: Sendable {
  /// A report follows an edit within seconds. A status that tells of each would be written twice for every edit.
  static let patience: Duration = .seconds(15)

  private struct Key: Hashable {
    let poolUID: String
    let node: String
  }

  private var since: [Key: ContinuousClock.Instant] = [:]
  private var former: [Key: ContinuousClock.Instant] = [:]

  /// Begins a look at all pools.
  mutating func begin() { (former, since) = (since, [:]) }

  /// Those of the nodes that are late.
  ///
  /// - Parameter behind: nodes that have not reported the pool's last edit.
  mutating func among(_ behind: [String], ofPool uid: String, at now: ContinuousClock.Instant) -> [String] {
    behind.filter { node in
      let key = Key(poolUID: uid, node: node)
      let begin = former[key] ?? now
      since[key] = begin
      return now - begin >= Self.patience
    }
  }

  /// Whether somebody may be late soon.
  func isWaiting(at now: ContinuousClock.Instant) -> Bool {
    since.values.contains { now - $0 < Self.patience }
  }
}
