public import Addressing

/// What operators look at.
extension IPPoolAllocator {
  /// Where the pool documents lie.
  public var poolDirectory: String { configuration.poolDirectory }
  /// Where the leases lie.
  public var dataDirectory: String { configuration.dataDirectory }
  /// The node's name, as `nodeName` lists are compared with it.
  public var nodeName: String { configuration.nodeName }
  /// How long a released address rests, in seconds.
  public var coolDown: Int { configuration.coolDown }

  /// A pool as this node and network see it.
  public struct PoolReport: Sendable {
    /// The pool with its counts.
    public let count: PoolCount
    /// Why it is not eligible; `nil` when it is.
    public let objection: String?
  }

  /// A pool directory as this node and network see it.
  public struct Survey: Sendable {
    /// Every pool, the eligible ones first in the order in which they are tried.
    public let pools: [PoolReport]
    /// Names of the configuration that no pool has.
    public let unknownNames: [String]
    /// What cannot be used of the pool files.
    public let faults: [PoolFault]
    /// The addresses of all SpiderReservedIP documents.
    public let reserved: AddressSet
  }

  /// Looks at every pool of the directory.
  ///
  /// - Parameter request: an attachment whose pod narrows the choice; `nil` for any pod.
  /// - Throws: ``AllocationError`` when the leases cannot be read.
  public func survey(for request: AllocationRequest? = nil) throws(AllocationError) -> Survey {
    let catalog = PoolCatalog(directory: configuration.poolDirectory)
    var query = query
    query.isForAnyNamespace = request == nil
    if let request { query = try self.query(for: request) }
    let selection = PoolSelection(query, in: catalog)
    var reports: [PoolReport] = []
    for candidate in selection.candidates {
      reports.append(PoolReport(count: try count(candidate.pool), objection: candidate.objection))
    }
    return Survey(
      pools: reports, unknownNames: selection.unknownNames, faults: catalog.faults, reserved: catalog.reserved
    )
  }

  /// Every lease of the data directory, of all networks, by address; those whose rest is over are left out.
  /// - Throws: ``AllocationError`` when the leases cannot be read.
  public func leases() throws(AllocationError) -> [Lease] {
    try store.read { table throws(AllocationError) in
      try table.all().filter { $0.release == nil || store.rest(of: $0) > 0 }
    } ?? []
  }

  /// Seconds for which a released address still rests, rounded up.
  public func rest(of lease: Lease) -> Int { (store.rest(of: lease) + 999) / 1000 }

  /// Every attachment that holds addresses, of all networks.
  /// - Throws: ``AllocationError`` when the leases cannot be read.
  public func holders() throws(AllocationError) -> [LeaseHolder] {
    var holders: [AttachmentID: LeaseHolder] = [:]
    for lease in try leases() where lease.release == nil {
      let known = holders[lease.attachment]?.addresses ?? []
      holders[lease.attachment] = LeaseHolder(
        attachment: lease.attachment, netns: lease.netns, addresses: known + [lease.address])
    }
    return holders.values.sorted { $0.attachment.description < $1.attachment.description }
  }

  /// Takes back what attachments hold that are gone; the addresses rest as after a release.
  /// - Returns: what was freed.
  /// - Throws: ``AllocationError`` when the leases cannot be changed.
  public func free(_ holders: [LeaseHolder]) throws(AllocationError) -> [LeaseHolder] {
    guard !holders.isEmpty else { return [] }
    return try store.write { table throws(AllocationError) in
      for holder in holders { try table.release(holder.attachment, store.releaseNow()) }
      return holders
    }
  }

  /// What does not fit together in the lease store: nothing, unless its file was tampered with.
  /// - Throws: ``AllocationError`` when the leases cannot be read.
  public func contradictions() throws(AllocationError) -> [String] {
    try store.read { table throws(AllocationError) in try table.contradictions() } ?? []
  }

  /// Counts a pool's leases.
  func count(_ pool: NodePool) throws(AllocationError) -> PoolCount {
    try store.read { table throws(AllocationError) in try PoolCount(pool, in: table) }
      ?? PoolCount(untouched: pool)
  }
}
