internal import Addressing
internal import Platform

/// The leases of a node, in a directory: one file for each boot (see <doc:LeaseStore>).
///
/// Pods do not outlive a boot, and neither do their leases: a new boot starts a new file, into which only the
/// addresses that are still in cooldown are carried over. So nothing has to be synchronised to the disk, and a power
/// failure cannot damage what counts. A process that is killed leaves the file as its last commit left it.
struct LeaseStore: Sendable {
  /// How many addresses whose cooldown is over each change forgets: more than it can add, so that they do not pile up.
  private static let housekeeping = 16

  let directory: String
  private let bootID: String
  /// Why the boot is not known: with the file of another one the leases of pods that run would seem to be void.
  private let bootFault: Errno?
  /// The cooldown of addresses, in seconds.
  let cooldown: Int
  /// The program has threads, so that no signal may end its waits.
  var isInThreads = false

  /// A store in a directory, for the present boot.
  init(directory: String, cooldown: Int) {
    self.directory = directory
    self.cooldown = cooldown
    do throws(Errno) {
      bootID = try BootID.read() ?? "unknown"
      bootFault = nil
    } catch {
      bootID = "unknown"
      bootFault = error
    }
  }

  /// The file of this boot.
  var path: String { "\(directory)/\(Self.prefix)\(bootID)\(Self.suffix)" }

  static let prefix = "leases-"
  static let suffix = ".mdb"

  /// The moment of a release that happens now; `nil` without a cooldown.
  func releaseNow() -> Lease.Release? {
    guard cooldown > 0 else { return nil }
    return Lease.Release(boot: BootClock.now(), wall: WallClock.now().seconds, cooldown: cooldown)
  }

  /// What is left of an address's cooldown, in milliseconds.
  func cooldown(of lease: Lease) -> Int { lease.cooldown(at: BootClock.now()) }

  /// Changes the table; what `body` did counts when it returns, and not at all when it throws.
  func write<Value>(
    _ body: (inout LeaseTable) throws(AllocationError) -> Value
  ) throws(AllocationError) -> Value {
    try write(isReserving: true, body)
  }

  /// Changes the table so that less is held, unless there is none yet.
  ///
  /// That works on a full disk too: who held an address has made room for it.
  @discardableResult
  func update<Value>(
    _ body: (inout LeaseTable) throws(AllocationError) -> Value
  ) throws(AllocationError) -> Value? {
    guard try hasFile(.readWrite) else { return nil }
    return try write(isReserving: false, body)
  }

  /// Takes every step of a change but the change itself, and so finds what would make a change fail.
  func probe() throws(AllocationError) {
    try prepareDirectory()
    let lock = try lock()
    if try !hasFile(.readWrite) { try makeFile() }
    try open(path, isReadOnly: false).reserve()
    // Held until here: see OwnedDescriptor.
    _ = consume lock
  }

  private func write<Value>(
    isReserving: Bool, _ body: (inout LeaseTable) throws(AllocationError) -> Value
  ) throws(AllocationError) -> Value {
    try prepareDirectory()
    let lock = try lock()
    if try !hasFile(.readWrite) { try makeFile() }
    let value = try change(path, isReserving: isReserving, body)
    // Held until here: see OwnedDescriptor.
    _ = consume lock
    return value
  }

  /// Looks at the table; `nil` when there is none yet.
  ///
  /// Nothing is made or written, so that it works on a read-only file system too. Others who look do so at the same
  /// time; who changes waits, since the database's own locks are not used.
  func read<Value>(_ body: (borrowing LeaseTable) throws(AllocationError) -> Value) throws(AllocationError)
    -> Value?
  {
    guard try hasFile(.readOnly) else { return nil }
    try requirePrivacy()
    let lock = try lockForReading()
    let value = try body(try open(path, isReadOnly: true))
    // Held until here: see OwnedDescriptor.
    _ = consume lock
    return value
  }

  /// The advice for a store that cannot be used.
  static func advice(_ path: String) -> String {
    let directory = "/" + path.split(separator: "/").dropLast().joined(separator: "/")
    let command: ShellCommand = "ls -la \(directory); df -h \(directory); df -i \(directory)"
    return "look at owner, mode and free space: \(command)"
  }

  private var lockPath: String { "\(directory)/lock" }

  /// Whoever holds this lock is alone; it ends with its process, however that ends.
  private func lock() throws(AllocationError) -> OwnedDescriptor {
    let lock = try attempt(lockPath) { () throws(Errno) in
      try OwnedDescriptor(
        opening: lockPath, .readOnly, options: [.create, .noFollow], permissions: [.ownerReadWrite])
    }
    try wait(for: lock, .exclusive)
    return lock
  }

  /// The same lock, shared; `nil` where there is no file: then nobody has changed anything since it was removed.
  private func lockForReading() throws(AllocationError) -> OwnedDescriptor? {
    let lock: OwnedDescriptor
    do throws(Errno) {
      lock = try OwnedDescriptor(opening: lockPath, .readOnly, options: [.noFollow, .nonBlocking])
    } catch .noSuchFileOrDirectory {
      return nil
    } catch {
      throw Self.failure(lockPath, error)
    }
    try wait(for: lock, .shared)
    return lock
  }

  private func wait(
    for lock: borrowing OwnedDescriptor, _ kind: OwnedDescriptor.Lock
  ) throws(AllocationError) {
    let isLocked: Bool
    do throws(Errno) { isLocked = try isInThreads ? lock.lockByAsking(kind) : lock.lock(kind) } catch {
      throw Self.failure(lockPath, error)
    }
    guard isLocked else {
      throw AllocationError(
        .busy,
        "other processes have kept the lease store \(directory) locked for \(OwnedDescriptor.lockPatience) s",
        details: "see who has it: \("fuser -v \(lockPath)" as ShellCommand)")
    }
  }

  private func requireBoot() throws(AllocationError) {
    guard let bootFault else { return }
    throw AllocationError(
      .store, "cannot tell which leases of \(directory) are of this boot: \(bootFault)",
      details: "run: \("cat \(BootID.path)" as ShellCommand)")
  }

  private func prepareDirectory() throws(AllocationError) {
    try requireBoot()
    try attempt(directory) { () throws(Errno) in try Files.makeDirectory(directory) }
    try requirePrivacy()
  }

  /// Others who can write to the directory could hand out addresses.
  private func requirePrivacy() throws(AllocationError) {
    let isPrivate = try attempt(directory) { () throws(Errno) in try Files.isPrivateDirectory(directory) }
    guard isPrivate else {
      throw AllocationError(
        .store, "the directory of the lease store, \(directory), is open to other users",
        details: "run: \("chown root:root \(directory); chmod 700 \(directory)" as ShellCommand)")
    }
  }

  /// Whether the file of this boot is there. The database would follow a symbolic link, and take an empty file for
  /// a new one.
  private func hasFile(_ mode: FileDescriptor.AccessMode) throws(AllocationError) -> Bool {
    try requireBoot()
    do throws(Errno) {
      _ = try OwnedDescriptor(opening: path, mode, options: [.noFollow, .nonBlocking])
      if try Files.size(path) > 0 { return true }
    } catch .noSuchFileOrDirectory {
      return false
    } catch {
      throw Self.failure(path, error)
    }
    throw LeaseTable.damage(path, "it is empty")
  }

  /// Makes the file of this boot under another name: it appears whole, or not at all.
  private func makeFile() throws(AllocationError) {
    let new = "\(path).new"
    // A process that was killed here may have left one.
    try? Files.remove(new)
    try attempt(new) { () throws(Errno) in
      _ = try OwnedDescriptor(
        opening: new, .readWrite, options: [.create, .exclusiveCreate, .noFollow],
        permissions: [.ownerReadWrite])
    }
    do throws(AllocationError) {
      try change(new, isReserving: true, carryOver)
      try attempt(path) { () throws(Errno) in try Files.move(new, to: path) }
    } catch {
      try? Files.remove(new)
      throw error
    }
    removeEarlierBoots()
  }

  private func change<Value>(
    _ path: String, isReserving: Bool, _ body: (inout LeaseTable) throws(AllocationError) -> Value
  ) throws(AllocationError) -> Value {
    var table = try open(path, isReadOnly: false)
    try table.endCooldowns(at: BootClock.now(), limit: Self.housekeeping)
    let value = try body(&table)
    if isReserving { try table.reserve() }
    try table.commit()
    return value
  }

  private func open(_ path: String, isReadOnly: Bool) throws(AllocationError) -> LeaseTable {
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
      throw Self.failure(path, error)
    }
  }

  private static func failure(_ path: String, _ error: Errno) -> AllocationError {
    AllocationError(.store, "cannot use the lease store \(path): \(error)", details: advice(path))
  }
}
