internal import Netlink
internal import Platform
internal import SystemPackage

/// Lets one process at a time do something on a node; it ends with its process, however that ends.
struct NodeLock: ~Copyable {
  private let file: OwnedDescriptor

  /// Waits until no other process holds the lock of that name for this node's namespace.
  /// - Throws: ``NetlinkError`` when the lock's file cannot be opened.
  init(_ name: String, home: borrowing NetworkNamespace) throws(NetlinkError) {
    do throws(Errno) {
      try Files.makeDirectory(SharedMode.directory)
      let path = "\(SharedMode.directory)/\(name)-\(try home.identity().inode)"
      try self.init(path: path)
    } catch {
      throw NetlinkError(operation: "lock \(name) of the node in \(SharedMode.directory)", errno: error)
    }
  }

  private init(path: String) throws(Errno) {
    let file = try OwnedDescriptor(
      opening: path, .readWrite, options: [.create, .noFollow], permissions: [.ownerReadWrite])
    try file.lock(.exclusive)
    self.file = file
  }
}
