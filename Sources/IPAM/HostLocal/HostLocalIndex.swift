internal import Addressing
internal import Platform

/// Which owner holds which addresses, as a hash table in a file beside the network's directory.
///
/// The lease files alone are the truth, and the index only says where to look: a hit counts when the lease file says
/// the same. That the index has *every* lease, so that a miss counts too, is known by a seal. After each change the
/// directory's modification time is set to a moment that the kernel does not give again, one nanosecond before its own;
/// the header has the same moment. Whoever else adds or removes a file moves the time on, the reference plugin
/// included, and the index is then made anew from the lease files. A process that is killed between a change and
/// the seal leaves the two moments different as well. A boot ends every index, since a power failure may lose some
/// blocks of the file and keep others.
///
/// All calls are made under the directory's lock.
struct HostLocalIndex: ~Copyable {
  private let file: OwnedDescriptor
  private var header: Header

  /// Opens the index of a directory.
  /// - Returns: `nil` when there is none that has every lease.
  static func open(_ name: String, in parent: borrowing Directory, of status: FileStatus) -> HostLocalIndex? {
    guard let file = try? parent.open(name, .readWrite), let bytes = try? file.read(Header.size, at: 0),
      let header = Header(bytes), let identity = Identity(status), header.identity == identity,
      header.seal == status.modified
    else { return nil }
    return HostLocalIndex(file: file, header: header)
  }

  /// Makes the index anew from all leases.
  /// - Returns: `nil` when the file cannot be written; everything works without it.
  static func make(
    _ name: String, in parent: borrowing Directory, of status: FileStatus,
    _ leases: [(owner: UInt64, address: IPAddress)]
  ) -> HostLocalIndex? {
    guard let identity = Identity(status), let file = try? parent.open(name, .readWrite, options: [.create])
    else { return nil }
    let header = Header(identity: identity, capacity: Header.capacity(for: leases.count))
    var index = HostLocalIndex(file: file, header: header)
    do throws(Errno) {
      try index.rewrite(leases.map { Slot(state: .held, owner: $0.owner, address: $0.address) })
      return index
    } catch {
      return nil
    }
  }

  private init(file: consuming OwnedDescriptor, header: Header) {
    self.file = file
    self.header = header
  }

  /// Where an owner's addresses may be.
  /// - Throws: the `Errno` of reading the file.
  func addresses(of owner: UInt64) throws(Errno) -> [IPAddress] {
    var addresses: [IPAddress] = []
    try probe(from: owner) { slot, _ in
      if slot.state == .held, slot.owner == owner { addresses.append(slot.address) }
      return slot.state == .free
    }
    return addresses
  }

  /// Notes a lease.
  /// - Throws: the `Errno` of writing the file; the index must not be sealed then.
  mutating func insert(_ owner: UInt64, _ address: IPAddress) throws(Errno) {
    if (header.used + 1) * 2 > header.capacity { try grow() }
    var place: Int?
    try probe(from: owner) { slot, position in
      if slot.state == .free { place = position }
      return place != nil
    }
    guard let place else { throw .noSpace }
    try file.write(
      Slot(state: .held, owner: owner, address: address).bytes, at: Header.size + place * Slot.size)
    header.used += 1
  }

  /// Strikes a lease out.
  /// - Throws: the `Errno` of the file; the index must not be sealed then.
  mutating func remove(_ owner: UInt64, _ address: IPAddress) throws(Errno) {
    var place: Int?
    try probe(from: owner) { slot, position in
      if slot.state == .held, slot.owner == owner, slot.address == address { place = position }
      return place != nil || slot.state == .free
    }
    guard let place else { return }
    // Not free: a search for others goes on behind it.
    try file.write(
      Slot(state: .struckOut, owner: owner, address: address).bytes, at: Header.size + place * Slot.size)
  }

  /// Says that the index has every lease of the directory as it is now.
  mutating func seal(_ directory: borrowing Directory) throws(Errno) {
    let moment = Self.moment(before: try directory.status().modified)
    header.seal = moment
    // The header first: until the directory's time is set, the two differ.
    try file.write(header.bytes, at: 0)
    try directory.setModified(moment)
  }

  /// The kernel's clock does not go back, so that this moment does not come again. On a file system that is too
  /// coarse for it, the directory's time will differ and the index is never used.
  private static func moment(before time: FileStatus.Time) -> FileStatus.Time {
    time.nanoseconds > 0
      ? FileStatus.Time(seconds: time.seconds, nanoseconds: time.nanoseconds - 1)
      : FileStatus.Time(seconds: time.seconds - 1, nanoseconds: 999_999_999)
  }

  private mutating func grow() throws(Errno) {
    let bytes = try file.read(header.capacity * Slot.size, at: Header.size)
    let slots = stride(from: 0, to: bytes.count, by: Slot.size)
      .compactMap { Slot(bytes[$0..<min($0 + Slot.size, bytes.count)]) }
    let held = slots.filter { $0.state == .held }
    header.capacity = Header.capacity(for: held.count + 1)
    try rewrite(held)
  }

  /// Writes the whole file, not sealed.
  private mutating func rewrite(_ slots: [Slot]) throws(Errno) {
    var table = [UInt8](repeating: 0, count: header.capacity * Slot.size)
    var taken = [Bool](repeating: false, count: header.capacity)
    for slot in slots {
      var place = Int(truncatingIfNeeded: slot.owner) & (header.capacity - 1)
      while taken[place] { place = (place + 1) & (header.capacity - 1) }
      taken[place] = true
      table.replaceSubrange(place * Slot.size..<(place + 1) * Slot.size, with: slot.bytes)
    }
    header.used = slots.count
    header.seal = .none
    try file.replaceContent(with: header.bytes + table)
  }

  /// Visits the slots from an owner's own on, until `visit` says that it is enough.
  private func probe(from owner: UInt64, _ visit: (Slot, Int) -> Bool) throws(Errno) {
    let atOnce = 16
    var position = Int(truncatingIfNeeded: owner) & (header.capacity - 1)
    var seen = 0
    while seen < header.capacity {
      let count = min(atOnce, header.capacity - position)
      let bytes = try file.read(count * Slot.size, at: Header.size + position * Slot.size)
      for index in 0..<count {
        let start = index * Slot.size
        guard start + Slot.size <= bytes.count, let slot = Slot(bytes[start..<start + Slot.size]) else {
          throw .ioError
        }
        if visit(slot, position + index) { return }
      }
      seen += count
      position = (position + count) & (header.capacity - 1)
    }
  }
}
