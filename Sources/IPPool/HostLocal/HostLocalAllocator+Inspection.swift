/// What operators look at.
extension HostLocalAllocator {
  /// Every attachment of this network that holds addresses; nothing is changed.
  ///
  /// Leases in the old form do not tell their interface, and are left out.
  /// - Throws: ``AllocationError`` when the files cannot be read.
  public func holders() throws(AllocationError) -> [LeaseHolder] {
    guard let store = try HostLocalStore.open(location) else { return [] }
    var held: [AttachmentID: LeaseHolder] = [:]
    for lease in try store.leases() {
      guard let attachment = lease.owner?.attachment(on: location.network) else { continue }
      let known = held[attachment]?.addresses ?? []
      held[attachment] = LeaseHolder(
        attachment: attachment, netns: nil, addresses: (known + [lease.address]).sorted())
    }
    return held.values.sorted { $0.attachment.description < $1.attachment.description }
  }

  /// The directory of this network's leases.
  public var leaseDirectory: String { location.path }
}
