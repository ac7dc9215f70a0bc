internal import Addressing

/// The leases of one boot under a lock. No operation on an attachment looks at more than a few entries, however
/// many leases there are.
///
/// | key | value | what for |
/// |---|---|---|
/// | `A`, address | the lease | the table itself, in the order of the addresses |
/// | `H`, attachment | addresses | who asks again, or releases, finds what it holds |
/// | `P`, pool | address | the one that was given last: the next one is looked for behind it |
/// | `R`, upper end | lower end | runs of addresses that are taken, which end where a free one is |
/// | `C`, end of cooldown, address | none | whose cooldown ends first |
struct LeaseTable: ~Copyable {
  private var database: LeaseDatabase
  let path: String

  init(_ database: consuming LeaseDatabase, path: String) {
    self.database = database
    self.path = path
  }

  /// Makes the changes count.
  consuming func commit() throws(AllocationError) {
    do throws(LeaseDatabaseError) { try database.commit() } catch { throw Self.failure(path, error) }
  }

  /// Makes room on the disk for the changes, and for later ones that only take back.
  func reserve() throws(AllocationError) {
    do throws(LeaseDatabaseError) { try database.reserve() } catch { throw Self.failure(path, error) }
  }

  /// The lease of an address.
  func lease(of address: IPAddress) throws(AllocationError) -> Lease? {
    guard let record = try value(LeaseKey.lease(address)) else { return nil }
    guard let lease = Lease(address, record: record) else { throw damage(at: address) }
    return lease
  }

  /// The addresses that an attachment holds.
  func addresses(of attachment: AttachmentID) throws(AllocationError) -> [IPAddress] {
    try value(LeaseKey.holder(attachment)).map(LeaseKey.addresses) ?? []
  }

  /// The address that a pool gave last.
  func lastAddress(of pool: String) throws(AllocationError) -> IPAddress? {
    try value(LeaseKey.pool(pool)).map(LeaseKey.addresses)?.first
  }

  /// Records that an attachment holds addresses, over the traces of earlier holders.
  mutating func hold(_ leases: [Lease], for attachment: AttachmentID) throws(AllocationError) {
    for lease in leases {
      try put(lease)
      try set(LeaseKey.pool(lease.pool), to: LeaseKey.bytes([lease.address]))
    }
    try set(LeaseKey.holder(attachment), to: LeaseKey.bytes(leases.map { $0.address }))
  }

  /// Takes everything back that an attachment holds; their cooldown begins with `release`; without it they have none.
  mutating func release(_ attachment: AttachmentID, _ release: Lease.Release?) throws(AllocationError) {
    for address in try addresses(of: attachment) {
      guard var lease = try lease(of: address), lease.attachment == attachment, lease.release == nil else {
        continue
      }
      lease.release = release
      if release == nil { try forget(lease) } else { try put(lease) }
    }
    try remove(LeaseKey.holder(attachment))
  }

  /// Writes the lease of an address, held or in cooldown.
  mutating func put(_ lease: Lease) throws(AllocationError) {
    if let release = try self.lease(of: lease.address)?.release {
      try remove(LeaseKey.cooldown(lease.address, end: release.end))
    }
    try set(LeaseKey.lease(lease.address), to: lease.record)
    if let release = lease.release { try set(LeaseKey.cooldown(lease.address, end: release.end), to: []) }
    try occupy(lease.address)
  }

  /// Removes the lease of an address, which is free from then on.
  mutating func forget(_ lease: Lease) throws(AllocationError) {
    if let release = lease.release { try remove(LeaseKey.cooldown(lease.address, end: release.end)) }
    try remove(LeaseKey.lease(lease.address))
    try vacate(lease.address)
  }

  /// All leases, by address.
  func all() throws(AllocationError) -> [Lease] {
    var leases: [Lease] = []
    var damaged: IPAddress?
    try forEach(from: [LeaseKey.leaseTag]) { key, record in
      guard let address = LeaseKey.address(key, LeaseKey.leaseTag) else { return false }
      guard let lease = Lease(address, record: record) else {
        damaged = address
        return false
      }
      leases.append(lease)
      return true
    }
    if let damaged { throw damage(at: damaged) }
    return leases
  }
}

/// Entries, each of whose values ends with a digest of key and value: LMDB has none of its own.
extension LeaseTable {
  func value(_ key: [UInt8]) throws(AllocationError) -> [UInt8]? {
    let sealed: [UInt8]?
    do throws(LeaseDatabaseError) { sealed = try database.value(key) } catch {
      throw Self.failure(path, error)
    }
    guard let sealed else { return nil }
    guard let value = LeaseChecksum.open(sealed, key) else { throw damage(at: key) }
    return value
  }

  mutating func set(_ key: [UInt8], to value: [UInt8]) throws(AllocationError) {
    do throws(LeaseDatabaseError) { try database.set(key, to: LeaseChecksum.close(value, key)) } catch {
      throw Self.failure(path, error)
    }
  }

  mutating func remove(_ key: [UInt8]) throws(AllocationError) {
    do throws(LeaseDatabaseError) { try database.remove(key) } catch { throw Self.failure(path, error) }
  }

  /// Calls `body` with the entries from `key` on, in the order of their keys, until it returns `false`.
  func forEach(
    from key: [UInt8], _ body: (_ key: [UInt8], _ value: [UInt8]) -> Bool
  ) throws(AllocationError) {
    var damaged: [UInt8]?
    do throws(LeaseDatabaseError) {
      try database.forEach(from: key) { key, sealed in
        guard let value = LeaseChecksum.open(sealed, key) else {
          damaged = key
          return false
        }
        return body(key, value)
      }
    } catch {
      throw Self.failure(path, error)
    }
    if let damaged { throw damage(at: damaged) }
  }
}
