internal import Addressing

extension LeaseTable {
  /// What does not fit together in the table; empty in one that was only ever changed by whole transactions.
  func contradictions() throws(AllocationError) -> [String] {
    let leases = try all()
    var found: [String] = []
    for lease in leases {
      let isHeld = try addresses(of: lease.attachment).contains(lease.address)
      if isHeld == (lease.release != nil) { found.append("\(lease.address) and its holder do not agree") }
      if let release = lease.release, try value(LeaseKey.cooldown(lease.address, end: release.end)) == nil {
        found.append("\(lease.address) rests without an end")
      }
      if try taken(in: IPRange(lease.address)) != 1 { found.append("\(lease.address) counts as free") }
    }
    var taken: UInt128 = 0
    try forEach(from: [LeaseKey.runTag]) { key, value in
      let run = Self.run(key, value)
      taken += run?.count ?? 0
      return run != nil
    }
    if taken != leases.count { found.append("\(taken) addresses are taken, \(leases.count) have a lease") }
    return try found + forgottenHolders(of: leases)
  }

  /// Attachments that are said to hold what nobody holds.
  private func forgottenHolders(of leases: [Lease]) throws(AllocationError) -> [String] {
    var (held, inCooldown) = (0, 0)
    try forEach(from: [LeaseKey.holderTag]) { key, value in
      guard key.first == LeaseKey.holderTag else { return false }
      held += LeaseKey.addresses(value).count
      return true
    }
    try forEachCooldown { _, _ in
      inCooldown += 1
      return true
    }
    let expected = leases.count { $0.release == nil }
    return (held == expected ? [] : ["holders count \(held) addresses, \(expected) are held"])
      + (inCooldown == leases.count - expected
        ? [] : ["\(inCooldown) rests, \(leases.count - expected) inCooldown"])
  }
}
