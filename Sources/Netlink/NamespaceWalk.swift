public import Platform

/// A network namespace that is there and could not be read, so that nobody knows what it holds.
public struct UnreadNamespace: Error, Sendable, Hashable, CustomStringConvertible {
  /// A path that stands for it.
  public let path: String
  /// Why it could not be read.
  public let errno: Errno
  /// The number that tells it apart; `nil` of a process whose namespace is not known.
  let inode: UInt?

  /// Whether the caller lacks the right to read it.
  public var isForbidden: Bool { errno == .permissionDenied || errno == .notPermitted }

  /// Whether no path leads to it: something lies over its mount. A user namespace has the mounts of its parent, and rootless
  /// runtimes mount a `/run` of their own over them.
  var isCovered: Bool { errno == .noSuchFileOrDirectory }

  /// How much the error says of the namespace, among those of several paths to it. A process that ends takes its path away
  /// (`ENOENT`, `ESRCH`, for a moment `EACCES`) and says nothing of the namespace.
  private var weight: Int {
    if isCovered || errno == .noSuchProcess { return 0 }
    return isForbidden ? 1 : 2
  }

  /// Which of two failures tells why the namespace cannot be read; the earlier one when both say as much.
  func weightier(_ later: UnreadNamespace) -> UnreadNamespace { weight >= later.weight ? self : later }

  /// "cannot read network namespace /run/netns/a: Input/output error".
  public var description: String { "cannot read network namespace \(path): \(errno)" }
}

/// One visit to every network namespace of this machine, without changing anything.
///
/// A namespace that died during the visit is left out. One that is there and cannot be read is in ``unread``: what the walk
/// has found is complete only when that is empty.
public struct NamespaceWalk<Found> {
  /// What was found in one namespace.
  public struct Visit {
    /// A path that opens it.
    public let path: String
    /// What tells it apart.
    public let identity: NetworkNamespace.Identity
    /// What was read.
    public let found: Found
  }

  /// What was found, one entry a namespace: those with a mount (as container runtimes make it) first, then those that
  /// only processes keep.
  public private(set) var visits: [Visit] = []
  /// The namespaces that could not be read.
  public private(set) var unread: [UnreadNamespace] = []
  /// As ``unread``, of an owner over whom the caller's user namespace has no power. No link of the caller's can be in
  /// one, unless that owner took it there.
  public private(set) var beyondReach: [UnreadNamespace] = []
  /// The inodes of the namespaces in which processes live.
  public private(set) var occupied: Set<UInt> = []

  private var seen: Set<UInt> = []

  /// What can die, or fail for a moment, between the list and the visit: so often is the list read anew.
  private static var rounds: Int { 4 }

  /// Visits every namespace.
  ///
  /// - Parameter read: reads what is wanted in a namespace.
  /// - Throws: ``NetlinkError`` when the namespaces cannot be listed.
  public init(
    _ read: (borrowing NetworkNamespace, NetworkNamespace.Identity) throws(NetlinkError) -> Found
  ) throws(NetlinkError) {
    var failedBefore: Set<UnreadNamespace> = []
    for _ in 0..<Self.rounds {
      let list = try NamespaceList()
      occupied.formUnion(list.occupied)
      unread = list.unread
      for place in list.places where !seen.contains(place.inode) {
        if let failure = visit(place, read) { unread.append(failure) }
      }
      // A namespace that died is not in the next list. The kernel says EACCES for a process that has just ended.
      if unread.isEmpty || unread.allSatisfy({ $0.isForbidden && failedBefore.contains($0) }) { break }
      failedBefore = Set(unread)
    }
    try dropDead()
    guard !unread.isEmpty, !UserNamespace.isInitial else { return }
    beyondReach = unread.filter { $0.isForbidden || $0.isCovered }
    unread.removeAll { $0.isForbidden || $0.isCovered }
  }

  /// Leaves out the namespaces that have died since. No list has them any more; after the last round none has been read.
  private mutating func dropDead() throws(NetlinkError) {
    guard !unread.isEmpty else { return }
    let list = try NamespaceList()
    let present = Set(list.places.map { $0.inode })
    unread = list.unread + unread.filter { $0.inode.map { present.contains($0) } ?? false }
  }

  /// - Returns: why it could not be read.
  private mutating func visit(
    _ place: NamespaceList.Place,
    _ read: (borrowing NetworkNamespace, NetworkNamespace.Identity) throws(NetlinkError) -> Found
  ) -> UnreadNamespace? {
    var failure: UnreadNamespace?
    for path in place.paths {
      do throws(Errno) {
        let namespace = try NetworkNamespace(path: path)
        let identity = try namespace.identity()
        // Something else was mounted over it, or the process has gone elsewhere.
        guard identity.inode == place.inode else { throw .noSuchFileOrDirectory }
        let found: Found
        do throws(NetlinkError) { found = try read(namespace, identity) } catch { throw error.errno }
        visits.append(Visit(path: path, identity: identity, found: found))
        seen.insert(place.inode)
        return nil
      } catch {
        let next = UnreadNamespace(path: path, errno: error, inode: place.inode)
        failure = failure?.weightier(next) ?? next
      }
    }
    return failure
  }
}

/// The network namespaces of this machine and the paths that lead to them.
private struct NamespaceList {
  /// A namespace.
  struct Place {
    let inode: UInt
    var paths: [String]
  }

  /// Those with a mount first.
  private(set) var places: [Place] = []
  /// Processes whose namespace is not known.
  private(set) var unread: [UnreadNamespace] = []
  /// The namespaces of processes.
  private(set) var occupied: Set<UInt> = []

  private var positions: [UInt: Int] = [:]

  /// More paths to one namespace need not be tried.
  private static let pathLimit = 3

  init() throws(NetlinkError) {
    do throws(Errno) {
      try addMounts()
      try addProcesses()
    } catch {
      throw NetlinkError(operation: "list the network namespaces (/proc/self/mountinfo, /proc)", errno: error)
    }
  }

  private mutating func addMounts() throws(Errno) {
    for mount in try MountTable().all where mount.isNamespace {
      if let inode = Self.inode(mount.root) { add(inode, mount.path) }
    }
  }

  /// The target of the link is `net:[4026531840]`, which is read without opening a thousand files.
  private mutating func addProcesses() throws(Errno) {
    for process in try Processes.numbers() {
      let path = "/proc/\(process)/ns/net"
      do throws(Errno) {
        guard let inode = Self.inode(Array(try Files.linkTarget(path).utf8)[...]) else { continue }
        occupied.insert(inode)
        add(inode, path)
      } catch .noSuchFileOrDirectory, .noSuchProcess {
        // It has ended.
      } catch {
        unread.append(UnreadNamespace(path: path, errno: error, inode: nil))
      }
    }
  }

  private mutating func add(_ inode: UInt, _ path: String) {
    if let position = positions[inode] {
      if places[position].paths.count < Self.pathLimit { places[position].paths.append(path) }
    } else {
      positions[inode] = places.count
      places.append(Place(inode: inode, paths: [path]))
    }
  }

  fileprivate static func inode(_ text: ArraySlice<UInt8>) -> UInt? {
    guard text.starts(with: "net:[".utf8), text.last == UInt8(ascii: "]") else { return nil }
    return UInt(String(decoding: text.dropFirst(5).dropLast(), as: UTF8.self))
  }
}

/// What is mounted where, in the order of mounting (proc_pid_mountinfo(5)).
public struct MountTable {
  struct Mount {
    /// What of the file system is there: of a network namespace `net:[4026531840]`.
    let root: ArraySlice<UInt8>
    /// Whether its file system is nsfs.
    let isNamespace: Bool
    fileprivate let place: ArraySlice<UInt8>

    var path: String { MountTable.unescape(place) }
  }

  let all: [Mount]

  /// Reads the table.
  /// - Throws: the `Errno` of open(2) or read(2).
  public init() throws(Errno) {
    let bytes = try Files.read("/proc/self/mountinfo", limit: 64 << 20)
    // Field 4 is the root, field 5 the mount point; the type stands behind the dash.
    all = bytes.split(separator: UInt8(ascii: "\n")).compactMap { line in
      let fields = line.split(separator: UInt8(ascii: " "))
      guard fields.count > 4, let dash = fields.firstIndex(of: [0x2D]), dash + 1 < fields.count else {
        return nil
      }
      return Mount(
        root: fields[3], isNamespace: fields[dash + 1].elementsEqual("nsfs".utf8), place: fields[4])
    }
  }

  /// The mount point of what lies over the mount of a namespace; `nil` where nothing does.
  public func cover(of namespace: UnreadNamespace) -> String? {
    guard let inode = namespace.inode,
      let own = all.lastIndex(where: {
        $0.isNamespace && NamespaceList.inode($0.root) == inode && $0.path == namespace.path
      })
    else { return nil }
    return all[(own + 1)...].last { mount in
      let path = mount.path
      return path == namespace.path || namespace.path.hasPrefix(path + "/")
    }?.path
  }

  /// mountinfo writes blanks, tabs, newlines and backslashes as three octal digits.
  private static func unescape(_ field: ArraySlice<UInt8>) -> String {
    var bytes: [UInt8] = []
    var rest = field
    while let byte = rest.popFirst() {
      let digits = String(decoding: rest.prefix(3), as: UTF8.self)
      if byte == UInt8(ascii: "\\"), digits.utf8.count == 3, let escaped = UInt8(digits, radix: 8) {
        bytes.append(escaped)
        rest = rest.dropFirst(3)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

/// The user namespace of this process (user_namespaces(7)).
private enum UserNamespace {
  /// Whether it is the machine's first one, over which no other has power.
  static var isInitial: Bool {
    guard let bytes = try? Files.read("/proc/self/uid_map", limit: 4096) else { return true }
    let map = String(decoding: bytes, as: UTF8.self).split { $0.isWhitespace }
    return map == ["0", "0", "4294967295"]
  }
}
