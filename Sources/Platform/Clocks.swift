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

/// Time since the machine was started, suspended time included (CLOCK_BOOTTIME): nobody can set it.
public enum BootClock {
  /// Milliseconds since the start.
  public static func now() -> Int {
    var time = timespec()
    unsafe clock_gettime(CLOCK_BOOTTIME, &time)
    return time.tv_sec * 1000 + time.tv_nsec / 1_000_000
  }
}

/// A moment in UTC (CLOCK_REALTIME), for people to read; the clock may be set backwards.
public struct WallClock: Sendable, Hashable, CustomStringConvertible {
  /// Seconds since 1970-01-01T00:00:00Z.
  public let seconds: Int
  /// Microseconds of that second.
  public let microseconds: Int

  /// A moment by its number.
  public init(seconds: Int, microseconds: Int = 0) {
    self.seconds = seconds
    self.microseconds = microseconds
  }

  /// The present moment.
  public static func now() -> WallClock {
    var time = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &time)
    return WallClock(seconds: time.tv_sec, microseconds: time.tv_nsec / 1000)
  }

  /// RFC 3339 in UTC: `2026-11-23T20:17:30.123456Z`.
  public var description: String {
    // The civil calendar from a day count, with the year starting in March so that leap days come last.
    let (day, rest) = seconds.quotientAndRemainder(dividingBy: 86400)
    let era = (day + 719_468) / 146_097
    let dayOfEra = (day + 719_468) % 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    let date = "\(pad(year, 4))-\(pad(month, 2))-\(pad(dayOfYear - (153 * monthFromMarch + 2) / 5 + 1, 2))"
    let time = "\(pad(rest / 3600, 2)):\(pad(rest / 60 % 60, 2)):\(pad(rest % 60, 2))"
    return "\(date)T\(time).\(pad(microseconds, 6))Z"
  }

  private func pad(_ number: Int, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
}

/// Sleeps. Only where there is no event to wait for.
public func pause(milliseconds: Int) { pause(microseconds: milliseconds * 1000) }

/// As ``pause(milliseconds:)``, in smaller parts.
public func pause(microseconds: Int) {
  var time = timespec(tv_sec: microseconds / 1_000_000, tv_nsec: microseconds % 1_000_000 * 1000)
  unsafe _ = nanosleep(&time, nil)
}

/// Interrupts a system call that blocks, again and again (SIGALRM), until it is stopped.
///
/// Again, since a signal that comes before the call has begun interrupts nothing.
struct RepeatingAlarm {
  private let previous: sigaction
  private let previousMask: sigset_t

  /// Starts the timer.
  /// - Throws: the `Errno` of sigaction(2) or setitimer(2).
  init(milliseconds: Int) throws(Errno) {
    var action = sigaction()
    var previous = sigaction()
    // A handler, and no SA_RESTART: the call ends with EINTR.
    unsafe action.__sigaction_handler.sa_handler = { _ in }
    guard unsafe sigaction(SIGALRM, &action, &previous) == 0 else { throw Errno(rawValue: errno) }
    self.previous = previous
    // Whoever started the program may have blocked the signal, and the block is inherited.
    var alarm = sigset_t()
    var mask = sigset_t()
    unsafe sigemptyset(&alarm)
    unsafe sigaddset(&alarm, SIGALRM)
    unsafe _ = pthread_sigmask(SIG_UNBLOCK, &alarm, &mask)
    previousMask = mask
    try Self.set(microseconds: milliseconds * 1000)
  }

  /// Stops the timer.
  func stop() {
    try? Self.set(microseconds: 0)
    var mask = previousMask
    unsafe _ = pthread_sigmask(SIG_SETMASK, &mask, nil)
    var action = previous
    unsafe _ = sigaction(SIGALRM, &action, nil)
  }

  private static func set(microseconds: Int) throws(Errno) {
    let period = timeval(tv_sec: microseconds / 1_000_000, tv_usec: microseconds % 1_000_000)
    var timer = itimerval(it_interval: period, it_value: period)
    guard unsafe setitimer(__itimer_which_t(ITIMER_REAL.rawValue), &timer, nil) == 0 else {
      throw Errno(rawValue: errno)
    }
  }
}
