internal import Netlink
internal import Platform
internal import SystemPackage

/// Keeps processes that change the same part of a node apart; it ends with its process, however that ends.
struct NodeLock: ~Copyable {
  /// How long another process is waited for, in seconds. What is done under such a lock takes milliseconds.
  private static let timeout = 20

  private let file: OwnedDescriptor

  /// Waits until no other process holds the lock of that name for this node's namespace in a way that does not agree.
  /// - Throws: ``NetlinkError`` when the lock's file cannot be opened; ETIMEDOUT when another process keeps it.
  init(
    _ name: String, _ lock: OwnedDescriptor.Lock = .exclusive, home: borrowing NetworkNamespace
  ) throws(NetlinkError) {
    let operation: String
    do throws(Errno) {
      try Files.makeDirectory(SharedMode.directory)
      let path = "\(SharedMode.directory)/\(name)-\(try home.identity().inode)"
      operation = "lock \(name) of the node within \(Self.timeout) s (see who has it: fuser -v \(path))"
      let file = try OwnedDescriptor(
        opening: path, .readWrite, options: [.create, .noFollow], permissions: [.ownerReadWrite])
      if try file.lock(lock, within: Self.timeout) {
        self.file = file
        return
      }
    } catch {
      throw NetlinkError(operation: "lock \(name) of the node in \(SharedMode.directory)", errno: error)
    }
    throw NetlinkError(operation: operation, errno: .timedOut)
  }
}
