package import Addressing
internal import Platform

/// How much of a shared pool a node claims ahead of need.
package struct BlockSizes: Sendable, Hashable {
  /// The addresses of a block.
  package let block: Int
  /// Fewer free addresses than these, and another block is claimed.
  package let low: Int
  /// More free addresses than these, and a block that is free as a whole is given back.
  package var high: Int { low + 2 * block }

  /// Small pools go by single addresses: with larger blocks few nodes would have all of it.
  package init(addresses: UInt128) {
    switch addresses {
    case ...64: (block, low) = (1, 1)
    case ...256: (block, low) = (4, 2)
    case ...4096: (block, low) = (8, 4)
    default: (block, low) = (16, 8)
    }
  }
}

/// What a node does about its blocks of one shared pool.
package struct BlockPlan: Sendable {
  /// What the node may give at the moment.
  package private(set) var usable = AddressSet()
  /// What it should claim.
  package private(set) var claims: [AddressSet] = []
  /// Blocks that are not needed: they leave the node's files first, and are deleted when nobody has taken an address of
  /// them for a while.
  package private(set) var surplus: [Block] = []
  /// The UIDs of those of them that keep other nodes from addresses that this one does not give.
  package private(set) var inTheWay: Set<String> = []
  /// Whether nobody has claimed some addresses yet.
  package private(set) var hasMore = false
  /// Whether blocks of this node leave its file, so that their addresses can soon be claimed again.
  package private(set) var getsMore = false
  /// Whether more is to be claimed, or given, as soon as it is clear that no node gives it as its own.
  package private(set) var needsClearance = false

  /// - Parameters:
  ///   - pool: the pool; its UID tells whose blocks they are.
  ///   - addresses: what the pool has, without what older pools have of it.
  ///   - busy: addresses that pods hold, and those that rest; `nil` when nobody could tell: then nothing is claimed
  ///     and nothing given back.
  ///   - cleared: what may be claimed, and given by blocks; what pods of this node hold is claimed in any case.
  ///   - taken: what other nodes have, as their reports say.
  ///   - leaving: blocks by their UIDs that have left the node's files already.
  ///   - pending: how many addresses are claimed whose blocks have not been seen yet.
  ///   - isWanted: a pod got no address.
  ///   - keepsSpare: pods got no address a moment ago: what was claimed for them stays until they come back for it.
  ///   - isOwn: whether a pool of the node's own gives some of these addresses by its blocks.
  ///   - isElsewhere: whether other pools have some of these addresses.
  package init(
    _ pool: ObjectIdentity, _ addresses: AddressSet, _ map: BlockMap, of owner: Block.Owner,
    busy: AddressSet?, cleared: AddressSet, taken: AddressSet = AddressSet(), leaving: Set<String>,
    pending: Int = 0, isWanted: Bool = false, keepsSpare: Bool = false,
    isOwn: (AddressSet) -> Bool = { _ in false }, isElsewhere: (AddressSet) -> Bool = { _ in false }
  ) {
    let isKnown = busy != nil
    let busy = busy ?? AddressSet()
    let sizes = BlockSizes(addresses: addresses.count)
    let own = map.blocks(of: owner).filter { $0.pool == pool.name }
    var kept: [(block: Block, usable: AddressSet)] = []
    // Claimed before an edit, and seen after it.
    var uncleared = AddressSet()
    // A block that is of no use until all nodes have been asked about it.
    var isIdle = false
    for block in own {
      let effective = map.effective(block).intersection(addresses)
      // Of another pool of that name, beaten by an older one, or cut out of the pool by an edit.
      let isUseful = block.poolUID == pool.uid && !effective.isEmpty && pool.terminating == nil
      let isFree = !block.addresses.overlaps(busy)
      // An edit has cut it: as long as it stands nobody can give the part that another pool has.
      let rest = block.addresses.subtracting(addresses)
      let isInTheWay = !rest.isEmpty && isElsewhere(rest)
      // The API server was restored to a state in which it was this node's.
      let isTaken = isUseful && effective.subtracting(taken).isEmpty
      if (!isUseful || isInTheWay || isTaken || leaving.contains(block.uid)) && isFree && isKnown {
        surplus.append(block)
        if isInTheWay { inTheWay.insert(block.uid) }
      } else if isUseful && (isKnown || !leaving.contains(block.uid)) {
        kept.append((block, effective.intersection(cleared)))
        uncleared = uncleared.union(effective.subtracting(cleared))
        if isFree, !effective.overlaps(cleared) { isIdle = true }
      }
    }
    var free = kept.reduce(0) { $0 + Self.number($1.usable.subtracting(busy)) }
    // Where one pod waits others come.
    let target = sizes.low + (isWanted ? 4 * sizes.block : 0)
    let unclaimed = addresses.subtracting(map.claimed)
    hasMore = !(unclaimed.isEmpty && uncleared.isEmpty) && pool.terminating == nil
    // Of a pool that is claimed as a whole nobody keeps more than is needed next.
    let high = hasMore ? max(sizes.high, target) : sizes.low
    // The newest go first: the block that was claimed last was needed least.
    for (block, effective) in kept.reversed() where !keepsSpare {
      let count = Self.number(effective)
      // Claimed for a pool of the node's own that is gone.
      let isLarge = !hasMore && count > sizes.high
      guard isKnown, free - count >= high || isLarge, !block.addresses.overlaps(busy),
        !isOwn(block.addresses)
      else { continue }
      surplus.append(block)
      free -= count
      kept.removeAll { $0.block == block }
    }
    // By these a pool of its own gives addresses.
    surplus.removeAll { isOwn($0.addresses) && !inTheWay.contains($0.uid) }
    usable = AddressSet(union: kept.map(\.usable))
    getsMore =
      pool.terminating == nil && surplus.contains { $0.addresses.overlaps(addresses.subtracting(taken)) }
    guard pool.terminating == nil, isKnown else { return }
    var rest = unclaimed
    // What pods hold already, as those of a pool that was this node's alone before, is claimed before anybody else does.
    let held = unclaimed.intersection(busy)
    if !held.isEmpty {
      claims += Block.parts(of: held, size: sizes.block)
      rest = rest.subtracting(held)
    }
    uncleared = uncleared.union(rest.subtracting(cleared))
    rest = rest.intersection(cleared)
    while free + pending < target, let claim = Self.next(rest, sizes.block, after: owner) {
      claims.append(claim)
      free += Self.number(claim)
      rest = rest.subtracting(claim)
    }
    needsClearance = (free + pending < target || isIdle) && !uncleared.isEmpty
  }

  /// The addresses of one block: those of one stretch that nobody has claimed. Each node begins somewhere else, so that
  /// they seldom want the same.
  private static func next(_ unclaimed: AddressSet, _ size: Int, after owner: Block.Owner) -> AddressSet? {
    guard let first = unclaimed.ranges.first, let last = unclaimed.ranges.last else { return nil }
    let span = last.upper.value - first.lower.value
    let hash = UInt128(StableHash.fnv1a(owner.node))
    let value = first.lower.value + (span == .max ? hash : hash % (span + 1))
    let start = IPAddress(family: first.lower.family, value: value)
    guard let range = unclaimed.rotated(after: start.predecessor).first else { return nil }
    // Stretches begin where the size divides the address, so that nodes cut alike.
    let end = range.lower.value | UInt128(size - 1)
    let upper = IPAddress(family: range.family, value: min(end, range.upper.value))
    return IPRange(range.lower, upper).map { AddressSet([$0]) }
  }

  private static func number(_ addresses: AddressSet) -> Int {
    Int(min(addresses.count, UInt128(Int.max / 1024)))
  }
}
