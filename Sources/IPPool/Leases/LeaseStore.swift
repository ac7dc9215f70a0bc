internal import Addressing
internal import Platform
internal import SystemPackage

/// The leases of a node, in a directory: one file for each boot.
///
/// Pods do not outlive a boot, and neither do their leases: a new boot starts a new file, into which only the
/// addresses that still rest are carried over. So nothing has to be synchronised to the disk, and a power
/// failure cannot damage what counts. A process that is killed leaves the file as its last commit left it.
struct LeaseStore: Sendable {
  /// How long one process waits for others, in seconds.
  private static let patience = 10

  let directory: String
  private let bootID: String
  /// How long addresses rest, in seconds.
  let coolDown: Int

  /// A store in a directory, for the present boot.
  init(directory: String, coolDown: Int) {
    self.directory = directory
    self.coolDown = coolDown
    let text = try? Files.read("/proc/sys/kernel/random/boot_id", limit: 256)
    bootID = text.map { String(decoding: $0.filter { $0 > 0x20 }, as: UTF8.self) } ?? "unknown"
  }

  /// The file of this boot.
  var path: String { "\(directory)/\(Self.prefix)\(bootID)\(Self.suffix)" }

  static let prefix = "leases-"
  static let suffix = ".mdb"

  /// The moment of a release that happens now; `nil` when addresses do not rest.
  func releaseNow() -> Lease.Release? {
    coolDown > 0 ? Lease.Release(boot: BootClock.now(), wall: WallClock.now().seconds) : nil
  }

  /// Milliseconds for which an address still rests.
  func rest(of lease: Lease) -> Int { lease.rest(coolDown, at: BootClock.now()) }

  /// Changes the table; what `body` did counts when it returns, and not at all when it throws.
  func write<Value>(
    _ body: (inout LeaseTable) throws(AllocationError) -> Value
  ) throws(AllocationError) -> Value {
    let lock = try lock()
    let isNew = try prepareFile()
    var table = try open(isReadOnly: false)
    if isNew { try carryOver(into: &table) }
    let value = try body(&table)
    try table.commit()
    if isNew { removeEarlierBoots() }
    _ = consume lock
    return value
  }

  /// Looks at the table; `nil` when there is none yet.
  func read<Value>(_ body: (borrowing LeaseTable) throws(AllocationError) -> Value) throws(AllocationError)
    -> Value?
  {
    guard Files.isRegularFile(path) else { return nil }
    let lock = try lock()
    // One that was made and never committed to is empty.
    guard let size = try? Files.size(path), size > 0 else { return nil }
    let value = try body(try open(isReadOnly: true))
    _ = consume lock
    return value
  }

  /// The advice for a store that cannot be used.
  static func advice(_ path: String) -> String {
    "look at the directory's owner, mode and free space: ls -ld \(path); df -h \(path); df -i \(path)"
  }

  /// Whoever holds this lock is alone; it ends with its process, however that ends.
  private func lock() throws(AllocationError) -> OwnedDescriptor {
    try prepareDirectory()
    let path = "\(directory)/lock"
    let lock = try attempt(path) { () throws(Errno) in
      try OwnedDescriptor(
        opening: path, .readWrite, options: [.create, .noFollow], permissions: [.ownerReadWrite])
    }
    guard try attempt(path, { () throws(Errno) in try lock.lock(.exclusive, within: Self.patience) }) else {
      throw AllocationError(
        .busy, "other processes have kept the lease store \(directory) locked for \(Self.patience) s",
        details: "see who has it: fuser -v \(path)")
    }
    return lock
  }

  /// Others who can write to the directory could hand out addresses.
  private func prepareDirectory() throws(AllocationError) {
    let isPrivate = try attempt(directory) { () throws(Errno) in
      try Files.makeDirectory(directory)
      return try Files.isPrivateDirectory(directory)
    }
    guard isPrivate else {
      throw AllocationError(
        .store, "the directory of the lease store, \(directory), is open to other users",
        details: "run: chown root:root \(directory); chmod 700 \(directory)")
    }
  }

  /// Makes the file of this boot, unless it is there.
  /// - Returns: whether nothing has been committed to it.
  private func prepareFile() throws(AllocationError) -> Bool {
    try attempt(path) { () throws(Errno) in
      // The database would follow a symbolic link.
      _ = try OwnedDescriptor(
        opening: path, .readWrite, options: [.create, .noFollow], permissions: [.ownerReadWrite])
      return try Files.size(path) == 0
    }
  }

  private func open(isReadOnly: Bool) throws(AllocationError) -> LeaseTable {
    do throws(LeaseDatabaseError) {
      return LeaseTable(try LeaseDatabase(path: path, isReadOnly: isReadOnly), path: path)
    } catch {
      throw LeaseTable.failure(path, error)
    }
  }

  private func attempt<Value: ~Copyable>(
    _ path: String, _ body: () throws(Errno) -> Value
  ) throws(AllocationError) -> Value {
    do throws(Errno) { return try body() } catch {
      throw AllocationError(
        .store, "cannot use the lease store \(path): \(error)", details: Self.advice(directory))
    }
  }
}
