internal import CNI
internal import Netlink
internal import Platform
internal import SystemPackage

/// Keeps an ADD from changing the mode of pods that run.
///
/// Mode and flag belong to the master: a new slave with others changes all of its slaves without a word, and
/// no message shows a master's mode. Any slave shows it, though: so one slave of each master is written down
/// as a witness and asked. Only when the witness is gone, all namespaces of the node are searched.
struct SharedMode: ~Copyable {
  /// Lost at a reboot, as the slaves are.
  static let directory = "/run/ipvlan"

  /// Held while the link is made, so that two first slaves cannot disagree.
  private let record: OwnedDescriptor
  /// The master had no slave: the one to be made becomes the witness.
  private let lacksWitness: Bool

  /// Agrees on the mode of `master` and holds it until the value goes.
  ///
  /// - Parameter namespace: where the master lies.
  /// - Throws: ``CNIError`` with code 101 when running pods have another mode or flag, 5 when the record
  ///   cannot be kept.
  init(
    _ mode: IPVLANMode, _ flag: IPVLANFlag, of master: Link, in namespace: borrowing NetworkNamespace,
    home: borrowing NetworkNamespace
  ) throws(CNIError) {
    let record = try Self.attempt(master) { () throws(Errno) in try Self.open(master, namespace) }
    let written = try Self.read(record, under: .shared, master)
    var witness = written?.slave(of: master, home: home)
    var lacksWitness = false
    if witness == nil {
      // Another ADD may have found one while nobody held the lock.
      let rewritten = try Self.read(record, under: .exclusive, master)
      if rewritten != written { witness = rewritten?.slave(of: master, home: home) }
      if witness == nil {
        witness = Self.anyPod(of: master, in: namespace, home: home)
        if let witness { Self.write(ModeWitness(witness), to: record) }
        lacksWitness = witness == nil
      }
    }
    if let witness { try Self.compare(witness, with: mode, flag, master) }
    self.init(record: record, lacksWitness: lacksWitness)
  }

  private init(record: consuming OwnedDescriptor, lacksWitness: Bool) {
    self.record = record
    self.lacksWitness = lacksWitness
  }

  /// The link is made: it can be asked from now on.
  func settle(on index: Int32, in namespace: borrowing NetworkNamespace, path: String) {
    guard lacksWitness, let identity = try? namespace.identity() else { return }
    Self.write(ModeWitness(linkIndex: index, namespaceInode: identity.inode, namespace: path), to: record)
  }

  /// Tells whether an ADD in this mode would be refused, without holding anything.
  /// - Throws: ``CNIError`` with code 101 as the constructor does.
  static func check(
    _ mode: IPVLANMode, _ flag: IPVLANFlag, of master: Link, in namespace: borrowing NetworkNamespace,
    home: borrowing NetworkNamespace
  ) throws(CNIError) {
    guard let slave = anyPod(of: master, in: namespace, home: home) else { return }
    try compare(slave, with: mode, flag, master)
  }

  /// A slave that a pod has; the node's own follows the pods' mode.
  private static func anyPod(
    of master: Link, in namespace: borrowing NetworkNamespace, home: borrowing NetworkNamespace
  ) -> IPVLANSlave? {
    IPVLANSlave.all(of: master, in: namespace, home: home).first { !HostLink.isHostLink($0.link) }
  }

  private static func open(
    _ master: Link, _ namespace: borrowing NetworkNamespace
  ) throws(Errno) -> OwnedDescriptor {
    try Files.makeDirectory(directory)
    return try OwnedDescriptor(
      opening: "\(directory)/\(try namespace.identity().inode)-\(master.index)", .readWrite,
      options: [.create, .noFollow], permissions: [.ownerReadWrite])
  }

  private static func read(
    _ record: borrowing OwnedDescriptor, under lock: OwnedDescriptor.Lock, _ master: Link
  ) throws(CNIError) -> ModeWitness? {
    let bytes = try attempt(master) { () throws(Errno) in
      try record.lock(lock)
      return try record.content(limit: 8192)
    }
    return ModeWitness(String(decoding: bytes, as: UTF8.self))
  }

  /// A record that cannot be written costs the next ADD a search, nothing else.
  private static func write(_ witness: ModeWitness, to record: borrowing OwnedDescriptor) {
    try? record.replaceContent(with: Array(witness.description.utf8))
  }

  private static func attempt<Value: ~Copyable>(
    _ master: Link, _ body: () throws(Errno) -> Value
  ) throws(CNIError) -> Value {
    do throws(Errno) { return try body() } catch {
      throw CNIError(
        code: .ioFailure, message: "cannot keep the mode of master \(master.name) in \(directory)",
        details: "\(error); run: ls -ld \(directory); df \(directory)")
    }
  }

  private static func compare(
    _ slave: IPVLANSlave, with mode: IPVLANMode, _ flag: IPVLANFlag, _ master: Link
  ) throws(CNIError) {
    let (theirMode, theirFlag) = (slave.link.ipvlanMode ?? .l2, slave.link.ipvlanFlag ?? .bridge)
    guard theirMode != mode || theirFlag != flag else { return }
    throw CNIError(
      code: .modeConflict,
      message:
        "mode \(mode) with flag \(flag) would change pods that run: master \(master.name) has slaves in "
        + "mode \(theirMode) with flag \(theirFlag)",
      details: "one of them is \(slave.link.name) in \(slave.namespace) "
        + "(\(slave.link.alias ?? "not made by this plugin")); give every network of a master the same mode and "
        + "flag, or stop its pods first (ipvlanctl links)")
  }
}
