/// Says how long to wait so that something happens no more often than it may.
struct Allowance: Sendable {
  /// So often at once, and once more after each interval.
  struct Rate: Sendable, Hashable {
    var burst: Int
    var interval: Duration
  }

  private let rate: Rate
  /// The moment at which all of the burst is there again.
  private var full = ContinuousClock.now

  init(_ rate: Rate) { self.rate = rate }

  /// Takes one, and says how long to wait for it.
  mutating func take(at now: ContinuousClock.Instant = .now) -> Duration {
    full = max(full, now) + rate.interval
    return max(.zero, full - now - rate.interval * rate.burst)
  }
}
