internal import Addressing

/// One set of ranges in one request: it gives one address.
struct HostLocalTurn {
  /// The set's number, by which the address that it gave last is kept.
  let number: Int
  /// The ranges.
  let set: HostLocalRangeSet
  /// The address that is asked for.
  let wish: IPAddress?
  /// What must not be given, since somebody has it already.
  let occupied: OccupiedAddresses

  /// The address to give.
  /// - Throws: ``AllocationError`` of kind `requestRefused`, `exhausted` or `store`.
  func choose(
    in store: borrowing HostLocalStore
  ) throws(AllocationError) -> (address: IPAddress, range: HostLocalRange) {
    guard let wish else {
      let last = store.lastAddress(ofSet: number)
      let candidates = set.candidates(after: last, avoiding: occupied)
      guard let free = try store.firstFree(candidates) else { throw exhausted(store) }
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
    let usable = held.first { set.canGive($0) && !occupied.contains($0) }
    guard let address = usable, let range = set.range(of: address) else { return nil }
    guard let wish, wish != address else { return range.assignment(of: address) }
    throw AllocationError(
      .requestRefused, "\(attachment) holds \(address) and asks for \(wish) in the same ranges",
      details: "DEL of the attachment frees \(address)")
  }

  /// The addresses of the set that somebody has.
  var passedOver: [OccupiedAddresses.Entry] { occupied.entries.filter { set.canGive($0.address) } }

  private func exhausted(_ store: borrowing HostLocalStore) -> AllocationError {
    let held = passedOver.isEmpty ? "all \(set.capacity) are held" : "all \(set.capacity) are held or in use"
    let leases = "the leases are in \(store.location.path); GC frees those of containers that are gone"
    return AllocationError(
      .exhausted, "no address is free in \(set) of network \(store.location.network): \(held)",
      details: ([leases] + passedOver.map { "not given: \($0)" }).joined(separator: "; "))
  }
}
