internal import Netlink
internal import Platform

/// Keeps processes that change the same part of a node apart; it ends with its process, however that ends.
///
/// `_ = consume lock` says until where it is held: see ``Platform/OwnedDescriptor``.
struct NodeLock: ~Copyable {
  private let file: OwnedDescriptor

  private init(_ file: consuming OwnedDescriptor) { self.file = file }

  /// Waits until no other process holds the lock of that name for this node's namespace in a way that does not agree.
  /// - Throws: ``NetlinkError`` when the lock's file cannot be opened; ETIMEDOUT when another process keeps it.
  init(
    _ name: String, _ lock: OwnedDescriptor.Lock = .exclusive, host: borrowing NetworkNamespace
  ) throws(NetlinkError) {
    let milliseconds = OwnedDescriptor.lockPatience * 1000
    guard let taken = try Self.take(name, lock, milliseconds: milliseconds, host: host) else {
      throw try Self.timeout(name, host: host)
    }
    self = taken
  }

  /// As ``init(_:_:host:)``, with a limit of its own.
  /// - Returns: `nil` when another process keeps it for so long.
  static func take(
    _ name: String, _ lock: OwnedDescriptor.Lock, milliseconds: Int, host: borrowing NetworkNamespace
  ) throws(NetlinkError) -> NodeLock? {
    do throws(Errno) {
      let file = try open(name, host)
      return try file.lock(lock, milliseconds: milliseconds) ? NodeLock(file) : nil
    } catch {
      throw NetlinkError(operation: "lock \(name) of the node in \(SharedMode.directory)", errno: error)
    }
  }

  /// The file of that name. Where /run takes no new one, a file of the kernel's serves as well: a lock needs no right to write.
  private static func open(
    _ name: String, _ host: borrowing NetworkNamespace
  ) throws(Errno) -> OwnedDescriptor {
    do throws(Errno) {
      try Files.makeDirectory(SharedMode.directory)
      return try OwnedDescriptor(
        opening: path(name, host), .readWrite, options: [.create, .noFollow], permissions: [.ownerReadWrite])
    } catch  where error.deniesNewFiles {
      // Who removes what pods have left takes both locks.
      guard name == HostAccess.lockName else {
        return try OwnedDescriptor(opening: "/proc/self/ns/uts", .readOnly)
      }
      return try host.reopened()
    }
  }

  /// What is to be said when another process keeps the lock.
  static func timeout(_ name: String, host: borrowing NetworkNamespace) throws(NetlinkError) -> NetlinkError {
    let path: String
    do throws(Errno) { path = try Self.path(name, host) } catch {
      throw NetlinkError(operation: "identify the node's network namespace", errno: error)
    }
    return NetlinkError(
      operation:
        "lock \(name) of the node within \(OwnedDescriptor.lockPatience) s (see who has it: fuser -v \(path))",
      errno: .timedOut)
  }

  private static func path(_ name: String, _ host: borrowing NetworkNamespace) throws(Errno) -> String {
    "\(SharedMode.directory)/\(name)-\(try host.identity().inode)"
  }
}
