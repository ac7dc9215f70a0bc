internal import Addressing

/// The leases of one boot under a lock: an ordered table by address, an index by holder, and the address that
/// each pool gave last.
///
/// Keys: `A`, family, address -> lease; `H`, attachment -> addresses; `P`, pool -> address.
struct LeaseTable: ~Copyable {
  private var database: LeaseDatabase
  private let path: String

  init(_ database: consuming LeaseDatabase, path: String) {
    self.database = database
    self.path = path
  }

  /// Makes the changes count.
  consuming func commit() throws(AllocationError) {
    do throws(LeaseDatabaseError) { try database.commit() } catch { throw Self.failure(path, error) }
  }

  /// The lease of an address.
  func lease(of address: IPAddress) throws(AllocationError) -> Lease? {
    guard let record = try read(Self.key(address)) else { return nil }
    return try lease(address, record)
  }

  /// The addresses that an attachment holds.
  func addresses(of attachment: AttachmentID) throws(AllocationError) -> [IPAddress] {
    try read(Self.key(attachment)).map(Self.addresses) ?? []
  }

  /// The address that a pool gave last.
  func lastAddress(of pool: String) throws(AllocationError) -> IPAddress? {
    try read(Array("P\(pool)".utf8)).map(Self.addresses)?.first
  }

  /// Records that an attachment holds addresses, over the traces of earlier holders.
  mutating func hold(_ leases: [Lease], for attachment: AttachmentID) throws(AllocationError) {
    for lease in leases {
      try write(Self.key(lease.address), lease.record)
      try write(Array("P\(lease.pool)".utf8), Self.bytes([lease.address]))
    }
    try write(Self.key(attachment), Self.bytes(leases.map(\.address)))
  }

  /// Takes everything back that an attachment holds; the addresses rest from `release` on, or not at all.
  mutating func release(_ attachment: AttachmentID, _ release: Lease.Release?) throws(AllocationError) {
    for address in try addresses(of: attachment) {
      guard var lease = try lease(of: address), lease.attachment == attachment, lease.release == nil else {
        continue
      }
      if let release {
        lease.release = release
        try write(Self.key(address), lease.record)
      } else {
        try remove(Self.key(address))
      }
    }
    try remove(Self.key(attachment))
  }

  /// Records a lease that is resting.
  mutating func rest(_ lease: Lease) throws(AllocationError) {
    try write(Self.key(lease.address), lease.record)
  }

  /// Calls `body` with the leases of a range in the order of their addresses, until it returns `false`.
  func forEach(in range: IPRange, _ body: (Lease) -> Bool) throws(AllocationError) {
    var damaged: IPAddress?
    do throws(LeaseDatabaseError) {
      try database.forEach(from: Self.key(range.lower)) { key, record in
        guard let address = Self.address(key), range.contains(address) else { return false }
        guard let lease = Lease(address, record: record) else {
          damaged = address
          return false
        }
        return body(lease)
      }
    } catch {
      throw Self.failure(path, error)
    }
    if let damaged { throw Self.damage(path, "the record of \(damaged) cannot be read") }
  }

  /// All leases, by address.
  func all() throws(AllocationError) -> [Lease] {
    var leases: [Lease] = []
    for family in IPFamily.allCases {
      let last = IPAddress(family: family, value: .max)
      guard let everything = IPRange(IPAddress(family: family, value: 0), last) else { continue }
      try forEach(in: everything) { lease in
        leases.append(lease)
        return true
      }
    }
    return leases
  }

  private func lease(_ address: IPAddress, _ record: [UInt8]) throws(AllocationError) -> Lease {
    guard let lease = Lease(address, record: record) else {
      throw Self.damage(path, "the record of \(address) cannot be read")
    }
    return lease
  }

  private func read(_ key: [UInt8]) throws(AllocationError) -> [UInt8]? {
    do throws(LeaseDatabaseError) { return try database.value(key) } catch { throw Self.failure(path, error) }
  }

  private mutating func write(_ key: [UInt8], _ value: [UInt8]) throws(AllocationError) {
    do throws(LeaseDatabaseError) { try database.set(key, to: value) } catch {
      throw Self.failure(path, error)
    }
  }

  private mutating func remove(_ key: [UInt8]) throws(AllocationError) {
    do throws(LeaseDatabaseError) { try database.remove(key) } catch { throw Self.failure(path, error) }
  }
}

extension LeaseTable {
  /// Addresses sort by their bytes, so that a range is consecutive.
  private static func key(_ address: IPAddress) -> [UInt8] { [UInt8(ascii: "A")] + bytes([address]) }

  /// A key is at most 511 bytes long: beyond that a digest stands for the rest.
  private static func key(_ attachment: AttachmentID) -> [UInt8] {
    let key = Array("H\(attachment)".utf8)
    guard key.count > 500 else { return key }
    let digest = key.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    return key.prefix(480) + Array(String(digest, radix: 16).utf8)
  }

  private static func bytes(_ addresses: [IPAddress]) -> [UInt8] {
    addresses.flatMap { [$0.family.rawValue] + $0.bytes }
  }

  private static func addresses(_ bytes: [UInt8]) -> [IPAddress] {
    var addresses: [IPAddress] = []
    var rest = bytes[...]
    while let family = rest.popFirst().flatMap(IPFamily.init(rawValue:)),
      let address = IPAddress(bytes: rest.prefix(family.bitWidth / 8))
    {
      addresses.append(address)
      rest = rest.dropFirst(family.bitWidth / 8)
    }
    return addresses
  }

  private static func address(_ key: [UInt8]) -> IPAddress? {
    key.first == UInt8(ascii: "A") ? addresses(Array(key.dropFirst())).first : nil
  }

  static func failure(_ path: String, _ error: LeaseDatabaseError) -> AllocationError {
    error.number < 0
      ? damage(path, error.description)
      : AllocationError(
        .store, "cannot use the lease store \(path): \(error)", details: LeaseStore.advice(path))
  }

  static func damage(_ path: String, _ problem: String) -> AllocationError {
    AllocationError(
      .store, "the lease store \(path) is damaged: \(problem)",
      details:
        "move it away and go on: mv \(path) \(path).damaged; the addresses of pods that run are then not known "
        + "any more until they end, and the kernel refuses to give one twice on a NIC (code 103)")
  }
}
