import Addressing
import Testing

/// Ranges, and sets of them.
@Suite struct RangeTests {
  @Test(arguments: [
    ("10.0.0.1", 1 as UInt128), ("10.0.0.1-10.0.0.1", 1), ("10.0.0.250-10.0.1.5", 12),
    ("0.0.0.0-255.255.255.255", 1 << 32), ("fd00::-fd00::ffff", 65536),
    ("::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", .max),
  ])
  func aRangeCountsItsAddresses(text: String, count: UInt128) throws {
    let range = try #require(IPRange(text))
    #expect(range.count == count)
    #expect(range.contains(range.lower) && range.contains(range.upper))
    #expect(IPRange(range.description) == range)
    for outside in [range.lower.predecessor, range.upper.successor].compactMap(\.self) {
      #expect(!range.contains(outside))
    }
  }

  @Test(arguments: [
    "", "-", "10.0.0.2-10.0.0.1", "10.0.0.1-", "-10.0.0.1", "10.0.0.1-10.0.0.2-10.0.0.3",
    "10.0.0.1 - 10.0.0.2", "10.0.0.1-fd00::1", "10.0.0.1-5", "10.0.0.0/24",
  ])
  func whatIsNoRangeIsRefused(text: String) { #expect(IPRange(text) == nil) }

  @Test(arguments: [
    (["10.0.0.5", "10.0.0.4", "10.0.0.6"], ["10.0.0.4-10.0.0.6"]),
    (["10.0.0.1-10.0.0.9", "10.0.0.3-10.0.0.4"], ["10.0.0.1-10.0.0.9"]),
    (["10.0.0.1", "10.0.0.3"], ["10.0.0.1", "10.0.0.3"]),
    (["255.255.255.255", "::"], ["255.255.255.255", "::"]),
    (["fd00::2-fd00::4", "fd00::-fd00::3"], ["fd00::-fd00::4"]),
    ([], []),
  ])
  func aSetJoinsWhatTouches(ranges: [String], joined: [String]) {
    let set = AddressSet(ranges.compactMap { IPRange($0) })
    #expect(set.ranges.map(\.description) == joined)
    #expect(set.isEmpty == joined.isEmpty)
    #expect(set.count == set.ranges.reduce(0) { $0 + $1.count })
  }

  @Test(arguments: [
    (["10.0.0.1-10.0.0.9"], ["10.0.0.4-10.0.0.5"], ["10.0.0.1-10.0.0.3", "10.0.0.6-10.0.0.9"]),
    (["10.0.0.1-10.0.0.9"], ["10.0.0.0-10.0.0.3", "10.0.0.9-10.0.0.20"], ["10.0.0.4-10.0.0.8"]),
    (["10.0.0.1-10.0.0.9"], ["10.0.0.0-10.0.0.255"], []),
    (["10.0.0.1-10.0.0.9"], ["fd00::"], ["10.0.0.1-10.0.0.9"]),
    (["0.0.0.0-255.255.255.255"], ["0.0.0.0", "255.255.255.255"], ["0.0.0.1-255.255.255.254"]),
    (["fd00::-fd00::f"], ["fd00::f", "fd00::"], ["fd00::1-fd00::e"]),
  ])
  func subtractionLeavesTheRest(from: [String], holes: [String], rest: [String]) {
    let set = AddressSet(from.compactMap { IPRange($0) })
    let other = AddressSet(holes.compactMap { IPRange($0) })
    let difference = set.subtracting(other)
    #expect(difference.ranges.map(\.description) == rest)
    #expect(!difference.overlaps(other))
    #expect(difference.overlaps(set) == !rest.isEmpty)
  }

  @Test(arguments: [
    ("", ["10.0.0.1-10.0.0.3", "10.0.0.7-10.0.0.9"]),
    ("10.0.0.2", ["10.0.0.3", "10.0.0.7-10.0.0.9", "10.0.0.1-10.0.0.2"]),
    ("10.0.0.3", ["10.0.0.7-10.0.0.9", "10.0.0.1-10.0.0.3"]),
    ("10.0.0.5", ["10.0.0.7-10.0.0.9", "10.0.0.1-10.0.0.3"]),
    ("10.0.0.9", ["10.0.0.1-10.0.0.3", "10.0.0.7-10.0.0.9"]),
    ("255.255.255.255", ["10.0.0.1-10.0.0.3", "10.0.0.7-10.0.0.9"]),
    ("0.0.0.0", ["10.0.0.1-10.0.0.3", "10.0.0.7-10.0.0.9"]),
  ])
  func aRotationBeginsBehindTheLast(last: String, order: [String]) {
    let set = AddressSet(["10.0.0.7-10.0.0.9", "10.0.0.1-10.0.0.3"].compactMap { IPRange($0) })
    let rotated = set.rotated(after: IPAddress(last))
    #expect(rotated.map(\.description) == order)
    #expect(AddressSet(rotated) == set)
  }
}
