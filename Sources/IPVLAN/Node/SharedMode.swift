internal import CNI
internal import Netlink
internal import Platform
internal import SystemPackage

/// Keeps an ADD from changing the mode of pods that run.
///
/// Mode and flag belong to the master: a new slave with others changes all of its slaves without a word, and
/// no message shows a master's mode. So the mode is written down per master; where nothing is, or another
/// mode, the slaves themselves are looked up in the node's namespaces.
struct SharedMode: ~Copyable {
  /// Lost at a reboot, as the slaves are.
  static let directory = "/run/ipvlan"

  /// Held while the link is made, so that two first slaves cannot disagree.
  private let record: OwnedDescriptor

  /// Agrees on the mode of `master` and holds it until the value goes.
  /// - Throws: ``CNIError`` with code 101 when running pods have another mode or flag, 5 when the record
  ///   cannot be kept.
  init(
    _ mode: IPVLANMode, _ flag: IPVLANFlag, of master: Link, node: borrowing NetworkNamespace
  ) throws(CNIError) {
    let wanted = Array("\(mode) \(flag)\n".utf8)
    let record = try Self.attempt(master) { () throws(Errno) in try Self.open(master, node) }
    // Under the second lock once more: another ADD may have written it while nobody held one.
    if try !Self.holds(record, wanted, under: .shared, master),
      try !Self.holds(record, wanted, under: .exclusive, master)
    {
      try Self.refuseConflict(mode, flag, master, node)
      try Self.attempt(master) { () throws(Errno) in try record.replaceContent(with: wanted) }
    }
    self.init(record: record)
  }

  private init(record: consuming OwnedDescriptor) { self.record = record }

  private static func holds(
    _ record: borrowing OwnedDescriptor, _ wanted: [UInt8], under lock: OwnedDescriptor.Lock, _ master: Link
  ) throws(CNIError) -> Bool {
    try attempt(master) { () throws(Errno) in
      try record.lock(lock)
      return try record.content(limit: 4096) == wanted
    }
  }

  private static func open(
    _ master: Link, _ node: borrowing NetworkNamespace
  ) throws(Errno) -> OwnedDescriptor {
    try Files.makeDirectory(directory)
    return try OwnedDescriptor(
      opening: "\(directory)/\(try node.identity().inode)-\(master.index)", .readWrite,
      options: [.create, .noFollow], permissions: [.ownerReadWrite])
  }

  private static func attempt<Value: ~Copyable>(
    _ master: Link, _ body: () throws(Errno) -> Value
  ) throws(CNIError) -> Value {
    do throws(Errno) { return try body() } catch {
      throw CNIError(
        code: .ioFailure, message: "cannot keep the mode of master \(master.name) in \(directory)",
        details: "\(error)")
    }
  }

  private static func refuseConflict(
    _ mode: IPVLANMode, _ flag: IPVLANFlag, _ master: Link, _ node: borrowing NetworkNamespace
  ) throws(CNIError) {
    for slave in IPVLANSlave.all(of: master, node: node) {
      guard slave.link.ipvlanMode != mode || slave.link.ipvlanFlag ?? .bridge != flag else { continue }
      let theirs = [slave.link.ipvlanMode?.description, slave.link.ipvlanFlag?.description].compactMap(\.self)
      throw CNIError(
        code: .modeConflict,
        message: "mode \(mode) \(flag) would change running pods: master \(master.name) has slaves in mode "
          + theirs.joined(separator: " "),
        details:
          "\(slave.link.name) in \(slave.namespace) (\(slave.link.alias ?? "not made by this plugin")); "
          + "use the same mode and flag in every network of a master, or stop these pods first")
    }
  }
}
