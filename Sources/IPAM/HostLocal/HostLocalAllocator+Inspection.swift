public import Addressing
internal import Platform

/// What operators look at.
extension HostLocalAllocator {
  /// Every attachment of this network that holds addresses.
  ///
  /// Nothing is made, locked or touched, so that it works on a read-only file system and holds nobody up: a lease
  /// file appears and goes at once, and one that comes or goes meanwhile may be seen or not.
  ///
  /// Leases in the old form do not tell their interface, and are left out.
  /// - Throws: ``AllocationError`` when the files cannot be read.
  public func holders() throws(AllocationError) -> [LeaseHolder] {
    guard let parent = try location.openParent(isMaking: false),
      let directory = try location.open(in: parent, isMaking: false)
    else { return [] }
    let now = FileStatus.Time.now().seconds
    var held: [AttachmentID: [(claim: Allocation.Claim, age: Int)]] = [:]
    for lease in try HostLocalStore.leases(in: directory, location) {
      guard let attachment = lease.owner?.attachment(on: location.network),
        let given = try HostLocalStore.modified(lease.address, in: directory, location)
      else { continue }
      held[attachment, default: []].append(
        (Allocation.Claim(address: lease.address, mark: given.mark), max(0, now - given.seconds)))
    }
    return held.map { attachment, leases in
      LeaseHolder(
        attachment: attachment, netns: nil, age: leases.map { $0.age }.min(),
        claims: leases.map { $0.claim }.sorted { $0.address < $1.address })
    }.sorted { $0.attachment.description < $1.attachment.description }
  }

  /// Whether the configured ranges have an address that can be given.
  public func canGive(_ address: IPAddress) -> Bool { configuration.sets.contains { $0.canGive(address) } }

  /// The directory of this network's leases.
  public var leaseDirectory: String { location.path }
}
