package import Addressing
internal import IPAM
package import KubernetesClient

/// How a node comes to its part of the pools that it shares: what it may give, and what is to be claimed and given back.
///
/// A block goes in three steps: the node's file no longer has it; nobody has taken an address of it for a while, and the lease
/// store, read under its lock, says so; it is deleted. Once out of the file it comes back only where the leases say that an
/// address of it is held: a deletion may be on its way, whatever has become of the process that sent it.
package struct BlockDivision: Sendable {
  private struct Claim: Sendable {
    var pool: String
    var addresses: AddressSet
    var since: ContinuousClock.Instant
  }

  private struct Leave: Sendable {
    var block: Block
    /// What the node gives by it: without the addresses of older blocks.
    var effective: AddressSet
    /// When the node's file was without it.
    var since: ContinuousClock.Instant?
  }

  /// For how long a claim that was sent is waited for: its answer may be lost.
  private static let patience: Duration = .seconds(10)

  /// For how long a block that was claimed for waiting pods is kept for them: a kubelet tries again after 10 to 15 seconds. Where
  /// the pool is claimed as a whole, the block would be given back at once otherwise, and claimed again at the next try.
  private static let spareTime: Duration = .seconds(20)

  /// The node's name.
  let node: String
  /// For how long a block has to be out of the file.
  private let rest: Duration
  /// Claims whose blocks have not been seen yet, by the block's name.
  private var pending: [String: Claim] = [:]
  /// Blocks on their way out, by their UIDs.
  private var leaving: [String: Leave] = [:]
  /// Blocks of addresses that only other nodes can give, by their UIDs.
  private var inTheWay: Set<String> = []
  var claims: [(pool: ObjectIdentity, addresses: AddressSet)] = []
  /// Pools of which a pod got no address, and no more was claimed since.
  private var wanted: Set<String> = []
  /// When a pod got no address last, by the pool's name. The runtime tries again, at first after seconds, then less often.
  private var lastWanted: [String: ContinuousClock.Instant] = [:]
  /// When a claim may be tried again after a failure.
  private var retryAt: ContinuousClock.Instant?
  /// Which addresses of shared pools no node gives as its own.
  package internal(set) var clearance: PoolClearance
  /// Which addresses of pools of its own no other node gives.
  package internal(set) var own: OwnAddresses
  /// Addresses that this node's pods hold, or that rest here, and that are not its own by any pool or block: other nodes could
  /// claim them. `nil` when nobody could tell.
  package private(set) var unprotected: AddressSet?
  /// What the file of the run before gives; `nil` once it has been looked at.
  private var before: AddressSet?
  /// What was to be given by the last division, or by the file of the run before.
  private var given: AddressSet
  var published = PublishedReport()
  /// Whether the API server still has all that this node has seen of it.
  package internal(set) var continuity: Continuity

  /// - Parameters:
  ///   - before: the addresses of shared pools that the file of the run before gives.
  ///   - own: those of pools of its own that it gives.
  ///   - rest: for how long a block has to be out of the file.
  package init(
    node: String, before: AddressSet, own: AddressSet = AddressSet(), rest: Duration, continuity: Continuity
  ) {
    self.node = node
    self.before = before
    (given, clearance) = (before.union(own), PoolClearance())
    self.own = OwnAddresses(before: own)
    self.rest = rest
    self.continuity = continuity
  }

  /// Cuts out of each pool what this node may give.
  ///
  /// Of a pool that it shares these are its blocks; of a pool of its own it is all that no other node gives, or has a block
  /// of, as may be after an edit.
  /// - Parameters:
  ///   - owner: this node; `nil` while its Node is not known.
  ///   - busy: addresses that pods hold, and those that rest; `nil` when nobody could tell.
  ///   - pools: all pools of the cluster, also those of other nodes.
  package mutating func divide(
    _ resolution: PoolResolution, _ map: BlockMap, owner: Block.Owner?, busy: AddressSet?,
    pools: some Collection<PoolObject>, at now: ContinuousClock.Instant
  ) -> PoolResolution {
    let known = Dictionary(pools.map { ($0.name, KnownPool($0)) }) { first, _ in first }
    clearance.begin(known)
    let seen = Set(map.all.map(\.name))
    pending = pending.filter { !seen.contains($0.key) && now - $0.value.since < Self.patience }
    lastWanted = lastWanted.filter { now - $0.value < Self.spareTime }
    claims = []
    let first = before
    let present = busy ?? AddressSet()
    // What leaves the file for the sake of other pools is claimed anew when its block is gone.
    let mine = map.own(of: owner).subtracting(
      AddressSet(union: leaving.values.map(\.effective).filter { !$0.overlaps(present) }))
    if let before, let owner {
      for block in map.blocks(of: owner) where !block.addresses.overlaps(before) {
        leaving[block.uid] = Leave(block: block, effective: map.effective(block))
      }
      // Given by a block, perhaps since not all nodes have been asked.
      own.withdraw(mine)
      self.before = nil
    }
    var surplus: [Block] = []
    inTheWay = []
    var resolution = resolution
    let foreign = map.foreign(to: owner)
    let target = AddressSet(
      union: resolution.entries.filter { !$0.object.pool.isShared && $0.withheld == nil }.map(\.addresses)
    ).subtracting(foreign)
    let sharedPools = pools.filter(\.pool.isShared)
    own.begin(
      target, contested: target.intersection(AddressSet(union: sharedPools.map(\.pool.addresses))),
      mine: mine, used: busy.map(given.union) ?? given, known: known)
    let undivided = resolution.entries
    let ownAddresses = own
    resolution.entries = undivided.map { entry in
      guard entry.object.pool.isShared else { return own(entry, map, owner, foreign) }
      guard let owner else {
        return entry.with(
          AddressSet(), withheld: "several nodes share it, and the Node of this one is not known")
      }
      let plan = plan(entry, map, owner, foreign, busy: busy, before: first) { addresses in
        // Its own pools' addresses it gives by blocks, whichever they are.
        let others = addresses.subtracting(ownAddresses.needed)
        return pools.contains { $0.name != entry.object.name && $0.pool.addresses.overlaps(others) }
      }
      surplus += plan.surplus
      inTheWay.formUnion(plan.inTheWay)
      return entry.with(
        plan.usable, sharing: plan.hasMore || plan.getsMore ? .more : NodePool.Sharing.none,
        withheld: plan.usable.isEmpty && !plan.hasMore && !plan.getsMore ? Self.exhausted(entry) : nil)
    }
    given = AddressSet(union: resolution.entries.filter { $0.withheld == nil }.map(\.addresses))
    protect(pools, map, owner, busy, shared: undivided.filter(\.object.pool.isShared))
    if let owner, let busy {
      claim(contested: sharedPools, map)
      // Own blocks of pools that are gone, or that this node no longer shares.
      let shared = Set(resolution.entries.filter { $0.object.pool.isShared }.map(\.object.name))
      surplus += map.blocks(of: owner).filter {
        !shared.contains($0.pool) && !$0.addresses.overlaps(busy) && !own.needs($0.addresses)
      }
      let former = leaving
      leaving = [:]
      for block in surplus {
        leaving[block.uid] = Leave(
          block: block, effective: map.effective(block), since: former[block.uid]?.since)
      }
    }
    return resolution
  }

  private static func exhausted(_ entry: PoolResolution.Entry) -> String {
    if entry.object.pool.addresses.isEmpty { return entry.object.lackOfAddresses }
    return entry.addresses.isEmpty
      ? "older pools have all addresses of it" : "other nodes have claimed all addresses of it"
  }

  private func own(
    _ entry: PoolResolution.Entry, _ map: BlockMap, _ owner: Block.Owner?, _ foreign: AddressSet
  ) -> PoolResolution.Entry {
    let usable = own.usable(entry.addresses.subtracting(foreign))
    guard usable != entry.addresses else { return entry }
    return entry.with(usable, withheld: usable.isEmpty ? obstacle(to: entry, map, owner) : nil)
  }

  /// Why not all of a pool of its own is given; `nil` when all is.
  package func obstacle(to entry: PoolResolution.Entry, _ map: BlockMap, _ owner: Block.Owner?) -> String? {
    if let obstacle = own.obstacle(to: entry.object.pool.addresses) { return obstacle }
    guard let block = map.foreign(to: owner, among: entry.object.pool.addresses),
      let first = block.addresses.intersection(entry.object.pool.addresses).ranges.first
    else { return nil }
    return
      "a pod of node \(block.owner.node) holds \(first), or held it until a minute ago: kubectl get ipvlanblock \(block.name)"
  }

  /// Claims what pods hold of pools that are not this node's, as after an edit of `nodeName`, or one that took the address
  /// out of one pool and gave it to another.
  /// - Parameter entries: pools that this node shares. Their addresses have been planned for.
  private mutating func protect(
    _ pools: some Collection<PoolObject>, _ map: BlockMap, _ owner: Block.Owner?, _ busy: AddressSet?,
    shared entries: [PoolResolution.Entry]
  ) {
    unprotected = nil
    guard let busy else { return }
    var rest = busy.subtracting(map.own(of: owner))
    var open = AddressSet()
    let planned = map.claimed.union(AddressSet(union: entries.map(\.addresses)))
    for object in pools where object.pool.isShared || !object.pool.nodeNames.contains(node) {
      let held = rest.intersection(object.pool.addresses)
      guard !held.isEmpty else { continue }
      // What another node has a block of cannot be claimed by a third one. It is held twice, or was given back.
      open = open.union(held.subtracting(map.foreign(to: owner)))
      rest = rest.subtracting(held)
      guard owner != nil else { continue }
      let size = BlockSizes(addresses: object.pool.addresses.count).block
      claims += Block.parts(of: held.subtracting(planned), size: size).map { (object.identity, $0) }
    }
    unprotected = open
  }

  /// Claims what is to be given of pools of its own and is in shared ones too.
  private mutating func claim(contested pools: [PoolObject], _ map: BlockMap) {
    guard !own.unclaimed.isEmpty else { return }
    var rest = own.unclaimed.subtracting(map.claimed)
      .subtracting(AddressSet(union: pending.values.map(\.addresses)))
    for object in pools where rest.overlaps(object.pool.addresses) {
      let claim = rest.intersection(object.pool.addresses)
      rest = rest.subtracting(claim)
      claims.append((object.identity, Block.part(of: claim)))
    }
  }

  private mutating func plan(
    _ entry: PoolResolution.Entry, _ map: BlockMap, _ owner: Block.Owner, _ foreign: AddressSet,
    busy: AddressSet?, before: AddressSet?, isElsewhere: (AddressSet) -> Bool
  ) -> BlockPlan {
    let identity = entry.object.identity
    let own = AddressSet(
      union: map.blocks(of: owner).filter { $0.pool == identity.name && $0.poolUID == identity.uid }
        .map(map.effective))
    let cleared = clearance.cleared(
      identity, entry.addresses, mine: own.intersection(given), held: own.intersection(busy ?? AddressSet()),
      foreign: foreign, before: before)
    let sent = pending.values.filter { $0.pool == identity.name }
    let plan = BlockPlan(
      identity, entry.addresses.subtracting(AddressSet(union: sent.map(\.addresses))), map, of: owner,
      busy: busy, cleared: cleared, taken: clearance.taken(of: identity), leaving: Set(leaving.keys),
      pending: sent.reduce(0) { $0 + Int(min($1.addresses.count, 1 << 20)) },
      isWanted: wanted.contains(identity.name), keepsSpare: lastWanted[identity.name] != nil,
      isOwn: self.own.needs, isElsewhere: isElsewhere)
    if plan.needsClearance { clearance.ask(identity) }
    claims += plan.claims.map { (identity, $0) }
    if plan.claims.isEmpty, !plan.needsClearance { wanted.remove(identity.name) }
    return plan
  }

  /// The file has been written: blocks that it does not give are on their way out.
  package mutating func noteFile(of resolution: PoolResolution, at now: ContinuousClock.Instant) {
    let entries = resolution.entries.filter { $0.withheld == nil }
    let shared = AddressSet(union: entries.filter(\.object.pool.isShared).map(\.addresses))
    // An own pool gives addresses by such a block.
    let all = AddressSet(union: entries.map(\.addresses))
    for (uid, leave) in leaving
    where leave.since == nil && !leave.effective.overlaps(inTheWay.contains(uid) ? all : shared) {
      leaving[uid]?.since = now
    }
  }

  /// Pods wait for addresses of these pools.
  package mutating func want(_ pools: [String], at now: ContinuousClock.Instant) {
    wanted.formUnion(pools)
    for pool in pools { lastWanted[pool] = now }
  }

  /// Whether blocks are kept for pods that got no address a moment ago.
  package var keepsSpare: Bool { !lastWanted.isEmpty }

  /// The claims to be sent now, each once.
  package mutating func takeClaims(
    of owner: Block.Owner, at now: ContinuousClock.Instant
  ) -> [UnstructuredObject] {
    if continuity.isDoubtful { return [] }
    if let retryAt, retryAt > now { return [] }
    defer { claims = [] }
    return claims.compactMap { pool, addresses in
      guard let object = Block.claim(on: addresses, of: pool, for: owner), let name = object.metadata.name,
        pending[name] == nil
      else { return nil }
      pending[name] = Claim(pool: pool.name, addresses: addresses, since: now)
      return object
    }
  }

  /// A claim came to nothing.
  ///
  /// - Parameter wait: for how long none is sent; `nil` when somebody else was faster: the block is on its way to be
  ///   seen, and until then the name is not tried again.
  package mutating func noteClaim(
    _ name: String, failed wait: Duration?, at now: ContinuousClock.Instant
  ) {
    guard let wait else { return }
    pending[name] = nil
    retryAt = now + wait
  }

  /// The blocks that have been out of the file for long enough. Whoever deletes them looks at the lease store first.
  package func overdue(at now: ContinuousClock.Instant) -> [Block] {
    leaving.values.filter { leave in leave.since.map { now - $0 >= rest } ?? false }.map(\.block)
      .filter { !own.needs($0.addresses) || inTheWay.contains($0.uid) }
      .sorted { $0.version < $1.version }
  }
}
