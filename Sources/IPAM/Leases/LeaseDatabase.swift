internal import CLeaseStore

/// A failure of the database under the lease store.
struct LeaseDatabaseError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The number: an errno, or one of LMDB's, which are negative.
  let number: Int32

  /// What the number means.
  var description: String { unsafe String(cString: lease_store_error_text(number)) }

  /// Whether the file's content cannot be trusted.
  var isDamage: Bool { lease_store_is_damage(number) != 0 }

  /// Whether there is no room left in the file's address space.
  var isFull: Bool { lease_store_is_full(number) != 0 }
}

/// One transaction on an ordered map of bytes to bytes, in a file that nobody else has open.
///
/// Dropping it without ``commit()`` takes all changes back.
@safe struct LeaseDatabase: ~Copyable {
  /// Address space, not memory or disk: room for some hundred thousand leases.
  private static let mapSize = 1 << 28

  private let store: OpaquePointer

  /// Opens a file that exists; an empty one is a database without entries, unless it is only read.
  init(path: String, isReadOnly: Bool) throws(LeaseDatabaseError) {
    var store: OpaquePointer?
    let status = unsafe lease_store_open(path, Self.mapSize, isReadOnly ? 1 : 0, &store)
    guard status == 0, let opened = unsafe store else { throw LeaseDatabaseError(number: status) }
    unsafe self.store = opened
  }

  deinit { unsafe lease_store_close(store) }

  /// Makes the changes visible to those who open the file later.
  consuming func commit() throws(LeaseDatabaseError) { try check(unsafe lease_store_commit(store)) }

  /// Makes room on the disk for the changes, and for later ones that only take back.
  func reserve() throws(LeaseDatabaseError) { try check(unsafe lease_store_reserve(store)) }

  /// The value of a key.
  func value(_ key: [UInt8]) throws(LeaseDatabaseError) -> [UInt8]? {
    var value: UnsafeRawPointer?
    var size = 0
    let status = unsafe lease_store_get(store, key, key.count, &value, &size)
    if status == lease_store_not_found() { return nil }
    try check(status)
    return unsafe Array(UnsafeRawBufferPointer(start: value, count: size))
  }

  /// Writes a value.
  mutating func set(_ key: [UInt8], to value: [UInt8]) throws(LeaseDatabaseError) {
    try check(unsafe lease_store_put(store, key, key.count, value, value.count))
  }

  /// Removes a key, if it is there.
  mutating func remove(_ key: [UInt8]) throws(LeaseDatabaseError) {
    let status = unsafe lease_store_delete(store, key, key.count)
    if status != lease_store_not_found() { try check(status) }
  }

  /// Calls `body` with the entries from `key` on, in the order of their keys, until it returns `false`.
  func forEach(
    from key: [UInt8], _ body: (_ key: [UInt8], _ value: [UInt8]) -> Bool
  ) throws(LeaseDatabaseError) {
    var (foundKey, value): (UnsafeRawPointer?, UnsafeRawPointer?) = (nil, nil)
    var (keySize, valueSize) = (0, 0)
    var status = unsafe lease_store_seek(store, key, key.count, &foundKey, &keySize, &value, &valueSize)
    while status == 0 {
      let entry = unsafe (
        Array(UnsafeRawBufferPointer(start: foundKey, count: keySize)),
        Array(UnsafeRawBufferPointer(start: value, count: valueSize))
      )
      guard body(entry.0, entry.1) else { return }
      status = unsafe lease_store_next(store, &foundKey, &keySize, &value, &valueSize)
    }
    if status != lease_store_not_found() { try check(status) }
  }

  private func check(_ status: Int32) throws(LeaseDatabaseError) {
    guard status == 0 else { throw LeaseDatabaseError(number: status) }
  }
}
