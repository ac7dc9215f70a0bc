internal import Addressing

/// Addresses that rest after their release, in the order in which they can be given again.
extension LeaseTable {
  /// Forgets addresses that have rested, so that the table does not grow with every pod that ever was.
  /// - Returns: how many they were, at most `limit`.
  @discardableResult
  mutating func endRests(at now: Int, limit: Int) throws(AllocationError) -> Int {
    var rested: [(address: IPAddress, end: Int)] = []
    try forEachRest { address, end in
      if end <= now, rested.count < limit { rested.append((address, end)) }
      return end <= now && rested.count < limit
    }
    for (address, end) in rested {
      guard let lease = try lease(of: address), lease.release?.end == end else { throw damage(at: address) }
      try forget(lease)
    }
    return rested.count
  }

  /// Calls `body` with the addresses that rest, or have rested and are not forgotten yet, until it returns `false`.
  func forEachRest(_ body: (_ address: IPAddress, _ end: Int) -> Bool) throws(AllocationError) {
    try forEach(from: [LeaseKey.restTag]) { key, _ in
      guard let rest = LeaseKey.rest(key) else { return false }
      return body(rest.address, rest.end)
    }
  }
}
