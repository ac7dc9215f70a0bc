internal import Addressing
internal import Platform

/// The leases of one network on the disk, in the reference plugin's format, locked for as long as this lives.
///
/// `<dataDir>/<network>/<address>` holds whose the address is, `last_reserved_ip.<set>` the address that a set
/// gave last, and `lock` is what every process locks (flock(2)), the reference plugin included: under the lock
/// nobody else is between two steps.
///
/// Nothing is synchronised to the disk. A file gets its name when its content is written, so that no crash of
/// a process leaves half of one; a power failure can, but then the pods are gone too, and an empty file is free.
struct HostLocalStore: ~Copyable {
  /// No file that a container's ID is written to is larger, in bytes: Linux passes no longer variable to a plugin
  /// (MAX_ARG_STRLEN, 128 KiB).
  static let largestFile = 1 << 18

  /// A lease file.
  struct Lease: Sendable, Hashable {
    /// Its name.
    let address: IPAddress
    /// Its content; `nil` when it is empty.
    let owner: HostLocalOwner?
  }

  let location: HostLocalLocation
  let directory: Directory
  private let lock: OwnedDescriptor
  var index: HostLocalIndex?

  /// Locks the leases of a network.
  ///
  /// - Parameter isMaking: makes the network's directory when it is missing.
  /// - Returns: `nil` when there is no directory, and so no lease.
  /// - Throws: ``AllocationError`` of kind `store` or `busy`.
  static func open(
    _ location: HostLocalLocation, isMaking: Bool = false
  ) throws(AllocationError) -> HostLocalStore? {
    guard let parent = try location.openParent(isMaking: isMaking),
      let directory = try location.open(in: parent, isMaking: isMaking)
    else { return nil }
    let lock = try location.lock(directory)
    var store = HostLocalStore(location, directory, lock: lock)
    try store.openIndex(parent)
    return store
  }

  private init(
    _ location: HostLocalLocation, _ directory: consuming Directory, lock: consuming OwnedDescriptor
  ) {
    self.location = location
    self.directory = directory
    self.lock = lock
    index = nil
  }

  /// Opens the index, or makes it from the lease files.
  private mutating func openIndex(_ parent: borrowing Directory) throws(AllocationError) {
    guard let status = try? directory.status() else { return }
    index = HostLocalIndex.open(location.indexName, in: parent, of: status)
    guard index == nil else { return }
    let entries = try leases().compactMap { lease in
      lease.owner.map { (owner: $0.hash, address: lease.address) }
    }
    index = HostLocalIndex.make(location.indexName, in: parent, of: status, entries)
    seal()
  }

  /// Every lease file; files of other names are nobody's concern.
  /// - Throws: ``AllocationError`` of kind `store`.
  func leases() throws(AllocationError) -> [Lease] { try Self.leases(in: directory, location) }

  /// As ``leases()``, for those who only look.
  static func leases(
    in directory: borrowing Directory, _ location: HostLocalLocation
  ) throws(AllocationError) -> [Lease] {
    let names: [String]
    do throws(Errno) { names = try directory.names() } catch { throw location.failure("read", nil, error) }
    var leases: [Lease] = []
    for name in names {
      guard let address = IPAddress(name), address.description == name else { continue }
      if let lease = try lease(of: address, in: directory, location) { leases.append(lease) }
    }
    return leases
  }

  /// The lease of an address; `nil` when it has none.
  /// - Throws: ``AllocationError`` of kind `store`.
  func lease(of address: IPAddress) throws(AllocationError) -> Lease? {
    try Self.lease(of: address, in: directory, location)
  }

  private static func lease(
    of address: IPAddress, in directory: borrowing Directory, _ location: HostLocalLocation
  ) throws(AllocationError) -> Lease? {
    do throws(Errno) {
      let content = try directory.read("\(address)", limit: largestFile)
      return Lease(address: address, owner: HostLocalOwner(content))
    } catch .fileTooLarge {
      // Whoever wrote that holds the address. One such file must not keep all others from theirs.
      return Lease(
        address: address, owner: HostLocalOwner(containerID: "whoever wrote a file that is too large"))
    } catch .noSuchFileOrDirectory, .isDirectory, .tooManySymbolicLinkLevels, .noSuchAddressOrDevice {
      // Nothing is there, or something that is no lease.
      return nil
    } catch {
      throw location.failure("read", "\(address)", error)
    }
  }

  /// What an owner holds.
  /// - Throws: ``AllocationError`` of kind `store`.
  func addresses(of owner: HostLocalOwner) throws(AllocationError) -> [IPAddress] {
    guard let found = try? index?.addresses(of: owner.hash) else {
      return try leases().filter { $0.owner == owner }.map { $0.address }.sorted()
    }
    var addresses: [IPAddress] = []
    for address in found where try lease(of: address)?.owner == owner { addresses.append(address) }
    return addresses.sorted()
  }
}
