internal import Addressing

/// One set of ranges in one request: it gives one address.
struct HostLocalTurn {
  /// The set's number, by which the address that it gave last is kept.
  let number: Int
  /// The ranges.
  let set: HostLocalRangeSet
  /// The address that is asked for.
  let wish: IPAddress?

  /// The address to give.
  /// - Throws: ``AllocationError`` of kind `requestRefused`, `exhausted` or `store`.
  func choose(
    in store: borrowing HostLocalStore
  ) throws(AllocationError) -> (address: IPAddress, range: HostLocalRange) {
    guard let wish else {
      let last = store.lastAddress(ofSet: number)
      guard let free = try store.firstFree(set.candidates(after: last)) else { throw exhausted(store) }
      return free
    }
    guard let range = set.range(of: wish), range.gateway != wish else {
      throw AllocationError(.requestRefused, "requested address \(wish) is the gateway of its subnet")
    }
    guard try store.isFree(wish) else {
      let owner = try store.lease(of: wish)?.owner
      throw AllocationError(
        .requestRefused,
        "requested address \(wish) is held by \(owner?.description ?? "a file that is no lease")",
        details: "its lease is \(store.location.path)/\(wish)")
    }
    return (wish, range)
  }

  /// The assignment of what the attachment holds of this set already; `nil` when that is nothing.
  /// - Throws: ``AllocationError`` of kind `requestRefused` when another address is asked for.
  func keep(
    _ held: [IPAddress], by attachment: AttachmentID
  ) throws(AllocationError) -> AddressAssignment? {
    guard let address = held.first(where: set.canGive), let range = set.range(of: address) else { return nil }
    guard let wish, wish != address else { return range.assignment(of: address) }
    throw AllocationError(
      .requestRefused, "\(attachment) holds \(address) and asks for \(wish) in the same ranges",
      details: "DEL of the attachment frees \(address)")
  }

  private func exhausted(_ store: borrowing HostLocalStore) -> AllocationError {
    AllocationError(
      .exhausted,
      "no address is free in \(set) of network \(store.location.network): all \(set.capacity) are held",
      details: "the leases are in \(store.location.path); GC frees those of containers that are gone")
  }
}
