internal import CLibC

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
