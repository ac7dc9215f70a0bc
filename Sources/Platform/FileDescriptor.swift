internal import CLibC

/// The number of an open file or socket; a plain value, which closes nothing.
public struct FileDescriptor: RawRepresentable, Hashable, Sendable {
  /// The number as the kernel gives it.
  public let rawValue: CInt

  /// The descriptor with a number.
  public init(rawValue: CInt) { self.rawValue = rawValue }

  /// The corresponding C constant is `STDIN_FILENO`.
  public static var standardInput: FileDescriptor { FileDescriptor(rawValue: STDIN_FILENO) }
  /// The corresponding C constant is `STDOUT_FILENO`.
  public static var standardOutput: FileDescriptor { FileDescriptor(rawValue: STDOUT_FILENO) }
  /// The corresponding C constant is `STDERR_FILENO`.
  public static var standardError: FileDescriptor { FileDescriptor(rawValue: STDERR_FILENO) }

  /// What an open file may be used for (open(2)).
  public struct AccessMode: RawRepresentable, Hashable, Sendable {
    /// The flag of open(2).
    public let rawValue: CInt

    /// The mode with a flag.
    public init(rawValue: CInt) { self.rawValue = rawValue }

    /// The corresponding C constant is `O_RDONLY`.
    public static var readOnly: AccessMode { AccessMode(rawValue: O_RDONLY) }
    /// The corresponding C constant is `O_WRONLY`.
    public static var writeOnly: AccessMode { AccessMode(rawValue: O_WRONLY) }
    /// The corresponding C constant is `O_RDWR`.
    public static var readWrite: AccessMode { AccessMode(rawValue: O_RDWR) }
  }

  /// How a file is opened (open(2)).
  public struct OpenOptions: OptionSet, Hashable, Sendable {
    /// The flags of open(2).
    public let rawValue: CInt

    /// The options with these flags.
    public init(rawValue: CInt) { self.rawValue = rawValue }

    /// The corresponding C constant is `O_APPEND`.
    public static var append: OpenOptions { OpenOptions(rawValue: O_APPEND) }
    /// The corresponding C constant is `O_CLOEXEC`.
    public static var closeOnExec: OpenOptions { OpenOptions(rawValue: O_CLOEXEC) }
    /// The corresponding C constant is `O_CREAT`.
    public static var create: OpenOptions { OpenOptions(rawValue: O_CREAT) }
    /// The corresponding C constant is `O_DIRECTORY`.
    public static var directory: OpenOptions { OpenOptions(rawValue: O_DIRECTORY) }
    /// The corresponding C constant is `O_EXCL`.
    public static var exclusiveCreate: OpenOptions { OpenOptions(rawValue: O_EXCL) }
    /// The corresponding C constant is `O_NOFOLLOW`.
    public static var noFollow: OpenOptions { OpenOptions(rawValue: O_NOFOLLOW) }
    /// The corresponding C constant is `O_NONBLOCK`.
    public static var nonBlocking: OpenOptions { OpenOptions(rawValue: O_NONBLOCK) }
    /// The corresponding C constant is `O_TRUNC`.
    public static var truncate: OpenOptions { OpenOptions(rawValue: O_TRUNC) }
  }
}

/// Who may do what with a file (chmod(2)).
public struct FilePermissions: OptionSet, Hashable, Sendable {
  /// The bits of chmod(2).
  public let rawValue: UInt32

  /// The permissions with these bits.
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// The octal number is 600.
  public static var ownerReadWrite: FilePermissions { FilePermissions(rawValue: 0o600) }
  /// The octal number is 700.
  public static var ownerReadWriteExecute: FilePermissions { FilePermissions(rawValue: 0o700) }
  /// The octal number is 040.
  public static var groupRead: FilePermissions { FilePermissions(rawValue: 0o040) }
  /// The octal number is 050.
  public static var groupReadExecute: FilePermissions { FilePermissions(rawValue: 0o050) }
  /// The octal number is 004.
  public static var otherRead: FilePermissions { FilePermissions(rawValue: 0o004) }
  /// The octal number is 005.
  public static var otherReadExecute: FilePermissions { FilePermissions(rawValue: 0o005) }
}

/// Waiting for several descriptors at once (poll(2)).
public enum Polling {
  /// What is waited for.
  public enum Interest: Sendable {
    /// Something to read.
    case reading
    /// Room to write, or the end of connecting.
    case writing
    /// An exceptional condition: a file of /proc/self that has changed, such as mountinfo.
    case change
  }

  /// Waits until one of them is ready, a signal comes, or the time is over.
  /// - Returns: the positions of those that are ready.
  public static func wait(
    for descriptors: [(descriptor: FileDescriptor, interest: Interest)], milliseconds: Int
  ) -> [Int] {
    var polled = descriptors.map { entry in
      let events =
        switch entry.interest {
        case .reading: POLLIN
        case .writing: POLLOUT
        case .change: POLLPRI
        }
      return pollfd(fd: entry.descriptor.rawValue, events: Int16(events), revents: 0)
    }
    guard unsafe poll(&polled, nfds_t(polled.count), Int32(clamping: milliseconds)) > 0 else { return [] }
    return polled.indices.filter { polled[$0].revents != 0 }
  }
}
