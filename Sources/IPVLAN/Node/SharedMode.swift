internal import CNI
internal import Netlink
internal import Platform

/// Keeps an ADD from changing the mode of pods that run.
///
/// Mode and flag belong to the master: a new slave with others changes all of its slaves without a word, and
/// no message shows a master's mode. Any slave shows it, though. So the slave that was made last is recorded for each
/// master, and asked. Only when it is gone, all namespaces of the node are searched.
///
/// Nothing slow happens under the record's lock: first the mode is looked at, then addresses are allocated, then the
/// lock is held while the link is made.
struct SharedMode: ~Copyable {
  /// Lost at a reboot, as the slaves are.
  static let directory = "/run/ipvlan"
  /// A number, another, and a path.
  private static let recordLimit = 4096
  /// How often a search is repeated that other ADDs overtake.
  private static let attempts = 10

  /// What the slaves of a master must have.
  fileprivate struct Wanted {
    let mode: IPVLANMode
    let flag: IPVLANFlag
    let master: Link
  }

  /// What was seen of the slaves.
  fileprivate struct View: ~Copyable {
    /// What the record held before namespaces were searched.
    let recorded: KnownSlave?
    /// A slave that shows the mode; `nil` when the master has none.
    var slave: KnownSlave.Opened?
    /// Keeps ADDs that have no record from making the first slave since the search.
    var searchLock: OwnedDescriptor?
  }

  /// What is locked.
  fileprivate struct Record: ~Copyable {
    let file: OwnedDescriptor
    /// Whether the file holds the slave. Where /run takes no file, or no more bytes, a file of the kernel's is locked: then every
    /// ADD searches, and one that found no slave searches again under the lock.
    var holdsSlave: Bool { denial == nil }
    /// Why there is no file.
    let denial: Errno?
  }

  private let wanted: Wanted
  private let record: Record
  private var view: View

  /// Looks which mode the slaves of `master` have, holding nothing.
  ///
  /// - Throws: ``CNIError`` with code 101 when running pods have another mode or flag, 5 when that cannot be told.
  init(
    _ mode: IPVLANMode, _ flag: IPVLANFlag, of master: Link, _ session: borrowing NodeSession
  ) throws(CNIError) {
    let record = try session.withMasterNamespace { namespace throws(CNIError) in
      try Self.openRecord(of: master, in: namespace)
    }
    let wanted = Wanted(mode: mode, flag: flag, master: master)
    let view = try Self.look(wanted, record, session)
    self.init(wanted, record, view)
  }

  private init(_ wanted: Wanted, _ record: consuming Record, _ view: consuming View) {
    self.wanted = wanted
    self.record = record
    self.view = view
  }

  /// Holds the mode until the value goes, so that two first slaves cannot disagree.
  /// - Throws: ``CNIError`` as the constructor does, and with code 11 when others keep the lock.
  mutating func hold(_ session: borrowing NodeSession) throws(CNIError) {
    for _ in 0..<Self.attempts {
      if try isStillSo(session) { return }
      try unlock()
      view = try Self.look(wanted, record, session)
    }
    throw CNIError(
      code: .tryAgainLater,
      message: "the mode of master \(wanted.master.name) cannot be told: its slaves come and go all the time")
  }

  /// The link is made: it is asked from now on.
  func recordSlave(_ index: Int32, in namespace: borrowing NetworkNamespace, path: String) {
    guard let identity = try? namespace.identity() else { return }
    let slave = KnownSlave(linkIndex: index, namespaceInode: identity.inode, namespace: path)
    // Its room was reserved.
    if record.holdsSlave { try? record.file.write(Array("\(slave)\n".utf8), at: 0) }
  }

  /// Tells whether an ADD in this mode would be refused, without holding anything.
  /// - Throws: ``CNIError`` with code 101 or 5 as the constructor does.
  static func check(
    _ mode: IPVLANMode, _ flag: IPVLANFlag, of master: Link, in namespace: borrowing NetworkNamespace,
    host: borrowing NetworkNamespace
  ) throws(CNIError) {
    guard let slave = try search(master, in: namespace, host: host) else { return }
    try compare(
      slave.link, in: slave.namespace, with: Wanted(mode: mode, flag: flag, master: master))
  }

  private static func look(
    _ wanted: Wanted, _ record: borrowing Record, _ session: borrowing NodeSession
  ) throws(CNIError) -> View {
    let recorded = try read(record, wanted.master)
    var slave = recorded?.open(on: wanted.master, host: session.nodeNamespace)
    var searchLock: OwnedDescriptor?
    if slave == nil {
      if record.holdsSlave { searchLock = try lockSearch(wanted.master) }
      let found = try session.withMasterNamespace { namespace throws(CNIError) in
        try search(wanted.master, in: namespace, host: session.nodeNamespace)
      }
      if let found {
        slave = KnownSlave(found).open(on: wanted.master, host: session.nodeNamespace)
        try compare(found.link, in: found.namespace, with: wanted)
      }
    }
    let view = View(recorded: recorded, slave: slave, searchLock: slave == nil ? searchLock : nil)
    try view.compare(with: wanted)
    return view
  }

  /// Shares the lock that ADDs without a record take alone, before namespaces are searched: the directory may have been full
  /// when another ADD looked, and have room now.
  private static func lockSearch(_ master: Link) throws(CNIError) -> OwnedDescriptor {
    let file = try attempt(master) { () throws(Errno) in try kernelFile() }
    guard try attempt(master, { () throws(Errno) in try file.lock(.shared) }) else { throw busy(master, nil) }
    return file
  }

  /// A file that is always there. Not the network namespace's, which is the lock of host access then.
  private static func kernelFile() throws(Errno) -> OwnedDescriptor {
    try OwnedDescriptor(opening: "/proc/self/ns/ipc", .readOnly)
  }

  /// Takes the lock, and tells whether nothing has changed since the look.
  private mutating func isStillSo(_ session: borrowing NodeSession) throws(CNIError) -> Bool {
    if view.slave != nil {
      try lock(.shared)
      guard view.slave?.refresh(on: wanted.master) ?? false else { return false }
      try view.compare(with: wanted)
      return true
    }
    // Every ADD records its slave before it gives the lock up: where the record is the same, none was made since.
    guard try lockAsFirst() else { return false }
    if record.holdsSlave { return try isRecordAsSeen() }
    view = try Self.look(wanted, record, session)
    return true
  }

  private func isRecordAsSeen() throws(CNIError) -> Bool {
    try Self.read(record, wanted.master) == view.recorded
  }

  /// Takes the lock alone, unless another ADD records a slave meanwhile: to share it is enough then.
  /// - Returns: whether it was had.
  private func lockAsFirst() throws(CNIError) -> Bool {
    let wait = LockWait()
    repeat {
      let isHeld = try Self.attempt(wanted.master) { () throws(Errno) in
        try record.file.lock(.exclusive, milliseconds: LockWait.slice)
      }
      if isHeld { return true }
      guard try isRecordAsSeen() else { return false }
    } while !wait.isOver
    throw Self.busy(wanted.master, record.denial)
  }

  /// A slave that a pod has; the node's own follows the pods' mode.
  private static func search(
    _ master: Link, in namespace: borrowing NetworkNamespace, host: borrowing NetworkNamespace
  ) throws(CNIError) -> IPVLANSlave? {
    do throws(NetlinkError) {
      let inventory = try SlaveInventory(masters: namespace, host: host)
      if let slave = inventory.slaves(of: master).first(where: { !HostLink.isHostLink($0.link) }) {
        return slave
      }
      // That there is none tells only an inventory that saw everything.
      _ = try inventory.complete()
      return nil
    } catch {
      throw CNIError(
        .ioFailure,
        "cannot tell which mode the pods on master \(master.name) have, which a new one must not change",
        error)
    }
  }

  private static func openRecord(
    of master: Link, in namespace: borrowing NetworkNamespace
  ) throws(CNIError) -> Record {
    try attempt(master) { () throws(Errno) in
      let path = "\(directory)/\(try namespace.identity().inode)-\(master.index)"
      do throws(Errno) {
        try Files.makeDirectory(directory)
        let file = try OwnedDescriptor(
          opening: path, .readWrite, options: [.create, .noFollow], permissions: [.ownerReadWrite])
        try file.reserve(Self.recordLimit)
        return Record(file: file, denial: nil)
      } catch  where error.deniesNewFiles {
        return Record(file: try kernelFile(), denial: error)
      }
    }
  }

  private static func read(
    _ record: borrowing Record, _ master: Link
  ) throws(CNIError) -> KnownSlave? {
    guard record.holdsSlave else { return nil }
    let bytes: [UInt8]
    do throws(Errno) { bytes = try record.file.content(limit: 2 * recordLimit) } catch {
      throw failure(master, error)
    }
    return KnownSlave(String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
  }

  private func lock(_ lock: OwnedDescriptor.Lock) throws(CNIError) {
    let isHeld = try Self.attempt(wanted.master) { () throws(Errno) in try record.file.lock(lock) }
    guard !isHeld else { return }
    throw Self.busy(wanted.master, record.denial)
  }

  /// - Parameter denial: why there is no file.
  private static func busy(_ master: Link, _ denial: Errno?) -> CNIError {
    let own = "see who has it: fuser -v \(directory)/*-\(master.index); lslocks"
    return CNIError(
      code: .tryAgainLater,
      message:
        "other processes have kept the mode of master \(master.name) locked for "
        + "\(OwnedDescriptor.lockPatience) s",
      details: denial.map {
        "\(directory) takes no file (\($0)), so all masters share one lock: see df \(directory), df -i"
          + " \(directory), and who has the lock: lslocks"
      } ?? own)
  }

  private func unlock() throws(CNIError) {
    try Self.attempt(wanted.master) { () throws(Errno) in try record.file.unlock() }
  }

  private static func attempt<Value: ~Copyable>(
    _ master: Link, _ body: () throws(Errno) -> Value
  ) throws(CNIError) -> Value {
    do throws(Errno) { return try body() } catch { throw failure(master, error) }
  }

  private static func failure(_ master: Link, _ error: Errno) -> CNIError {
    CNIError(
      code: .ioFailure, message: "cannot keep the mode of master \(master.name) in \(directory)",
      details: "\(error); run: ls -ld \(directory); df \(directory)")
  }

  fileprivate static func compare(_ slave: Link, in namespace: String, with wanted: Wanted) throws(CNIError) {
    let (theirMode, theirFlag) = (slave.ipvlanMode ?? .l2, slave.ipvlanFlag ?? .bridge)
    guard theirMode != wanted.mode || theirFlag != wanted.flag else { return }
    throw CNIError(
      code: .modeConflict,
      message:
        "mode \(wanted.mode) with flag \(wanted.flag) would change the mode of running pods: master "
        + "\(wanted.master.name) has slaves in mode \(theirMode) with flag \(theirFlag)",
      details: "one of them is \(slave.name) in \(namespace) "
        + "(\(slave.alias ?? "not made by this plugin")); give every network of a master the same mode and "
        + "flag, or stop its pods first (ipvlanctl links)")
  }
}

extension SharedMode.View {
  fileprivate func compare(with wanted: SharedMode.Wanted) throws(CNIError) {
    switch slave {
    case .none: return
    case .some(let slave): try SharedMode.compare(slave.link, in: slave.namespace, with: wanted)
    }
  }
}
