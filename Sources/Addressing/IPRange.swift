/// Consecutive addresses of one family, both ends included; a range costs the same whatever its size.
public struct IPRange: Sendable, Hashable, Comparable {
  /// The first address.
  public let lower: IPAddress
  /// The last address, not below `lower`.
  public let upper: IPAddress

  /// Makes a range; `nil` when the families differ or the ends are reversed.
  public init?(_ lower: IPAddress, _ upper: IPAddress) {
    guard lower.family == upper.family, lower <= upper else { return nil }
    self.lower = lower
    self.upper = upper
  }

  /// The range of one address.
  public init(_ address: IPAddress) {
    lower = address
    upper = address
  }

  /// All addresses of a network.
  public init(_ network: CIDR) {
    lower = network.firstAddress
    upper = network.lastAddress
  }

  /// The family of both ends.
  public var family: IPFamily { lower.family }

  /// The number of addresses; all of IPv6 counts as `UInt128.max`.
  public var count: UInt128 {
    let (count, overflow) = (upper.value - lower.value).addingReportingOverflow(1)
    return overflow ? .max : count
  }

  /// Whether `address` is one of the range's.
  public func contains(_ address: IPAddress) -> Bool { lower <= address && address <= upper }

  /// Whether the two ranges share an address.
  public func overlaps(_ other: IPRange) -> Bool { lower <= other.upper && other.lower <= upper }

  /// Orders as the type says.
  public static func < (left: IPRange, right: IPRange) -> Bool {
    left.lower == right.lower ? left.upper < right.upper : left.lower < right.lower
  }
}

extension IPRange: CustomStringConvertible, LosslessStringConvertible {
  /// Reads `a` or `a-b`, without white space.
  public init?(_ text: String) {
    let ends = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
    guard let first = ends.first, let last = ends.last, ends.count <= 2,
      let lower = IPAddress(String(Substring(first))), let upper = IPAddress(String(Substring(last)))
    else { return nil }
    self.init(lower, upper)
  }

  /// `a`, or `a-b`.
  public var description: String { lower == upper ? "\(lower)" : "\(lower)-\(upper)" }
}
