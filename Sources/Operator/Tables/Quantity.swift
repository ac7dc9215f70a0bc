/// Numbers as people read them.
enum Quantity {
  /// `512 B`, `1.5 KiB`, `20 MiB`.
  static func bytes(_ count: UInt64) -> String {
    guard count >= 1024 else { return "\(count) B" }
    var (tenths, unit) = (count * 10 / 1024, 0)
    while tenths >= 10240, unit < units.count - 1 {
      tenths /= 1024
      unit += 1
    }
    return tenths >= 100 ? "\(tenths / 10) \(units[unit])" : "\(tenths / 10).\(tenths % 10) \(units[unit])"
  }

  private static let units = ["KiB", "MiB", "GiB", "TiB", "PiB"]

  /// `12 s`, `5 min`, `3 h`, `8 d`.
  static func age(seconds: Int) -> String {
    switch seconds {
    case ..<0: "in the future"
    case ..<120: "\(seconds) s"
    case ..<7200: "\(seconds / 60) min"
    case ..<172_800: "\(seconds / 3600) h"
    default: "\(seconds / 86400) d"
    }
  }

  /// Large pools are `2^64` rather than twenty digits.
  static func count(_ number: UInt128) -> String {
    guard number > 9_999_999 else { return "\(number)" }
    let exponent = 127 - number.leadingZeroBitCount
    return number == 1 << UInt128(exponent) ? "2^\(exponent)" : "~2^\(exponent)"
  }
}
