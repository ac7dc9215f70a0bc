internal import Addressing
internal import Platform

/// What earlier boots have left.
extension LeaseStore {
  /// Takes over the addresses that were released shortly before the reboot and still rest.
  ///
  /// Between two boots only the wall clock tells how long they have rested; where it went backwards, they rest
  /// once more. A file that cannot be read is passed over: its leases are void, and what it says of resting
  /// addresses is a courtesy.
  func carryOver(into table: inout LeaseTable) throws(AllocationError) {
    let (boot, wall) = (BootClock.now(), WallClock.now().seconds)
    for path in earlierFiles where path.hasSuffix(Self.suffix) {
      for var lease in leases(in: path) {
        guard let release = lease.release else { continue }
        let rested = max(0, wall - release.wall)
        guard rested < release.rest, try table.lease(of: lease.address) == nil else { continue }
        lease.release = Lease.Release(boot: boot - rested * 1000, wall: release.wall, rest: release.rest)
        try table.put(lease)
      }
    }
  }

  /// Deletes the files of earlier boots, whose pods cannot exist any more.
  func removeEarlierBoots() {
    for path in earlierFiles { try? Files.remove(path) }
  }

  private func leases(in path: String) -> [Lease] {
    guard let database = try? LeaseDatabase(path: path, isReadOnly: true) else { return [] }
    return (try? LeaseTable(database, path: path).all()) ?? []
  }

  private var earlierFiles: [String] {
    let names = (try? Files.names(in: directory)) ?? []
    return names.filter { $0.hasPrefix(Self.prefix) }.map { "\(directory)/\($0)" }.filter { $0 != path }
  }
}
