internal import Addressing
internal import Platform

/// What earlier boots have left.
extension LeaseStore {
  /// Takes over the addresses that were released shortly before the reboot and are still in cooldown.
  ///
  /// Between two boots only the wall clock tells how much of it is over; where it went backwards, it begins
  /// once more. A file that cannot be read is passed over: its leases are void, and what it says of released
  /// addresses is a courtesy.
  func carryOver(into table: inout LeaseTable) throws(AllocationError) {
    let (boot, wall) = (BootClock.now(), WallClock.now().seconds)
    for path in earlierFiles where path.hasSuffix(Self.suffix) {
      for var lease in leases(in: path) {
        guard let release = lease.release else { continue }
        let elapsed = max(0, wall - release.wall)
        guard elapsed < release.cooldown, try table.lease(of: lease.address) == nil else { continue }
        lease.release = Lease.Release(
          boot: boot - elapsed * 1000, wall: release.wall, cooldown: release.cooldown)
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
