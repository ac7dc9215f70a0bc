internal import Addressing
internal import Platform

/// Finds an address of one family that can be given now.
struct AddressPicker {
  let family: IPFamily
  /// In the order in which they are tried.
  let pools: [NodePool]

  /// The requested address of the family, or the next free one of the first pool that has any.
  /// - Throws: ``AllocationError`` that says what became of each pool.
  func pick(
    for request: AllocationRequest, in table: inout LeaseTable
  ) throws(AllocationError) -> Lease {
    let wishes = request.requested.filter { $0.address.family == family }
    if let wish = wishes.first { return try pick(wish.address, for: request, in: table) }
    if let lease = try free(for: request, in: table) { return lease }
    // The cooldown of more addresses may be over by now than are forgotten at each turn.
    if try table.endCooldowns(at: BootClock.now(), limit: .max) > 0,
      let lease = try free(for: request, in: table)
    {
      return lease
    }
    let counts = try pools.map { pool throws(AllocationError) in
      try PoolCount(pool, in: table, avoiding: request.occupied)
    }
    throw PoolFailure.usedUp(family, counts, for: request)
  }

  private func pick(
    _ address: IPAddress, for request: AllocationRequest, in table: borrowing LeaseTable
  ) throws(AllocationError) -> Lease {
    guard let pool = pools.first(where: { $0.addresses.contains(address) }) else {
      var error = AllocationError(
        .requestRefused, "requested address \(address) is in no pool that serves \(request.attachment)")
      error.lacking = family
      throw error
    }
    guard let holder = try table.lease(of: address) else { return lease(address, pool, request) }
    guard holder.release != nil else {
      throw AllocationError(
        .requestRefused, "requested address \(address) of pool \(pool.name) is held by \(holder.attachment)",
        details: "see: ipvlanctl trace \(address)")
    }
    let cooldown = holder.cooldown(at: BootClock.now())
    guard cooldown == 0 else {
      throw AllocationError(
        .cooling,
        "requested address \(address) of pool \(pool.name) was released a moment ago; it can be given again "
          + "in \(cooldown.dividedUp(by: 1000)) s")
    }
    return lease(address, pool, request)
  }

  /// The first free address behind the one that the pool gave last, of the first pool that has any.
  private func free(
    for request: AllocationRequest, in table: borrowing LeaseTable
  ) throws(AllocationError) -> Lease? {
    for pool in pools {
      let addresses = pool.addresses.subtracting(request.occupied.addresses)
      for range in addresses.rotated(after: try table.lastAddress(of: pool.name)) {
        if let address = try table.firstFree(in: range) { return lease(address, pool, request) }
      }
    }
    return nil
  }

  private func lease(_ address: IPAddress, _ pool: NodePool, _ request: AllocationRequest) -> Lease {
    Lease(
      address: address, attachment: request.attachment, pool: pool.name, pod: request.pod?.description,
      podUID: request.podUID, netns: request.netns, since: WallClock.now().seconds, release: nil)
  }
}
