/// When to try again after a failure: after a random time below a bound that doubles with each failure ("full jitter"),
/// so that many clients that failed together do not come back together.
public struct Backoff: Sendable, Hashable {
  /// The bound after the first failure.
  public let initial: Duration
  /// The largest bound.
  public let longest: Duration
  private var bound: Duration

  /// A schedule that begins with `initial`.
  public init(initial: Duration = .milliseconds(800), longest: Duration = .seconds(30)) {
    self.initial = initial
    self.longest = longest
    bound = initial
  }

  /// How long to wait after one more failure. What the server asked for is added to, never cut.
  public mutating func next(after error: KubernetesError? = nil) -> Duration {
    var random = SystemRandomNumberGenerator()
    return next(after: error, using: &random)
  }

  mutating func next(
    after error: KubernetesError?, using random: inout some RandomNumberGenerator
  ) -> Duration {
    let wait = Duration.random(below: bound, using: &random)
    bound = min(bound * 2, longest)
    return (error?.retryAfter ?? .zero) + wait
  }

  /// After a success: the next failure is the first.
  public mutating func reset() { bound = initial }
}

extension Duration {
  static func random(below bound: Duration, using random: inout some RandomNumberGenerator) -> Duration {
    let microseconds = bound.components.seconds * 1_000_000 + bound.components.attoseconds / 1_000_000_000_000
    return microseconds <= 0 ? .zero : .microseconds(Int64.random(in: 0..<microseconds, using: &random))
  }

  static func random(below bound: Duration) -> Duration {
    var random = SystemRandomNumberGenerator()
    return .random(below: bound, using: &random)
  }
}
