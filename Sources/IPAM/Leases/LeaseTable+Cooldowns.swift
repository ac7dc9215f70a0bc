internal import Addressing

/// Addresses in cooldown, in the order in which they can be given again.
extension LeaseTable {
  /// Forgets addresses whose cooldown is over, so that the table does not grow with every pod that ever was.
  /// - Returns: how many they were, at most `limit`.
  @discardableResult
  mutating func endCooldowns(at now: Int, limit: Int) throws(AllocationError) -> Int {
    var ended: [(address: IPAddress, end: Int)] = []
    try forEachCooldown { address, end in
      if end <= now, ended.count < limit { ended.append((address, end)) }
      return end <= now && ended.count < limit
    }
    for (address, end) in ended {
      guard let lease = try lease(of: address), lease.release?.end == end else { throw damage(at: address) }
      try forget(lease)
    }
    return ended.count
  }

  /// Calls `body` with the addresses in cooldown, and those whose cooldown is over and that are not forgotten yet, until it returns `false`.
  func forEachCooldown(_ body: (_ address: IPAddress, _ end: Int) -> Bool) throws(AllocationError) {
    try forEach(from: [LeaseKey.restTag]) { key, _ in
      guard let cooldown = LeaseKey.cooldown(key) else { return false }
      return body(cooldown.address, cooldown.end)
    }
  }
}
