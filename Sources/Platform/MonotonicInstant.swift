internal import CLibC

/// A moment on the clock that only goes forward (CLOCK_MONOTONIC), for measuring how long something took.
public struct MonotonicInstant: Sendable, Hashable {
  private let nanoseconds: Int

  /// The present moment.
  public static func now() -> MonotonicInstant {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return MonotonicInstant(nanoseconds: time.tv_sec * 1_000_000_000 + time.tv_nsec)
  }

  /// The moment as one number: no two calls of a boot that follow each other under a lock have the same.
  public var mark: Int { nanoseconds }

  /// The time that has passed since an earlier moment, in microseconds.
  public func microseconds(since earlier: MonotonicInstant) -> Int {
    (nanoseconds - earlier.nanoseconds) / 1000
  }
}
