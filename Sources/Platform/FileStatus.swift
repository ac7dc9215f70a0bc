internal import CLibC

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
