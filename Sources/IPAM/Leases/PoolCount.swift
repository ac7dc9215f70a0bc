internal import Addressing
internal import Platform

/// How many addresses of a pool are in which state.
public struct PoolCount: Sendable {
  /// The pool.
  public let pool: NodePool
  /// Held by attachments.
  public private(set) var held: UInt128 = 0
  /// Released a moment ago, and still in cooldown.
  public private(set) var cooling: UInt128 = 0
  /// Free, and in use all the same: somebody has them without a lease.
  private(set) var occupied: [OccupiedAddresses.Entry] = []
  /// Milliseconds until the first of them can be given; `nil` when none is in cooldown.
  public private(set) var shortestCooldown: Int?

  /// Counts the leases of a pool.
  init(
    _ pool: NodePool, in table: borrowing LeaseTable,
    avoiding occupied: OccupiedAddresses = OccupiedAddresses()
  ) throws(AllocationError) {
    self.pool = pool
    for entry in occupied.within(pool.addresses) where try table.lease(of: entry.address) == nil {
      self.occupied.append(entry)
    }
    let now = BootClock.now()
    var taken: UInt128 = 0
    for range in pool.addresses.ranges { taken += try table.taken(in: range) }
    var (cooling, ended): (UInt128, UInt128) = (0, 0)
    var shortest: Int?
    try table.forEachCooldown { address, end in
      guard pool.addresses.contains(address) else { return true }
      if end > now {
        cooling += 1
        shortest = min(shortest ?? .max, end - now)
      } else {
        ended += 1
      }
      return true
    }
    (self.cooling, shortestCooldown) = (cooling, shortest)
    held = taken - min(taken, cooling + ended)
  }

  /// A pool of which nothing was ever given.
  init(untouched pool: NodePool, avoiding occupied: OccupiedAddresses = OccupiedAddresses()) {
    self.pool = pool
    self.occupied = occupied.within(pool.addresses)
  }

  /// All of its addresses.
  public var total: UInt128 { pool.addresses.count }
  /// Those that can be given now.
  public var free: UInt128 {
    let taken = held + cooling + UInt128(Set(occupied.map { $0.address }).count)
    return total - min(total, taken)
  }
}

extension PoolCount: CustomStringConvertible {
  /// `pool a: 5 held, 0 cooling, 0 free of 5`.
  public var description: String {
    let node =
      occupied.isEmpty ? "" : "; not given: \(occupied.map { $0.description }.joined(separator: "; "))"
    return "pool \(pool.name): \(held) held, \(cooling) cooling, \(free) free of \(total)\(node)"
  }
}
