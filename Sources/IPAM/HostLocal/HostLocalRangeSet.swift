internal import Addressing
internal import JSON

/// Ranges of one family that together give one address to each attachment.
struct HostLocalRangeSet: Sendable, Hashable {
  /// The ranges in the order in which they are used up; at least one, and none shares an address with another.
  let ranges: [HostLocalRange]

  /// One range, as the old form of the configuration has it.
  init(_ range: HostLocalRange) { ranges = [range] }

  /// Reads `[{"subnet", ...}, ...]`, which lies at `path` in its document.
  /// - Throws: ``JSONFieldError`` with the path and the value of what is wrong.
  init(_ value: JSONValue, path: String) throws(JSONFieldError) {
    guard let elements = value.array else {
      throw JSONFieldError(.wrongType, path: path, value: value, problem: "must be an array of ranges")
    }
    guard !elements.isEmpty else {
      throw JSONFieldError(path: path, value: value, problem: "must have at least one range")
    }
    var ranges: [HostLocalRange] = []
    for (index, element) in elements.enumerated() {
      let path = "\(path)[\(index)]"
      guard let object = element.object else {
        throw JSONFieldError(.wrongType, path: path, value: element, problem: "must be an object")
      }
      let range = try HostLocalRange(JSONFields(object, path: path, ignoringCase: true))
      if let first = ranges.first, first.subnet.family != range.subnet.family {
        throw JSONFieldError(
          path: path, value: element, problem: "must be of the family of \(first.subnet), as its whole set")
      }
      if let other = ranges.first(where: { $0.addresses.overlaps(range.addresses) }) {
        throw JSONFieldError(path: path, value: element, problem: "overlaps \(other) of the same set")
      }
      ranges.append(range)
    }
    self.ranges = ranges
  }

  /// The range that holds an address.
  func range(of address: IPAddress) -> HostLocalRange? { ranges.first { $0.addresses.contains(address) } }

  /// Whether the two sets share an address.
  func overlaps(_ other: HostLocalRangeSet) -> Bool {
    ranges.contains { mine in other.ranges.contains { $0.addresses.overlaps(mine.addresses) } }
  }

  /// How many addresses there are to give.
  var capacity: UInt128 {
    ranges.reduce(0) { sum, range in
      let (sum, overflow) = sum.addingReportingOverflow(range.capacity)
      return overflow ? .max : sum
    }
  }

  /// Whether an address can be given: the gateway of its range cannot.
  func canGive(_ address: IPAddress) -> Bool { range(of: address).map { $0.gateway != address } ?? false }

  /// Every address that can be given, once: those after `last`, then round to it; from the first without it.
  ///
  /// - Parameter occupied: what is left out.
  func candidates(
    after last: IPAddress?, avoiding occupied: OccupiedAddresses = OccupiedAddresses()
  ) -> Candidates {
    Candidates(self, after: last, occupied)
  }

  /// The reference's round robin, so that a container that restarts all the time does not see the same
  /// address again before all others had their turn.
  struct Candidates: Sequence, IteratorProtocol {
    private let ranges: [HostLocalRange]
    private var position: Int
    private var current: IPAddress
    private let start: IPAddress
    private let occupied: OccupiedAddresses
    private var hasBegun = false

    init(_ set: HostLocalRangeSet, after last: IPAddress?, _ occupied: OccupiedAddresses) {
      ranges = set.ranges
      self.occupied = occupied
      if let last, let index = set.ranges.firstIndex(where: { $0.addresses.contains(last) }) {
        (position, current) = Self.step(set.ranges, index, last)
      } else {
        (position, current) = (0, set.ranges[0].addresses.lower)
      }
      start = current
    }

    /// The next address with its range.
    mutating func next() -> (address: IPAddress, range: HostLocalRange)? {
      repeat {
        if hasBegun { (position, current) = Self.step(ranges, position, current) }
        if hasBegun, current == start { return nil }
        hasBegun = true
      } while current == ranges[position].gateway || occupied.contains(current)
      return (current, ranges[position])
    }

    private static func step(
      _ ranges: [HostLocalRange], _ position: Int, _ address: IPAddress
    ) -> (Int, IPAddress) {
      if address != ranges[position].addresses.upper, let next = address.successor { return (position, next) }
      let following = (position + 1) % ranges.count
      return (following, ranges[following].addresses.lower)
    }
  }
}

extension HostLocalRangeSet: CustomStringConvertible {
  /// The ranges, with commas.
  var description: String { ranges.map { $0.description }.joined(separator: ",") }
}
