public import Addressing
internal import Platform
internal import SystemPackage

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
    for address in addresses.map(\.address.address) {
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

  /// Leases in the old form stay: they do not tell the interface that a list could be asked for.
  public func collectGarbage(isAlive: (LeaseHolder) -> Bool) throws(AllocationError) -> [LeaseHolder] {
    guard var store = try HostLocalStore.open(location) else { return [] }
    var held: [AttachmentID: [HostLocalStore.Lease]] = [:]
    var stale: [HostLocalStore.Lease] = []
    for lease in try store.leases() {
      guard let owner = lease.owner else {
        stale.append(lease)
        continue
      }
      if let attachment = owner.attachment(on: location.network) {
        held[attachment, default: []].append(lease)
      }
    }
    var freed: [LeaseHolder] = []
    for (attachment, leases) in held.sorted(by: { $0.key.description < $1.key.description }) {
      let holder = LeaseHolder(
        attachment: attachment, netns: nil, addresses: leases.map(\.address).sorted())
      guard !isAlive(holder) else { continue }
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
      first.kind, failures.map(\.message).joined(separator: "; "), details: first.details)
  }

  /// Every set must have a free address, the directory must be writable, and `resolvConf` readable.
  public func status() throws(AllocationError) {
    _ = try nameService()
    guard var store = try HostLocalStore.open(location, isMaking: true) else { return }
    try store.probeWriting()
    for (number, set) in configuration.sets.enumerated() {
      _ = try HostLocalTurn(number: number, set: set, wish: nil).choose(in: store)
    }
  }
}
