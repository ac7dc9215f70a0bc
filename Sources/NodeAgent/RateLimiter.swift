/// Says how long to wait so that something happens no more often than it may.
struct RateLimiter: Sendable {
  /// So often at once, and once more after each interval.
  struct Rate: Sendable, Hashable {
    var burst: Int
    var interval: Duration
  }

  private let rate: Rate
  /// The moment at which all of the burst is there again.
  private var full = ContinuousClock.now

  init(_ rate: Rate) { self.rate = rate }

  /// How long to wait for the next one.
  func wait(at now: ContinuousClock.Instant = .now) -> Duration {
    max(.zero, full - now - rate.interval * (rate.burst - 1))
  }

  /// Takes note of some that have happened.
  mutating func note(_ count: Int = 1, at now: ContinuousClock.Instant = .now) {
    full = max(full, now) + rate.interval * count
  }
}
