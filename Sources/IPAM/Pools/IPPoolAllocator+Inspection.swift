public import Addressing
public import JSON
internal import Platform

/// What operators look at.
extension IPPoolAllocator {
  /// A key of the configuration that nobody reads: no address is given as long as it is there.
  public var unknownKey: JSONFieldError? { configuration.unknownKey }
  /// Where the pool documents lie.
  public var poolDirectory: String { configuration.poolDirectory }
  /// Where the leases lie.
  public var dataDirectory: String { configuration.dataDirectory }
  /// Where `ipvlan-agent` says how it is.
  public var runDirectory: String { configuration.runDirectory }
  /// What `ipvlan-agent` knows of the pods of this node.
  public var podFiles: PodFiles { PodFiles(runDirectory: configuration.runDirectory) }
  /// The node's name, as `nodeName` lists are compared with it.
  public var nodeName: String { configuration.nodeName }
  /// Whether there is no other node: pools that several could share are this one's.
  public var isSingleNode: Bool { configuration.isSingleNode }
  /// The cooldown of a released address, in seconds.
  public var cooldown: Int { configuration.cooldown }

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
    /// The names of this node's pools, whatever network they are for, that are for pods or namespaces with certain labels.
    public let asksForLabels: [String]
    /// The pools of this node, whatever network they are for, that nobody gives from, since nobody has divided them among
    /// the nodes that they are for.
    public let undivided: [NodePool]
    /// Whether an agent of this node brings labels and annotations of its pods.
    public let hasPodFiles: Bool
    /// Whether labels of the pod that are not known decide about a pool.
    public let lacksLabels: Bool
  }

  /// Looks at every pool of the directory.
  ///
  /// - Parameter request: an attachment whose pod narrows the choice; `nil` for any pod.
  /// - Throws: ``AllocationError`` when the leases cannot be read.
  public func survey(for request: AllocationRequest? = nil) throws(AllocationError) -> Survey {
    let catalog = PoolCatalog(directory: configuration.poolDirectory)
    var query = query
    query.isForAnyPod = request == nil
    if let request { query = self.query(for: request, try PoolAnnotation(request)) }
    let selection = PoolSelection(query, in: catalog)
    var reports: [PoolReport] = []
    for candidate in selection.candidates {
      reports.append(PoolReport(count: try count(candidate.pool), objection: candidate.objection))
    }
    return Survey(
      pools: reports, unknownNames: selection.unknownNames, faults: catalog.faults,
      reserved: catalog.reserved,
      asksForLabels: catalog.pools.filter { pool in
        pool.asksForLabels && !pool.isDisabled && query.nodeObjection(to: pool) == nil
      }.map { $0.name }, undivided: catalog.pools.filter { query.isUndivided($0) },
      hasPodFiles: catalog.hasPodFiles,
      lacksLabels: !selection.undecided.isEmpty)
  }

  /// Every lease of the data directory, of all networks, by address; those whose cooldown is over are left out.
  /// - Throws: ``AllocationError`` when the leases cannot be read.
  public func leases() throws(AllocationError) -> [Lease] {
    try store.read { table throws(AllocationError) in
      try table.all().filter { $0.release == nil || store.cooldown(of: $0) > 0 }
    } ?? []
  }

  /// What is left of the cooldown of an address, in seconds, rounded up.
  public func cooldown(of lease: Lease) -> Int { store.cooldown(of: lease).dividedUp(by: 1000) }

  /// Every attachment that holds addresses, of all networks.
  /// - Throws: ``AllocationError`` when the leases cannot be read.
  public func holders() throws(AllocationError) -> [LeaseHolder] {
    let (clock, wall) = (MonotonicInstant.now(), WallClock.now().seconds)
    return Dictionary(grouping: try leases().filter { $0.release == nil }) { $0.attachment }
      .map { attachment, leases in
        LeaseHolder(
          attachment: attachment, netns: leases.first?.netns,
          // The clock that nobody can set tells, unless an earlier version wrote the lease.
          age: leases.map { lease in
            lease.mark.map { (clock.mark - $0) / 1_000_000_000 } ?? max(0, wall - lease.since)
          }.min(),
          claims: leases.map { Allocation.Claim(address: $0.address, mark: $0.mark ?? $0.since) })
      }.sorted { $0.attachment.description < $1.attachment.description }
  }

  /// Takes back what attachments hold that are gone; the addresses have a cooldown as after a release.
  ///
  /// An attachment that was given an address since it was listed keeps what it has.
  /// - Returns: those that were freed.
  /// - Throws: ``AllocationError`` when the leases cannot be changed.
  public func free(_ dead: [LeaseHolder]) throws(AllocationError) -> [LeaseHolder] {
    guard !dead.isEmpty else { return [] }
    return try store.update { table throws(AllocationError) in
      var freed: [LeaseHolder] = []
      for holder in dead where try isUnchanged(holder, table) {
        try table.release(holder.attachment, store.releaseNow())
        freed.append(holder)
      }
      return freed
    } ?? []
  }

  private func isUnchanged(
    _ holder: LeaseHolder, _ table: borrowing LeaseTable
  ) throws(AllocationError) -> Bool {
    guard try table.addresses(of: holder.attachment).sorted() == holder.addresses.sorted() else {
      return false
    }
    for claim in holder.claims {
      guard let lease = try table.lease(of: claim.address), lease.attachment == holder.attachment,
        lease.release == nil, (lease.mark ?? lease.since) == claim.mark
      else { return false }
    }
    return true
  }

  /// What does not fit together in the lease store: nothing, unless its file was tampered with.
  /// - Throws: ``AllocationError`` when the leases cannot be read.
  public func contradictions() throws(AllocationError) -> [String] {
    try store.read { table throws(AllocationError) in try table.contradictions() } ?? []
  }

  /// Counts a pool's leases.
  func count(
    _ pool: NodePool, avoiding occupied: OccupiedAddresses = OccupiedAddresses()
  ) throws(AllocationError) -> PoolCount {
    try store.read { table throws(AllocationError) in try PoolCount(pool, in: table, avoiding: occupied) }
      ?? PoolCount(untouched: pool, avoiding: occupied)
  }
}
