public import Addressing
internal import Platform

extension HostLocalAllocator {
  /// Each address must have the attachment's lease; without addresses, the attachment must hold one at all.
  public func check(
    _ request: AllocationRequest, addresses: [AddressAssignment]
  ) throws(AllocationError) {
    let attachment = request.attachment
    let owners = [HostLocalOwner(attachment), HostLocalOwner(containerID: attachment.containerID)]
    guard let store = try HostLocalStore.open(location) else {
      throw AllocationError(.notHeld, "\(attachment) holds no address: there is no \(location.path)")
    }
    if addresses.isEmpty {
      for owner in owners where try !store.addresses(of: owner).isEmpty { return }
      throw AllocationError(.notHeld, "\(attachment) holds no address in \(location.path)")
    }
    var missing: [String] = []
    for address in addresses.map({ $0.address.address }) {
      guard let lease = try store.lease(of: address), let owner = lease.owner else {
        missing.append("\(address) (which nobody holds)")
        continue
      }
      if !owners.contains(owner) { missing.append("\(address) (which \(owner) holds)") }
    }
    guard missing.isEmpty else {
      throw AllocationError(
        .notHeld, "\(attachment) does not hold \(missing.joined(separator: ", "))",
        details: "the leases are in \(location.path)")
    }
  }

  /// Takes back what attachments hold that are gone, and the files that a crash left empty.
  ///
  /// Leases in the old form stay: they do not tell the interface that a list could be asked for.
  public func free(_ dead: [LeaseHolder]) throws(AllocationError) -> [LeaseHolder] {
    guard var store = try HostLocalStore.open(location) else { return [] }
    // Under the lock nobody is between making a file and writing it.
    var stale = try store.leases().filter { $0.owner == nil }
    var freed: [LeaseHolder] = []
    for holder in dead {
      let owner = HostLocalOwner(holder.attachment)
      var leases: [HostLocalStore.Lease] = []
      for claim in holder.claims {
        guard let lease = try store.lease(of: claim.address), lease.owner == owner,
          try store.modified(claim.address)?.mark == claim.mark
        else { continue }
        leases.append(lease)
      }
      guard leases.count == holder.claims.count else { continue }
      stale += leases
      freed.append(holder)
    }
    try release(stale, &store)
    return freed
  }

  /// Goes on after a failure.
  private func release(
    _ leases: [HostLocalStore.Lease], _ store: inout HostLocalStore
  ) throws(AllocationError) {
    var failures: [AllocationError] = []
    for lease in leases {
      do throws(AllocationError) { try store.release(lease) } catch { failures.append(error) }
    }
    store.seal()
    guard let first = failures.first else { return }
    throw AllocationError(
      first.kind, failures.map { $0.message }.joined(separator: "; "), details: first.details)
  }

  /// Every set must have a free address, the directory must be writable, and `resolvConf` readable.
  @discardableResult
  public func status(avoiding occupied: OccupiedAddresses) throws(AllocationError) -> [String] {
    _ = try nameService()
    guard var store = try HostLocalStore.open(location, isMaking: true) else { return [] }
    try store.probeWriting()
    var occupied = occupied
    occupied.noteGateways(configuration.routes)
    for (number, set) in configuration.sets.enumerated() {
      _ = try HostLocalTurn(number: number, set: set, wish: nil, occupied: occupied).choose(in: store)
    }
    return []
  }

  /// Those of the configured ranges; the runtime may bring more.
  public func families() -> Set<IPFamily> {
    Set(configuration.sets.flatMap { $0.ranges }.map { $0.subnet.family })
  }
}
