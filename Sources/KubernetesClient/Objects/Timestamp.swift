internal import Glibc

/// A moment in UTC as objects carry it (RFC 3339).
///
/// The API has two forms, in seconds (`Time`) and in microseconds (`MicroTime`), and refuses the first in place of the
/// second. A moment keeps the form in which it was written. It is for people: no decision should compare the clocks of
/// two machines.
public struct Timestamp: Sendable, Hashable, Comparable, CustomStringConvertible {
  /// Seconds since 1970-01-01T00:00:00Z.
  public let seconds: Int
  /// Microseconds of that second.
  public let microseconds: Int
  /// Whether it is written with microseconds.
  public let hasFraction: Bool

  /// A moment in whole seconds.
  public init(seconds: Int) {
    self.seconds = seconds
    microseconds = 0
    hasFraction = false
  }

  /// A moment in microseconds.
  public init(seconds: Int, microseconds: Int) {
    self.seconds = seconds
    self.microseconds = microseconds
    hasFraction = true
  }

  /// The present moment, in microseconds.
  public static func now() -> Timestamp {
    var time = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &time)
    return Timestamp(seconds: time.tv_sec, microseconds: time.tv_nsec / 1000)
  }

  /// The moment in whole seconds.
  public var inSeconds: Timestamp { Timestamp(seconds: seconds) }

  /// Reads `2026-11-28T16:52:29Z`, with or without a fraction, in UTC or with an offset; `nil` for anything else.
  public init?(_ text: String) {
    let bytes = Array(text.utf8)
    // A number of exactly `count` digits that begins at `start`.
    func number(_ start: Int, _ count: Int) -> Int? {
      guard start + count <= bytes.count else { return nil }
      var value = 0
      for byte in bytes[start..<start + count] {
        guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
        value = value * 10 + Int(byte - UInt8(ascii: "0"))
      }
      return value
    }
    func character(_ index: Int) -> Character? {
      index < bytes.count ? Character(UnicodeScalar(bytes[index])) : nil
    }
    guard let year = number(0, 4), let month = number(5, 2), let day = number(8, 2),
      let hour = number(11, 2), let minute = number(14, 2), let second = number(17, 2),
      character(4) == "-", character(7) == "-", character(10) == "T", character(13) == ":",
      character(16) == ":", (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60,
      second <= 60
    else { return nil }
    var position = 19
    var micro = 0
    hasFraction = character(position) == "."
    if hasFraction {
      position += 1
      var scale = 100_000
      let start = position
      while let digit = number(position, 1) {
        micro += digit * scale
        scale /= 10
        position += 1
      }
      guard position > start else { return nil }
    }
    var offset = 0
    switch character(position) {
    case "Z" where position + 1 == bytes.count: break
    case "+", "-":
      guard let hours = number(position + 1, 2), character(position + 3) == ":",
        let minutes = number(position + 4, 2), position + 6 == bytes.count
      else { return nil }
      offset = (hours * 60 + minutes) * (character(position) == "-" ? -60 : 60)
    default: return nil
    }
    seconds =
      Timestamp.days(year: year, month: month, day: day) * 86400 + hour * 3600 + minute * 60 + second - offset
    microseconds = micro
  }

  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  /// Reads the `Date` of an HTTP answer, `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, 5.6.7); `nil` for anything else.
  init?(httpDate text: String) {
    let words = text.split(separator: " ")
    guard words.count == 6, words[5] == "GMT", let month = Self.months.firstIndex(of: String(words[2])) else {
      return nil
    }
    self.init("\(words[3])-\(month < 9 ? "0" : "")\(month + 1)-\(words[1])T\(words[4])Z")
  }

  /// RFC 3339 in UTC.
  public var description: String {
    // The civil calendar from a day count, with the year starting in March so that leap days come last.
    let rest = ((seconds % 86400) + 86400) % 86400
    let day = (seconds - rest) / 86400
    let era = (day + 719_468 >= 0 ? day + 719_468 : day + 719_468 - 146_096) / 146_097
    let dayOfEra = (day + 719_468) - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    let date = "\(pad(year, 4))-\(pad(month, 2))-\(pad(dayOfYear - (153 * monthFromMarch + 2) / 5 + 1, 2))"
    let time = "\(pad(rest / 3600, 2)):\(pad(rest / 60 % 60, 2)):\(pad(rest % 60, 2))"
    return "\(date)T\(time)\(hasFraction ? ".\(pad(microseconds, 6))" : "")Z"
  }

  /// By time.
  public static func < (left: Timestamp, right: Timestamp) -> Bool {
    (left.seconds, left.microseconds) < (right.seconds, right.microseconds)
  }

  private static func days(year: Int, month: Int, day: Int) -> Int {
    let year = month <= 2 ? year - 1 : year
    let era = year / 400
    let yearOfEra = year - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }

  private func pad(_ number: Int, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
}

extension Timestamp: Codable {
  /// Reads the text.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let moment = Timestamp(text) else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "\"\(text)\" is not a time in the form of RFC 3339")
    }
    self = moment
  }

  /// Writes the text.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
