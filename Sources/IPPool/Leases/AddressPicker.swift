internal import Addressing
internal import Platform

/// Finds an address of one family that can be given now.
struct AddressPicker {
  let family: IPFamily
  /// In the order in which they are tried.
  let pools: [NodePool]
  /// In seconds.
  let coolDown: Int
  let failure: PoolFailure

  /// The requested address of the family, or the next free one of the first pool that has any.
  /// - Throws: ``AllocationError`` that says what became of each pool.
  func pick(for request: AllocationRequest, in table: borrowing LeaseTable) throws(AllocationError) -> Lease {
    let wishes = request.requested.filter { $0.address.family == family }
    if let wish = wishes.first { return try pick(wish.address, for: request, in: table) }
    let now = BootClock.now()
    for pool in pools {
      if let address = try free(pool, at: now, in: table) { return lease(address, pool, request) }
    }
    let counts = try pools.map { pool throws(AllocationError) in try PoolCount(pool, coolDown, in: table) }
    throw failure.usedUp(family, counts, for: request)
  }

  private func pick(
    _ address: IPAddress, for request: AllocationRequest, in table: borrowing LeaseTable
  ) throws(AllocationError) -> Lease {
    guard let pool = pools.first(where: { $0.addresses.contains(address) }) else {
      throw AllocationError(
        .requestRefused, "requested address \(address) is in no pool that serves \(request.attachment)",
        details: failure.explanation(family))
    }
    guard let holder = try table.lease(of: address) else { return lease(address, pool, request) }
    guard holder.release != nil else {
      throw AllocationError(
        .requestRefused, "requested address \(address) of pool \(pool.name) is held by \(holder.attachment)",
        details: "see: ipvlanctl trace \(address)")
    }
    let rest = holder.rest(coolDown, at: BootClock.now())
    guard rest == 0 else {
      throw AllocationError(
        .cooling,
        "requested address \(address) of pool \(pool.name) was released a moment ago; it can be given again "
          + "in \((rest + 999) / 1000) s")
    }
    return lease(address, pool, request)
  }

  /// The first free address behind the one that was given last.
  private func free(
    _ pool: NodePool, at now: Int, in table: borrowing LeaseTable
  ) throws(AllocationError) -> IPAddress? {
    for range in pool.addresses.rotated(after: try table.lastAddress(of: pool.name)) {
      var candidate: IPAddress? = range.lower
      try table.forEach(in: range) { lease in
        guard lease.address == candidate, lease.release == nil || lease.rest(coolDown, at: now) > 0 else {
          return false
        }
        candidate = lease.address == range.upper ? nil : lease.address.successor
        return candidate != nil
      }
      if let candidate { return candidate }
    }
    return nil
  }

  private func lease(_ address: IPAddress, _ pool: NodePool, _ request: AllocationRequest) -> Lease {
    Lease(
      address: address, attachment: request.attachment, pool: pool.name, pod: request.pod?.description,
      netns: request.netns, since: WallClock.now().seconds, release: nil)
  }
}
