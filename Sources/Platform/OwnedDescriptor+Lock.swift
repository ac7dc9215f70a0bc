public import SystemPackage

#if canImport(Musl)
  internal import Musl
#else
  internal import Glibc
#endif

extension OwnedDescriptor {
  /// How a file is locked; the lock is advisory and ends with the descriptor (flock(2)).
  public enum Lock: Sendable {
    /// Together with others that share it.
    case shared
    /// Alone.
    case exclusive

    fileprivate var operation: Int32 { self == .shared ? LOCK_SH : LOCK_EX }
  }

  /// Takes a lock, waiting for as long as another process holds one that does not agree with it.
  ///
  /// Going from shared to exclusive gives the shared lock up first.
  /// - Throws: the `Errno` of flock(2).
  public func lock(_ lock: Lock) throws(Errno) {
    while flock(descriptor.rawValue, lock.operation) != 0 {
      guard errno == EINTR else { throw Errno(rawValue: errno) }
    }
  }

  /// What the file holds from its start.
  /// - Throws: the `Errno` of the step that failed; `EFBIG` beyond `limit` bytes.
  public func content(limit: Int) throws(Errno) -> [UInt8] {
    guard lseek(descriptor.rawValue, 0, SEEK_SET) == 0 else { throw Errno(rawValue: errno) }
    return try readAll(limit: limit)
  }

  /// Replaces what the file holds, in place.
  /// - Throws: the `Errno` of the step that failed.
  public func replaceContent(with bytes: [UInt8]) throws(Errno) {
    guard ftruncate(descriptor.rawValue, 0) == 0, lseek(descriptor.rawValue, 0, SEEK_SET) == 0 else {
      throw Errno(rawValue: errno)
    }
    try writeAll(bytes)
  }
}
