internal import CLibC

/// An open directory, whose files are reached relative to it.
///
/// No name is followed through a symbolic link, and none may contain a slash: nothing outside is touched,
/// whatever somebody puts into the directory, and whoever renames it.
public struct Directory: ~Copyable {
  /// The path by which it was opened, for messages.
  public let path: String
  private let owner: OwnedDescriptor
  private var descriptor: Int32 { owner.descriptor.rawValue }

  /// Opens a directory; symbolic links on the way to it are followed.
  /// - Throws: the `Errno` of open(2).
  public init(opening path: String) throws(Errno) {
    self.path = path
    owner = try OwnedDescriptor(opening: path, .readOnly, options: [.directory])
  }

  private init(path: String, owner: consuming OwnedDescriptor) {
    self.path = path
    self.owner = owner
  }

  /// Opens a directory in this one.
  /// - Throws: the `Errno` of openat(2): `ENOTDIR` for a symbolic link.
  public func directory(_ name: String) throws(Errno) -> Directory {
    Directory(path: "\(path)/\(name)", owner: try open(name, .readOnly, options: [.directory]))
  }

  /// Makes a directory in this one; one that exists is left as it is.
  /// - Throws: the `Errno` of mkdirat(2).
  public func makeDirectory(
    _ name: String, permissions: FilePermissions = [.ownerReadWriteExecute]
  ) throws(Errno) {
    try Self.check(name)
    guard unsafe mkdirat(descriptor, name, permissions.rawValue) == 0 || errno == EEXIST else {
      throw Errno(rawValue: errno)
    }
  }

  /// Opens a file.
  /// - Throws: the `Errno` of openat(2): `ELOOP` for a symbolic link.
  public func open(
    _ name: String, _ mode: FileDescriptor.AccessMode, options: FileDescriptor.OpenOptions = [],
    permissions: FilePermissions = [.ownerReadWrite]
  ) throws(Errno) -> OwnedDescriptor {
    try Self.check(name)
    let flags = mode.rawValue | options.union([.closeOnExec, .noFollow]).rawValue
    while true {
      let file = unsafe openat(descriptor, name, flags, permissions.rawValue)
      if file >= 0 { return OwnedDescriptor(owning: FileDescriptor(rawValue: file)) }
      guard errno == EINTR else { throw Errno(rawValue: errno) }
    }
  }

  /// The bytes of a file.
  /// - Throws: the `Errno` of openat(2) or read(2); `EFBIG` beyond `limit` bytes.
  public func read(_ name: String, limit: Int) throws(Errno) -> [UInt8] {
    // A pipe that somebody left there would block the open.
    try open(name, .readOnly, options: [.nonBlocking]).readAll(limit: limit)
  }

  /// Gives a file a second name.
  /// - Throws: the `Errno` of linkat(2): `EEXIST` when that name is taken.
  public func link(_ name: String, as other: String) throws(Errno) {
    try Self.check(name)
    try Self.check(other)
    guard unsafe linkat(descriptor, name, descriptor, other, 0) == 0 else { throw Errno(rawValue: errno) }
  }

  /// Removes a file.
  /// - Returns: whether it was there.
  /// - Throws: the `Errno` of unlinkat(2).
  @discardableResult
  public func remove(_ name: String) throws(Errno) -> Bool {
    try Self.check(name)
    if unsafe unlinkat(descriptor, name, 0) == 0 { return true }
    guard errno == ENOENT else { throw Errno(rawValue: errno) }
    return false
  }

  /// The names in the directory in no order, without `.` and `..`.
  /// - Throws: the `Errno` of openat(2) or readdir(3).
  public func names() throws(Errno) -> [String] {
    // A descriptor of its own, since reading moves the position in the directory.
    let copy = unsafe openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard copy >= 0 else { throw Errno(rawValue: errno) }
    guard let stream = unsafe fdopendir(copy) else {
      let error = Errno(rawValue: errno)
      close(copy)
      throw error
    }
    defer { unsafe _ = closedir(stream) }
    var names: [String] = []
    // The end of the directory is told from a failure by errno alone (readdir(3)).
    errno = 0
    while let entry = unsafe readdir(stream) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
      errno = 0
    }
    guard errno == 0 else { throw Errno(rawValue: errno) }
    return names
  }

  /// What the file system says of the directory itself.
  /// - Throws: the `Errno` of fstat(2).
  public func status() throws(Errno) -> FileStatus {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { throw Errno(rawValue: errno) }
    return FileStatus(status)
  }

  /// What the file system says of a file, or of the symbolic link of that name.
  /// - Throws: the `Errno` of fstatat(2).
  public func status(of name: String) throws(Errno) -> FileStatus {
    try Self.check(name)
    var status = stat()
    guard unsafe fstatat(descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
      throw Errno(rawValue: errno)
    }
    return FileStatus(status)
  }

  /// Sets when the directory was changed, as far as the file system can tell moments apart.
  /// - Throws: the `Errno` of futimens(3).
  public func setModified(_ time: FileStatus.Time) throws(Errno) { try owner.setModified(time) }

  private static func check(_ name: String) throws(Errno) {
    guard !name.isEmpty, !name.utf8.contains(UInt8(ascii: "/")), !name.utf8.contains(0), name != "..",
      name != "."
    else { throw .invalidArgument }
  }
}
