internal import Addressing
internal import Platform

/// Each change leaves the directory as the reference would, and is noted in the index.
extension HostLocalStore {
  /// A lease file before it has its name; the reference passes over it, as over every name that is no address.
  private static let newName = ".new"
  /// So many held addresses in a row are asked for one by one; then all names are read at once.
  private static let patientProbes = 64

  /// The first free address.
  ///
  /// An empty file is no lease: under the lock nobody is between making it and writing it.
  /// - Throws: ``AllocationError`` of kind `store`.
  func firstFree(
    _ candidates: HostLocalRangeSet.Candidates
  ) throws(AllocationError) -> (address: IPAddress, range: HostLocalRange)? {
    var candidates = candidates
    var probes = 0
    while probes < Self.patientProbes, let candidate = candidates.next() {
      if try isFree(candidate.address) { return candidate }
      probes += 1
    }
    guard probes == Self.patientProbes else { return nil }
    let names = Set(try names())
    let rest = candidates
    // Prefer addresses that have no file; a free one may also have an empty file, which takes a look to see.
    while let candidate = candidates.next() {
      if !names.contains("\(candidate.address)") { return candidate }
    }
    candidates = rest
    while let candidate = candidates.next() {
      if try isFree(candidate.address) { return candidate }
    }
    return nil
  }

  /// Whether nobody holds an address.
  /// - Throws: ``AllocationError`` of kind `store`.
  func isFree(_ address: IPAddress) throws(AllocationError) -> Bool {
    do throws(Errno) {
      let status = try directory.status(of: "\(address)")
      return status.size == 0 && status.isRegularFile
    } catch .noSuchFileOrDirectory {
      return true
    } catch {
      throw location.failure("look at", "\(address)", error)
    }
  }

  /// Gives a free address to an owner.
  /// - Returns: the mark of this gift.
  /// - Throws: ``AllocationError`` of kind `store`; then nothing was given.
  mutating func reserve(_ address: IPAddress, for owner: HostLocalOwner) throws(AllocationError) -> Int {
    let time = FileStatus.Time.now()
    do throws(Errno) {
      // A killed process may have left the name as another one of its lease, which must not be written to.
      try directory.remove(Self.newName)
      let file = try directory.open(Self.newName, .writeOnly, options: [.create, .exclusiveCreate])
      try file.writeAll(owner.content)
      try file.setModified(time)
      do throws(Errno) {
        try directory.link(Self.newName, as: "\(address)")
      } catch .fileExists {
        try directory.remove("\(address)")
        try directory.link(Self.newName, as: "\(address)")
      }
      try directory.remove(Self.newName)
    } catch {
      _ = try? directory.remove(Self.newName)
      throw location.failure("write", "\(address)", error)
    }
    noteInIndex { index throws(Errno) in try index.insert(owner.hash, address) }
    return time.mark
  }

  /// Marks a lease as given once more: its file's time moves on, and with it what ``modified(_:)`` tells.
  /// - Throws: ``AllocationError`` of kind `store`.
  func mark(_ address: IPAddress) throws(AllocationError) {
    do throws(Errno) {
      let before = try directory.status(of: "\(address)").modified
      // The clock may have been set back.
      let time = max(FileStatus.Time.now(), before.next)
      try directory.open("\(address)", .readOnly, options: [.nonBlocking]).setModified(time)
    } catch {
      throw location.failure("mark", "\(address)", error)
    }
  }

  /// When an address was given last; `nil` when nobody holds it.
  /// - Throws: ``AllocationError`` of kind `store`.
  func modified(_ address: IPAddress) throws(AllocationError) -> FileStatus.Time? {
    try Self.modified(address, in: directory, location)
  }

  /// As ``modified(_:)``, for those who only look.
  static func modified(
    _ address: IPAddress, in directory: borrowing Directory, _ location: HostLocalLocation
  ) throws(AllocationError) -> FileStatus.Time? {
    do throws(Errno) { return try directory.status(of: "\(address)").modified } catch .noSuchFileOrDirectory {
      return nil
    } catch {
      throw location.failure("look at", "\(address)", error)
    }
  }

  /// Tries whether a lease could be written.
  /// - Throws: ``AllocationError`` of kind `store`.
  mutating func probeWriting() throws(AllocationError) {
    do throws(Errno) {
      try directory.remove(Self.newName)
      _ = try directory.open(Self.newName, .writeOnly, options: [.create, .exclusiveCreate])
      try directory.remove(Self.newName)
    } catch {
      throw location.failure("write to", nil, error)
    }
    seal()
  }

  /// Takes an address back.
  /// - Throws: ``AllocationError`` of kind `store`.
  mutating func release(_ lease: Lease) throws(AllocationError) {
    do throws(Errno) { try directory.remove("\(lease.address)") } catch {
      throw location.failure("remove", "\(lease.address)", error)
    }
    guard let owner = lease.owner else { return }
    noteInIndex { index throws(Errno) in try index.remove(owner.hash, lease.address) }
  }

  /// The address that a set gave last; `nil` when it is not known.
  func lastAddress(ofSet number: Int) -> IPAddress? {
    let content = try? directory.read(Self.lastName(number), limit: Self.largestFile)
    return content.flatMap { IPAddress(String(decoding: $0, as: UTF8.self)) }
  }

  /// Notes the address that a set gave last.
  /// - Throws: ``AllocationError`` of kind `store`.
  func setLastAddress(_ address: IPAddress, ofSet number: Int) throws(AllocationError) {
    let name = Self.lastName(number)
    do throws(Errno) {
      // Over the old text, as the reference does: half of it only costs the round its place.
      try directory.open(name, .writeOnly, options: [.create, .truncate]).writeAll(Array("\(address)".utf8))
    } catch {
      throw location.failure("write", name, error)
    }
  }

  /// Ends the changes: the index has them all.
  mutating func seal() {
    guard var index = index.take() else { return }
    do throws(Errno) {
      try index.seal(directory)
      self.index = consume index
    } catch {
      self.index = nil
    }
  }

  /// An index that cannot be written stays unsealed, so that the next process makes it anew.
  private mutating func noteInIndex(_ change: (inout HostLocalIndex) throws(Errno) -> Void) {
    guard var index = index.take() else { return }
    do throws(Errno) {
      try change(&index)
      self.index = consume index
    } catch {
      self.index = nil
    }
  }

  private func names() throws(AllocationError) -> [String] {
    do throws(Errno) { return try directory.names() } catch { throw location.failure("read", nil, error) }
  }

  private static func lastName(_ number: Int) -> String { "last_reserved_ip.\(number)" }
}
