internal import CLibC

/// Whole files and directories, as configurations and small state need them.
public enum Files {
  /// The bytes of a file; a pipe that lies where a file should is not waited for.
  /// - Throws: the `Errno` of open(2) or read(2); `EFBIG` beyond `limit` bytes.
  public static func read(_ path: String, limit: Int = 1 << 20) throws(Errno) -> [UInt8] {
    try OwnedDescriptor(opening: path, .readOnly, options: .nonBlocking).readAll(limit: limit)
  }

  /// The last `limit` bytes of a file that may be much larger.
  /// - Throws: the `Errno` of open(2), fstat(2) or pread(2); `ESPIPE` for a pipe.
  public static func readTail(_ path: String, limit: Int) throws(Errno) -> [UInt8] {
    let file = try OwnedDescriptor(opening: path, .readOnly, options: .nonBlocking)
    var status = stat()
    guard unsafe fstat(file.descriptor.rawValue, &status) == 0 else { throw Errno(rawValue: errno) }
    let size = Int(status.st_size)
    return try file.read(min(size, limit), at: max(0, size - limit))
  }

  /// Replaces a file so that readers see the old content or the new, never half of it.
  ///
  /// The new content is written beside it and renamed over it; it is not synchronised to the disk.
  /// - Throws: the `Errno` of the step that failed; then nothing was changed.
  public static func replace(
    _ path: String, with bytes: [UInt8], permissions: FilePermissions = [.ownerReadWrite]
  ) throws(Errno) {
    let temporary = "\(path).\(getpid()).tmp"
    do throws(Errno) {
      let file = try OwnedDescriptor(
        opening: temporary, .writeOnly, options: [.create, .exclusiveCreate, .noFollow],
        permissions: permissions)
      try file.writeAll(bytes)
      guard unsafe rename(temporary, path) == 0 else { throw Errno(rawValue: errno) }
    } catch {
      _ = unsafe unlink(temporary)
      throw error
    }
  }

  /// As ``replace(_:with:permissions:)``, and the bytes are on the disk when this returns: after a power failure the file
  /// has the old content or the new. For files that one process writes: the half of a file that a killed one left is
  /// written over. The permissions are those asked for, whatever the umask.
  /// - Throws: the `Errno` of the step that failed; then readers see the old content, unless only the last step failed,
  ///   that which writes the name to the disk.
  public static func replaceDurably(
    _ path: String, with bytes: [UInt8], permissions: FilePermissions
  ) throws(Errno) {
    let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
    let directory = slash.map { String(path[..<$0]) } ?? "."
    let name = slash.map { String(path[path.utf8.index(after: $0)...]) } ?? path
    // Hidden, so that who reads a directory's files by their endings passes it over.
    let temporary = "\(directory)/.\(name).new"
    _ = unsafe unlink(temporary)
    do throws(Errno) {
      let file = try OwnedDescriptor(
        opening: temporary, .writeOnly, options: [.create, .exclusiveCreate, .noFollow],
        permissions: permissions)
      try file.writeAll(bytes)
      _ = try retrying { fchmod(file.descriptor.rawValue, permissions.rawValue) }
      _ = try retrying { fsync(file.descriptor.rawValue) }
      guard unsafe rename(temporary, path) == 0 else { throw Errno(rawValue: errno) }
    } catch {
      _ = unsafe unlink(temporary)
      throw error
    }
    let parent = try OwnedDescriptor(opening: directory, .readOnly, options: [.directory])
    _ = try retrying { fsync(parent.descriptor.rawValue) }
  }

  /// Appends to a file in one write, making it when it is missing; a symbolic link is not followed, and the reader
  /// of a pipe not waited for.
  /// - Throws: the `Errno` of open(2) or write(2).
  public static func append(_ bytes: [UInt8], to path: String) throws(Errno) {
    let file = try OwnedDescriptor(
      opening: path, .writeOnly, options: [.append, .create, .noFollow, .nonBlocking],
      permissions: [.ownerReadWrite])
    try file.writeAll(bytes)
  }

  /// Writes text over a file that exists, as kernel settings under /proc/sys take it.
  /// - Throws: the `Errno` of open(2) or write(2).
  public static func write(_ text: String, to path: String) throws(Errno) {
    try OwnedDescriptor(opening: path, .writeOnly).writeAll(Array(text.utf8))
  }

  /// Makes a directory and its parents; one that exists is left as it is.
  /// - Throws: the `Errno` of mkdir(2).
  public static func makeDirectory(
    _ path: String, permissions: FilePermissions = [.ownerReadWriteExecute]
  ) throws(Errno) {
    if unsafe mkdir(path, permissions.rawValue) == 0 || errno == EEXIST { return }
    guard errno == ENOENT, let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")), slash > path.startIndex
    else {
      throw Errno(rawValue: errno)
    }
    try makeDirectory(String(path[..<slash]), permissions: permissions)
    guard unsafe mkdir(path, permissions.rawValue) == 0 || errno == EEXIST else {
      throw Errno(rawValue: errno)
    }
  }

  /// Gives a file another name, in one step, in place of the file that had it.
  /// - Throws: the `Errno` of rename(2).
  public static func move(_ path: String, to newPath: String) throws(Errno) {
    guard unsafe rename(path, newPath) == 0 else { throw Errno(rawValue: errno) }
  }

  /// Removes a file.
  /// - Throws: the `Errno` of unlink(2).
  public static func remove(_ path: String) throws(Errno) {
    guard unsafe unlink(path) == 0 else { throw Errno(rawValue: errno) }
  }

  /// The names in a directory, sorted, without `.` and `..`.
  /// - Throws: the `Errno` of open(2).
  public static func names(in directory: String) throws(Errno) -> [String] {
    try Directory(opening: directory).names().sorted()
  }

  /// Where a symbolic link points to.
  /// - Throws: the `Errno` of readlink(2); `ENAMETOOLONG` beyond 4096 bytes.
  public static func linkTarget(_ path: String) throws(Errno) -> String {
    var buffer = [CChar](repeating: 0, count: 4096)
    let length = unsafe readlink(path, &buffer, buffer.count)
    guard length >= 0 else { throw Errno(rawValue: errno) }
    guard length < buffer.count else { throw .fileNameTooLong }
    return String(decoding: buffer[..<length].map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  /// The size of a file in bytes.
  /// - Throws: the `Errno` of stat(2).
  public static func size(_ path: String) throws(Errno) -> Int {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else { throw Errno(rawValue: errno) }
    return Int(status.st_size)
  }

  /// Whether a directory belongs to the caller and only its owner can write to it.
  /// - Throws: the `Errno` of stat(2).
  public static func isPrivateDirectory(_ path: String) throws(Errno) -> Bool {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else { throw Errno(rawValue: errno) }
    return clibc_is_directory(status.st_mode) && status.st_uid == geteuid()
      && !clibc_is_shared_for_writing(status.st_mode)
  }

  /// Whether a name matches a pattern of glob(7).
  public static func name(_ name: String, matches pattern: String) -> Bool {
    unsafe fnmatch(pattern, name, 0) == 0
  }

  /// Whether two paths lead to one file; not when one of them leads nowhere.
  public static func isSameFile(_ path: String, _ other: String) -> Bool {
    var (first, second) = (stat(), stat())
    guard unsafe stat(path, &first) == 0, unsafe stat(other, &second) == 0 else { return false }
    return first.st_dev == second.st_dev && first.st_ino == second.st_ino
  }

  /// Whether the path leads to a regular file.
  public static func isRegularFile(_ path: String) -> Bool {
    var status = stat()
    return unsafe stat(path, &status) == 0 && clibc_is_regular(status.st_mode)
  }
}

/// What the file system says of a file (stat(2)).
public struct FileStatus: Sendable, Hashable {
  /// A moment as the file system keeps it; how fine it is, is up to the file system.
  public struct Time: Sendable, Hashable, Comparable {
    /// Seconds since 1970-01-01T00:00:00Z.
    public var seconds: Int
    /// Nanoseconds of that second.
    public var nanoseconds: Int

    /// A moment by its number.
    public init(seconds: Int, nanoseconds: Int) {
      self.seconds = seconds
      self.nanoseconds = nanoseconds
    }

    /// Whether a moment is before another.
    public static func < (left: Time, right: Time) -> Bool {
      (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
    }

    /// The present moment (CLOCK_REALTIME).
    public static func now() -> Time {
      var time = timespec()
      unsafe clock_gettime(CLOCK_REALTIME, &time)
      return Time(seconds: time.tv_sec, nanoseconds: time.tv_nsec)
    }

    /// The moment one nanosecond later.
    public var next: Time {
      nanoseconds < 999_999_999
        ? Time(seconds: seconds, nanoseconds: nanoseconds + 1) : Time(seconds: seconds + 1, nanoseconds: 0)
    }

    /// The moment as one number, nanoseconds since 1970 as far as 64 bits go; two moments of a life differ in it.
    public var mark: Int { seconds &* 1_000_000_000 &+ nanoseconds }
  }

  /// The file system's number.
  public let device: UInt64
  /// The file's number on its file system; it may be given again after the file is gone.
  public let inode: UInt64
  /// The size in bytes.
  public let size: Int
  /// Whether it is a regular file.
  public let isRegularFile: Bool
  /// When the content was changed; of a directory, when a name was added or removed.
  public let modified: Time
  /// When anything of it was changed, its name and owner included; nobody can set it.
  public let changed: Time

  /// What a path leads to, through symbolic links.
  /// - Throws: the `Errno` of stat(2).
  public init(of path: String) throws(Errno) {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else { throw Errno(rawValue: errno) }
    self.init(status)
  }

  init(_ status: stat) {
    device = UInt64(status.st_dev)
    inode = UInt64(status.st_ino)
    size = Int(status.st_size)
    isRegularFile = clibc_is_regular(status.st_mode)
    modified = Time(seconds: status.st_mtim.tv_sec, nanoseconds: status.st_mtim.tv_nsec)
    changed = Time(seconds: status.st_ctim.tv_sec, nanoseconds: status.st_ctim.tv_nsec)
  }
}
