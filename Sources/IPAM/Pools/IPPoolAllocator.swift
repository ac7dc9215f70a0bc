public import Addressing
public import JSON
public import Platform

/// Addresses from node pools (`ipam.type` `ippool`): exactly those that the node's NICs own.
///
/// An address is given once in a data directory, whatever network asks. A pool's addresses are given in turn,
/// and have a cooldown after their release, so that late packets for one pod do not reach the next.
public final class IPPoolAllocator: IPAllocator {
  let configuration: IPPoolConfiguration
  let store: LeaseStore
  /// A pod may choose its pools.
  public var readsPoolAnnotations: Bool { true }
  private let network: String

  /// Reads the keys of the configuration; pools and leases are read when they are needed.
  /// - Throws: ``JSONFieldError`` with the path and the value of the member that is wrong.
  public init(_ fields: JSONFields, network: String, environment: Environment) throws(JSONFieldError) {
    self.network = network
    configuration = try IPPoolConfiguration(fields, network: network, environment: environment)
    store = LeaseStore(directory: configuration.dataDirectory, cooldown: configuration.cooldown)
  }

  private init(_ configuration: IPPoolConfiguration, _ store: LeaseStore, network: String) {
    self.configuration = configuration
    self.store = store
    self.network = network
  }

  /// The same allocator for a program with threads: it waits for others without signals.
  public func inThreads() -> IPPoolAllocator {
    var store = store
    store.isInThreads = true
    return IPPoolAllocator(configuration, store, network: network)
  }

  /// An allocator that takes addresses back, for which only `dataDir` is needed.
  /// - Throws: ``JSONFieldError`` when it cannot be told where the leases are.
  public init(ofLeases fields: JSONFields, network: String) throws(JSONFieldError) {
    self.network = network
    configuration = try IPPoolConfiguration(ofLeases: fields, network: network)
    store = LeaseStore(directory: configuration.dataDirectory, cooldown: configuration.cooldown)
  }

  /// One address of each family that has an eligible pool; an attachment that holds addresses gets these.
  public func allocate(_ request: AllocationRequest) throws(AllocationError) -> Allocation {
    try configuration.refuseUnknownKeys()
    let catalog = nodesCatalog(isWriting: true)
    let choice = try choose(for: request, in: catalog)
    try require(choice.selection, for: request, choice.query)
    var request = request
    request.occupied.noteGateways(configuration.routes + choice.annotation.routes)
    let taken: (leases: [Lease], claims: [Allocation.Claim], selection: PoolSelection)
    do throws(AllocationError) { taken = try take(choice, catalog, for: request) } catch {
      throw PoolFailure.completing(error, choice.query, directory: configuration.poolDirectory)
    }
    var allocation = allocation(taken.leases, taken.selection, choice.annotation)
    allocation.remarks += catalog.faults.map { $0.remark }
    allocation.claims = taken.claims
    allocation.passedOver = taken.selection.families.flatMap { taken.selection.pools($0) }
      .flatMap { request.occupied.within($0.addresses) }
    return allocation
  }

  /// Takes an address of each family, unless the attachment holds them already; then nothing is claimed.
  private func take(
    _ choice: Choice, _ catalog: PoolCatalog, for request: AllocationRequest
  ) throws(AllocationError) -> (leases: [Lease], claims: [Allocation.Claim], selection: PoolSelection) {
    try store.write { table throws(AllocationError) in
      let selection = try current(choice, catalog, for: request)
      let mark = MonotonicInstant.now().mark
      if let held = try self.held(request, selection, table) {
        for lease in held { try table.put(lease.marked(mark)) }
        return (held, [], selection)
      }
      // What is held and cannot be used any more, since its pool is gone or was changed, is given up.
      try table.release(request.attachment, store.releaseNow())
      var leases: [Lease] = []
      for family in selection.families {
        let pools = selection.pools(family)
        let picker = AddressPicker(family: family, pools: pools)
        do throws(AllocationError) {
          leases.append(try picker.pick(for: request, in: &table).marked(mark))
        } catch {
          throw wish(for: pools, after: error)
        }
      }
      try refuseLeftOverWishes(request, leases)
      try table.hold(leases, for: request.attachment)
      return (leases, leases.map { Allocation.Claim(address: $0.address, mark: mark) }, selection)
    }
  }

  /// Takes back what `allocate` took, unless the attachment has asked again since.
  public func undo(_ allocation: Allocation, for request: AllocationRequest) throws(AllocationError) {
    guard !allocation.claims.isEmpty else { return }
    try store.update { table throws(AllocationError) in
      // One call takes all of an attachment's addresses.
      for claim in allocation.claims {
        guard let lease = try table.lease(of: claim.address), lease.attachment == request.attachment,
          lease.release == nil, lease.mark == claim.mark
        else { return }
      }
      try table.release(request.attachment, store.releaseNow())
    }
  }

  /// Takes the addresses back. Their cooldown begins now.
  public func release(_ request: AllocationRequest) throws(AllocationError) {
    // DEL of an attachment that never was makes no store.
    try store.update { table throws(AllocationError) in
      try table.release(request.attachment, store.releaseNow())
    }
  }

  /// The attachment must hold every address that it has of the pools.
  public func check(_ request: AllocationRequest, addresses: [AddressAssignment]) throws(AllocationError) {
    let held =
      try store.read { table throws(AllocationError) in try table.addresses(of: request.attachment) } ?? []
    let missing = addresses.map { $0.address.address }.filter { !held.contains($0) }
    guard missing.isEmpty else {
      throw AllocationError(
        .notHeld,
        "no lease of \(missing.map { $0.description }.joined(separator: ", ")) for \(request.attachment)",
        details: "see: ipvlanctl leases")
    }
  }

  /// An address of each family that has pools for this node and network must be free, and the store take a lease.
  @discardableResult
  public func status(avoiding occupied: OccupiedAddresses) throws(AllocationError) -> [String] {
    try configuration.refuseUnknownKeys()
    try store.probe()
    var occupied = occupied
    occupied.noteGateways(configuration.routes)
    let catalog = nodesCatalog()
    let query = queryForAnybody
    let selection = PoolSelection(query, in: catalog)
    guard !selection.families.isEmpty else {
      throw PoolFailure(query, directory: configuration.poolDirectory).noEligiblePool(nil)
    }
    for family in selection.families {
      let counts = try selection.pools(family).map { pool throws(AllocationError) in
        try count(pool, avoiding: occupied)
      }
      if counts.allSatisfy({ $0.free == 0 }) {
        throw PoolFailure.completing(
          PoolFailure.usedUp(family, counts, for: nil), query, directory: configuration.poolDirectory)
      }
    }
    return catalog.faults.map { $0.remark }
  }

  /// Those that have pools for this node and network.
  public func families() -> Set<IPFamily> { Set(PoolSelection(queryForAnybody, in: nodesCatalog()).families) }

  private var queryForAnybody: PoolQuery {
    var query = query
    query.isForAnyPod = true
    return query
  }

  /// Whom the pools are asked for.
  var query: PoolQuery {
    var query = PoolQuery(nodeName: configuration.nodeName, network: configuration.multusName)
    query.names = configuration.pools
    query.isSingleNode = configuration.isSingleNode
    return query
  }

  /// As `query`, with what is known of the pod; its annotation goes before the configuration.
  func query(for request: AllocationRequest, _ annotation: PoolAnnotation) -> PoolQuery {
    var query = query
    query.namespace = request.pod?.namespace
    query.learn(request.record)
    if let names = annotation.names {
      query.names = names
      query.isNamedByPod = true
      query.required = IPFamily.allCases.filter { names[$0]?.isEmpty == false }
    }
    return query
  }

  /// What the attachment holds already, if it fits: one address of every family, from eligible pools.
  private func held(
    _ request: AllocationRequest, _ selection: PoolSelection, _ table: borrowing LeaseTable
  ) throws(AllocationError) -> [Lease]? {
    let attachment = request.attachment
    var leases: [Lease] = []
    for address in try table.addresses(of: attachment) {
      guard let lease = try table.lease(of: address), lease.attachment == attachment, lease.release == nil,
        !request.occupied.contains(address),
        selection.pools(address.family).contains(where: { $0.addresses.contains(address) })
      else { return nil }
      leases.append(lease)
    }
    return Set(leases.map { $0.address.family }) == Set(selection.families) ? leases : nil
  }

  private func refuseLeftOverWishes(
    _ request: AllocationRequest, _ leases: [Lease]
  ) throws(AllocationError) {
    for wish in request.requested where !leases.contains(where: { $0.address == wish.address }) {
      throw AllocationError(
        .requestRefused, "requested address \(wish) is in no pool that serves \(request.attachment)",
        details: "see which pools do: ipvlanctl explain")
    }
  }

  private func allocation(
    _ leases: [Lease], _ selection: PoolSelection, _ annotation: PoolAnnotation
  ) -> Allocation {
    var allocation = Allocation()
    for lease in leases {
      let pools = selection.pools(lease.address.family)
      guard let pool = pools.first(where: { $0.addresses.contains(lease.address) }),
        let assignment = pool.assignment(lease.address)
      else { continue }
      allocation.assignments.append(assignment)
      allocation.routes += annotation.hasNoDefaultRoute ? pool.routes : pool.allRoutes
    }
    allocation.routes += configuration.routes
    add(annotation.routes, to: &allocation)
    return allocation
  }

  /// A pod's own routes go before the others. Each is for the interface whose subnet has its gateway.
  private func add(_ routes: [IPRoute], to allocation: inout Allocation) {
    var own: [IPRoute] = []
    for route in routes {
      let isHere = allocation.assignments.contains { assignment in
        route.gateway.map(assignment.address.network.contains) ?? false
      }
      guard isHere else {
        allocation.remarks.append(
          "route \(route) of the pod's annotation is not for this interface: the gateway is in no subnet of its addresses"
        )
        continue
      }
      own.append(route)
    }
    // Of those to one destination the last counts.
    var destinations: Set<CIDR> = []
    let last = own.reversed().filter { destinations.insert($0.destination).inserted }
    allocation.routes.removeAll { destinations.contains($0.destination) }
    allocation.routes += last.reversed()
  }
}
