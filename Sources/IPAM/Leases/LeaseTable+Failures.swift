internal import Addressing

/// What is said of a store that cannot be used.
extension LeaseTable {
  /// A failure of the database, as its caller sees it.
  static func failure(_ path: String, _ error: LeaseDatabaseError) -> AllocationError {
    if error.isDamage { return damage(path, error.description) }
    if error.isFull {
      return AllocationError(
        .store, "the lease store \(path) is full: it takes some 500,000 leases",
        details: "free what no pod owns: ipvlanctl gc; see who holds what: ipvlanctl leases")
    }
    return AllocationError(
      .store, "cannot use the lease store \(path): \(error)", details: LeaseStore.advice(path))
  }

  /// A file whose content cannot be trusted.
  static func damage(_ path: String, _ problem: String) -> AllocationError {
    AllocationError(
      .store, "the lease store \(path) is damaged: \(problem)",
      details:
        "move it away and go on: mv \(path) \(path).damaged; the addresses of pods that run are then not known "
        + "any more until they end, and the kernel refuses to give one twice on a NIC (code 103)")
  }

  func damage(at address: IPAddress) -> AllocationError {
    Self.damage(path, "the record of \(address) cannot be read")
  }

  func damage(at key: [UInt8]) -> AllocationError {
    let name = LeaseKey.address(key, LeaseKey.leaseTag).map { "of \($0)" } ?? "\"\(LeaseKey.text(key))\""
    return Self.damage(path, "the record \(name) does not agree with its digest")
  }
}
