internal import CLibC

/// A wait for a lock that its caller may come not to need: somebody else can have done meanwhile what it is for.
///
/// As long as others share a lock without a break nobody has it alone. So the caller waits for ``slice``, looks whether
/// it still needs the lock, and waits on until ``isOver``.
public struct LockWait: Sendable {
  /// How long the lock is waited for between two looks, in milliseconds.
  public static let slice = 20

  private let start = MonotonicInstant.now()

  /// Begins now.
  public init() {}

  /// Whether other processes have been waited for long enough.
  public var isOver: Bool {
    MonotonicInstant.now().microseconds(since: start) >= OwnedDescriptor.lockPatience * 1_000_000
  }
}

extension OwnedDescriptor {
  /// How a file is locked; the lock is advisory and ends with the descriptor (flock(2)).
  public enum Lock: Sendable {
    /// Together with others that share it.
    case shared
    /// Alone.
    case exclusive

    fileprivate var operation: Int32 { self == .shared ? LOCK_SH : LOCK_EX }
  }

  /// How long other processes are waited for, in seconds.
  ///
  /// What is done under a lock takes milliseconds. But flock(2) is not fair: on a busy node, where a hundred pods start at
  /// once, the last one waits for many.
  public static let lockPatience = 20

  /// Takes a lock if nobody is in the way.
  /// - Returns: whether the lock was had.
  /// - Throws: the `Errno` of flock(2).
  public func tryLock(_ lock: Lock) throws(Errno) -> Bool {
    do throws(Errno) {
      _ = try retrying { flock(descriptor.rawValue, lock.operation | LOCK_NB) }
      return true
    } catch .wouldBlock {
      return false
    }
  }

  /// As ``lock(_:within:)``, by asking again and again, for programs with threads: a signal would reach any of them.
  public func lockByAsking(_ lock: Lock, within seconds: Int = lockPatience) throws(Errno) -> Bool {
    let start = MonotonicInstant.now()
    while try !tryLock(lock) {
      if MonotonicInstant.now().microseconds(since: start) >= seconds * 1_000_000 { return false }
      pause(milliseconds: 2)
    }
    return true
  }

  /// Takes a lock, waiting for `seconds` at most.
  ///
  /// A timer's signal ends the wait (flock(2) has no time limit), so that it is for programs without threads.
  /// - Returns: whether the lock was had.
  /// - Throws: the `Errno` of flock(2).
  public func lock(_ lock: Lock, within seconds: Int = lockPatience) throws(Errno) -> Bool {
    try self.lock(lock, milliseconds: seconds * 1000)
  }

  /// As ``lock(_:within:)``, with a limit in milliseconds.
  public func lock(_ lock: Lock, milliseconds: Int) throws(Errno) -> Bool {
    if try tryLock(lock) { return true }
    let start = MonotonicInstant.now()
    let timer = try RepeatingAlarm(milliseconds: min(milliseconds, 250))
    defer { timer.stop() }
    while flock(descriptor.rawValue, lock.operation) != 0 {
      guard errno == EINTR else { throw Errno(rawValue: errno) }
      if MonotonicInstant.now().microseconds(since: start) >= milliseconds * 1000 { return false }
    }
    return true
  }

  /// Gives the lock up.
  /// - Throws: the `Errno` of flock(2).
  public func unlock() throws(Errno) {
    _ = try retrying { flock(descriptor.rawValue, LOCK_UN) }
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
