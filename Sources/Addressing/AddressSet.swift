/// A set of addresses of one family as ranges: a /64 costs what a /28 costs.
public struct AddressSet: Sendable, Hashable {
  /// The ranges in order, disjoint, with a gap between any two.
  public let ranges: [IPRange]

  /// The union of ranges.
  public init(_ ranges: [IPRange] = []) {
    var merged: [IPRange] = []
    for range in ranges.sorted() {
      if let last = merged.last, last.family == range.family,
        range.lower <= last.upper || last.upper.successor == range.lower,
        let union = IPRange(last.lower, max(last.upper, range.upper))
      {
        merged[merged.count - 1] = union
      } else {
        merged.append(range)
      }
    }
    self.ranges = merged
  }

  /// The union of sets.
  public init(union sets: some Sequence<AddressSet>) { self.init(sets.flatMap { $0.ranges }) }

  /// The addresses of both sets.
  public func union(_ other: AddressSet) -> AddressSet {
    if isEmpty { return other }
    return other.isEmpty ? self : AddressSet(ranges + other.ranges)
  }

  /// The number of addresses; `UInt128.max` for all that is larger.
  public var count: UInt128 {
    ranges.reduce(0) { sum, range in
      let (next, overflow) = sum.addingReportingOverflow(range.count)
      return overflow ? .max : next
    }
  }

  /// Whether there is no address.
  public var isEmpty: Bool { ranges.isEmpty }

  /// Whether `address` is one of them.
  public func contains(_ address: IPAddress) -> Bool { overlaps(IPRange(address)) }

  /// Whether the set has an address of the range.
  public func overlaps(_ range: IPRange) -> Bool {
    // The first range that does not end before the other begins.
    var (low, high) = (0, ranges.count)
    while low < high {
      let middle = (low + high) / 2
      if ranges[middle].upper < range.lower { low = middle + 1 } else { high = middle }
    }
    return low < ranges.count && ranges[low].overlaps(range)
  }

  /// Whether the two sets share an address.
  public func overlaps(_ other: AddressSet) -> Bool {
    let (fewer, more) = ranges.count < other.ranges.count ? (self, other) : (other, self)
    return fewer.ranges.contains(where: more.overlaps)
  }

  /// The addresses that are not in `other`.
  public func subtracting(_ other: AddressSet) -> AddressSet {
    guard !isEmpty, !other.isEmpty else { return self }
    var rest: [IPRange] = []
    // Both are in order: what ends before a range is behind it for good.
    var first = 0
    for range in ranges {
      while first < other.ranges.count, other.ranges[first].upper < range.lower { first += 1 }
      var pieces = [range]
      for hole in other.ranges[first...] {
        guard hole.lower <= range.upper, let piece = pieces.popLast() else { break }
        pieces += Self.subtract(hole, from: piece)
      }
      rest += pieces
    }
    return AddressSet(rest)
  }

  /// The addresses that are in both.
  public func intersection(_ other: AddressSet) -> AddressSet { subtracting(subtracting(other)) }

  /// The ranges from the address behind `last` to the end, and then from the beginning up to `last`.
  public func rotated(after last: IPAddress?) -> [IPRange] {
    guard let last else { return ranges }
    let behind = ranges.compactMap { range -> IPRange? in
      guard range.upper > last, let next = last.successor else { return nil }
      return IPRange(max(range.lower, next), range.upper)
    }
    return behind + ranges.compactMap { IPRange($0.lower, min($0.upper, last)) }
  }

  private static func subtract(_ hole: IPRange, from range: IPRange) -> [IPRange] {
    guard hole.overlaps(range) else { return [range] }
    let before = hole.lower.predecessor.flatMap { IPRange(range.lower, $0) }
    let behind = hole.upper.successor.flatMap { IPRange($0, range.upper) }
    return [before, behind].compactMap { $0 }
  }
}
