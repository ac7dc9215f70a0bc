internal import Addressing

/// Runs of addresses that are held or in cooldown: as long as they can be, so that behind each there is a free address.
///
/// A run is found by its upper end, since the database finds the first key that is not below another: for an
/// address, that is the run that holds it, or else the next one.
extension LeaseTable {
  /// The lowest address of a range that is free; `nil` when all are taken.
  func firstFree(in range: IPRange) throws(AllocationError) -> IPAddress? {
    guard let run = try run(reaching: range.lower), run.contains(range.lower) else { return range.lower }
    guard let candidate = run.upper.successor, range.contains(candidate) else { return nil }
    return candidate
  }

  /// How many addresses of a range are taken.
  func taken(in range: IPRange) throws(AllocationError) -> UInt128 {
    var taken: UInt128 = 0
    try forEach(from: LeaseKey.run(range.lower)) { key, value in
      guard let run = Self.run(key, value), run.overlaps(range),
        let part = IPRange(max(run.lower, range.lower), min(run.upper, range.upper))
      else { return false }
      taken += part.count
      return true
    }
    return taken
  }

  /// Adds an address to the runs, joining those that it touches.
  mutating func occupy(_ address: IPAddress) throws(AllocationError) {
    if let run = try run(reaching: address), run.contains(address) { return }
    var (lower, upper) = (address, address)
    if let before = address.predecessor, let run = try run(reaching: before), run.contains(before) {
      lower = run.lower
      try remove(LeaseKey.run(run.upper))
    }
    if let behind = address.successor, let run = try run(reaching: behind), run.contains(behind) {
      upper = run.upper
    }
    try set(LeaseKey.run(upper), to: LeaseKey.bytes([lower]))
  }

  /// Takes an address out of its run, which it may cut in two.
  mutating func vacate(_ address: IPAddress) throws(AllocationError) {
    guard let run = try run(reaching: address), run.contains(address) else { return }
    try remove(LeaseKey.run(run.upper))
    if let before = address.predecessor, run.contains(before) {
      try set(LeaseKey.run(before), to: LeaseKey.bytes([run.lower]))
    }
    if let behind = address.successor, run.contains(behind) {
      try set(LeaseKey.run(run.upper), to: LeaseKey.bytes([behind]))
    }
  }

  /// The first run that does not end before an address.
  private func run(reaching address: IPAddress) throws(AllocationError) -> IPRange? {
    var found: IPRange?
    try forEach(from: LeaseKey.run(address)) { key, value in
      found = Self.run(key, value)
      return false
    }
    return found?.family == address.family ? found : nil
  }

  static func run(_ key: [UInt8], _ value: [UInt8]) -> IPRange? {
    guard let upper = LeaseKey.address(key, LeaseKey.runTag), let lower = LeaseKey.addresses(value).first
    else {
      return nil
    }
    return IPRange(lower, upper)
  }
}
