internal import CLibC

/// The number that the last call of this thread that failed has left.
var errno: CInt {
  get { clibc_errno() }
  set { clibc_set_errno(newValue) }
}

/// Why a system call failed, by its number (errno(3)).
public struct Errno: Error, RawRepresentable, Hashable, Sendable, CustomStringConvertible {
  /// The number as the kernel gives it.
  public let rawValue: CInt

  /// The failure with a number.
  public init(rawValue: CInt) { self.rawValue = rawValue }

  /// Why the call just made failed: what it left in `errno`.
  package static var lastCall: Errno { Errno(rawValue: clibc_errno()) }

  /// What the C library says of it (strerror(3)).
  public var description: String {
    guard let text = unsafe strerror(rawValue) else { return "unknown error" }
    return unsafe String(cString: text)
  }
}

extension Errno {
  /// The corresponding C constant is `EACCES`.
  public static var permissionDenied: Errno { Errno(rawValue: EACCES) }
  /// The corresponding C constant is `EADDRINUSE`.
  public static var addressInUse: Errno { Errno(rawValue: EADDRINUSE) }
  /// The corresponding C constant is `EAFNOSUPPORT`.
  public static var addressFamilyNotSupported: Errno { Errno(rawValue: EAFNOSUPPORT) }
  /// The corresponding C constant is `EAGAIN`.
  public static var resourceTemporarilyUnavailable: Errno { Errno(rawValue: EAGAIN) }
  /// The corresponding C constant is `EBADF`.
  public static var badFileDescriptor: Errno { Errno(rawValue: EBADF) }
  /// The corresponding C constant is `EBUSY`.
  public static var resourceBusy: Errno { Errno(rawValue: EBUSY) }
  /// The corresponding C constant is `ECONNRESET`.
  public static var connectionReset: Errno { Errno(rawValue: ECONNRESET) }
  /// The corresponding C constant is `EDQUOT`.
  public static var diskQuotaExceeded: Errno { Errno(rawValue: EDQUOT) }
  /// The corresponding C constant is `EEXIST`.
  public static var fileExists: Errno { Errno(rawValue: EEXIST) }
  /// The corresponding C constant is `EFBIG`.
  public static var fileTooLarge: Errno { Errno(rawValue: EFBIG) }
  /// The corresponding C constant is `EINTR`.
  public static var interrupted: Errno { Errno(rawValue: EINTR) }
  /// The corresponding C constant is `EINVAL`.
  public static var invalidArgument: Errno { Errno(rawValue: EINVAL) }
  /// The corresponding C constant is `EIO`.
  public static var ioError: Errno { Errno(rawValue: EIO) }
  /// The corresponding C constant is `EISDIR`.
  public static var isDirectory: Errno { Errno(rawValue: EISDIR) }
  /// The corresponding C constant is `ELOOP`.
  public static var tooManySymbolicLinkLevels: Errno { Errno(rawValue: ELOOP) }
  /// The corresponding C constant is `EMSGSIZE`.
  public static var messageTooLong: Errno { Errno(rawValue: EMSGSIZE) }
  /// The corresponding C constant is `ENAMETOOLONG`.
  public static var fileNameTooLong: Errno { Errno(rawValue: ENAMETOOLONG) }
  /// The corresponding C constant is `ENOBUFS`.
  public static var noBufferSpace: Errno { Errno(rawValue: ENOBUFS) }
  /// The corresponding C constant is `ENODEV`.
  public static var operationNotSupportedByDevice: Errno { Errno(rawValue: ENODEV) }
  /// The corresponding C constant is `ENOENT`.
  public static var noSuchFileOrDirectory: Errno { Errno(rawValue: ENOENT) }
  /// The corresponding C constant is `ENOMEM`.
  public static var noMemory: Errno { Errno(rawValue: ENOMEM) }
  /// The corresponding C constant is `ENOSPC`.
  public static var noSpace: Errno { Errno(rawValue: ENOSPC) }
  /// The corresponding C constant is `ENOTDIR`.
  public static var notDirectory: Errno { Errno(rawValue: ENOTDIR) }
  /// The corresponding C constant is `ENOTSUP`.
  public static var notSupported: Errno { Errno(rawValue: ENOTSUP) }
  /// The corresponding C constant is `ENXIO`.
  public static var noSuchAddressOrDevice: Errno { Errno(rawValue: ENXIO) }
  /// The corresponding C constant is `EPERM`.
  public static var notPermitted: Errno { Errno(rawValue: EPERM) }
  /// The corresponding C constant is `EPIPE`.
  public static var brokenPipe: Errno { Errno(rawValue: EPIPE) }
  /// The corresponding C constant is `EPROTO`.
  public static var protocolError: Errno { Errno(rawValue: EPROTO) }
  /// The corresponding C constant is `EPROTONOSUPPORT`.
  public static var protocolNotSupported: Errno { Errno(rawValue: EPROTONOSUPPORT) }
  /// The corresponding C constant is `EROFS`.
  public static var readOnlyFileSystem: Errno { Errno(rawValue: EROFS) }
  /// The corresponding C constant is `ESRCH`.
  public static var noSuchProcess: Errno { Errno(rawValue: ESRCH) }
  /// The corresponding C constant is `ETIME`.
  public static var timeout: Errno { Errno(rawValue: ETIME) }
  /// The corresponding C constant is `ETIMEDOUT`.
  public static var timedOut: Errno { Errno(rawValue: ETIMEDOUT) }
  /// The corresponding C constant is `ETXTBSY`.
  public static var textFileBusy: Errno { Errno(rawValue: ETXTBSY) }
  /// The corresponding C constant is `EWOULDBLOCK`.
  public static var wouldBlock: Errno { Errno(rawValue: EWOULDBLOCK) }
  /// The corresponding C constant is `EDQUOT`.
  public static var quotaExceeded: Errno { Errno(rawValue: EDQUOT) }

  /// Whether a file could not be made since its file system is read-only or full.
  public var deniesNewFiles: Bool { [.readOnlyFileSystem, .noSpace, .quotaExceeded].contains(self) }
}
