internal import CLibC

/// A file descriptor with one owner, closed when the owner goes.
///
/// Everything that opens one sets close-on-exec, so that no delegate inherits it.
///
/// A value that cannot be copied may be destroyed after its last use, and a lock is not used while it is held. So
/// `_ = consume lock` stands where it may end: descriptor and lock are kept until there.
public struct OwnedDescriptor: ~Copyable {
  /// The descriptor; valid as long as its owner lives.
  public let descriptor: FileDescriptor

  /// Takes over a descriptor that nobody else closes.
  public init(owning descriptor: FileDescriptor) { self.descriptor = descriptor }

  /// Opens a path, close-on-exec.
  /// - Throws: the `Errno` of open(2).
  public init(
    opening path: String, _ mode: FileDescriptor.AccessMode, options: FileDescriptor.OpenOptions = [],
    permissions: FilePermissions = []
  ) throws(Errno) {
    let flags = mode.rawValue | options.rawValue | O_CLOEXEC
    let number = try retrying { unsafe open(path, flags, permissions.rawValue) }
    descriptor = FileDescriptor(rawValue: CInt(number))
  }

  deinit { _ = close(descriptor.rawValue) }

  /// Reads to the end.
  /// - Throws: the `Errno` of read(2); `EFBIG` when there is more than `limit` bytes.
  public func readAll(limit: Int) throws(Errno) -> [UInt8] { try descriptor.readToEnd(limit: limit) }

  /// Writes all bytes, however many writes that takes.
  /// - Throws: the `Errno` of write(2).
  public func writeAll(_ bytes: [UInt8]) throws(Errno) { try descriptor.writeToEnd(bytes) }

  /// Waits until what was written is on the disk.
  /// - Throws: the `Errno` of fsync(2).
  public func synchronize() throws(Errno) { _ = try retrying { fsync(descriptor.rawValue) } }

  /// Lets programs that are started from now on inherit the descriptor: a lock on it lasts as long as one of them runs.
  /// - Throws: the `Errno` of fcntl(2).
  public func shareWithPrograms() throws(Errno) {
    _ = try retrying { fcntl(descriptor.rawValue, F_SETFD, 0) }
  }
}

extension FileDescriptor {
  /// Reads to the end.
  /// - Throws: the `Errno` of read(2); `EFBIG` when there is more than `limit` bytes.
  func readToEnd(limit: Int) throws(Errno) -> [UInt8] {
    // Configurations and settings fit at once. For what does not there is room for a pod's annotations: memory that nothing
    // is written to costs nothing, and copying does.
    var room = min(4096, limit + 1)
    var bytes = try fill([], room)
    while bytes.count == room, bytes.count <= limit {
      room = min(256 * room, limit + 1)
      bytes = try fill(bytes, room)
    }
    guard bytes.count <= limit else { throw .fileTooLarge }
    return bytes
  }

  /// Bytes with those that follow, up to `room` of them; fewer only at the end.
  private func fill(_ bytes: [UInt8], _ room: Int) throws(Errno) -> [UInt8] {
    var failure: Errno?
    let filled = unsafe [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
      unsafe bytes.withUnsafeBytes { unsafe UnsafeMutableRawBufferPointer(buffer).copyMemory(from: $0) }
      count = bytes.count
      do throws(Errno) {
        while count < room {
          let rest = unsafe UnsafeMutableRawBufferPointer(
            rebasing: UnsafeMutableRawBufferPointer(buffer)[count...])
          let got = try retrying { unsafe readOnce(rawValue, rest) }
          guard got > 0 else { return }
          count += got
        }
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return filled
  }

  /// Writes all bytes, however many writes that takes.
  /// - Throws: the `Errno` of write(2).
  func writeToEnd(_ bytes: [UInt8]) throws(Errno) {
    var written = 0
    while written < bytes.count {
      written += try retrying {
        unsafe bytes[written...].withUnsafeBytes { unsafe writeOnce(rawValue, $0) }
      }
    }
  }
}

/// The result of a system call that answers -1 when it fails; one that a signal cut short is made again.
func retrying<Number: FixedWidthInteger>(_ call: () -> Number) throws(Errno) -> Int {
  while true {
    let result = call()
    if result != -1 { return Int(result) }
    let error = Errno(rawValue: errno)
    guard error == .interrupted else { throw error }
  }
}

private func readOnce(_ number: CInt, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
  unsafe read(number, buffer.baseAddress, buffer.count)
}

private func writeOnce(_ number: CInt, _ bytes: UnsafeRawBufferPointer) -> Int {
  unsafe write(number, bytes.baseAddress, bytes.count)
}

/// Reading and writing at a place of a file, for files that are more than a stream.
extension OwnedDescriptor {
  /// Up to `count` bytes from `offset` on; fewer only at the end of the file.
  /// - Throws: the `Errno` of pread(2).
  public func read(_ count: Int, at offset: Int) throws(Errno) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var filled = 0
    while filled < count {
      let got = try retrying {
        unsafe bytes.withUnsafeMutableBytes { buffer in
          unsafe pread(
            descriptor.rawValue, buffer.baseAddress.map { unsafe $0 + filled }, count - filled,
            off_t(offset + filled))
        }
      }
      guard got > 0 else { return Array(bytes[..<filled]) }
      filled += got
    }
    return bytes
  }

  /// Has the file system keep room for so many bytes of a file that has none yet, where it can: writing them does not fail then for a
  /// full disk.
  /// - Throws: the `Errno` of fstat(2) or fallocate(2).
  public func reserve(_ count: Int) throws(Errno) {
    var status = stat()
    guard unsafe fstat(descriptor.rawValue, &status) == 0 else { throw Errno(rawValue: errno) }
    guard status.st_blocks == 0 else { return }
    do throws(Errno) {
      _ = try retrying { clibc_reserve(descriptor.rawValue, off_t(count)) }
    } catch  where [EOPNOTSUPP, ENOSYS].contains(error.rawValue) {
      return
    }
  }

  /// Writes all bytes from `offset` on.
  /// - Throws: the `Errno` of pwrite(2).
  public func write(_ bytes: [UInt8], at offset: Int) throws(Errno) {
    var written = 0
    while written < bytes.count {
      written += try retrying {
        unsafe bytes[written...].withUnsafeBytes { rest in
          unsafe pwrite(descriptor.rawValue, rest.baseAddress, rest.count, off_t(offset + written))
        }
      }
    }
  }

  /// Sets when the file was changed, as far as the file system can tell moments apart.
  /// - Throws: the `Errno` of futimens(3).
  public func setModified(_ time: FileStatus.Time) throws(Errno) {
    // UTIME_OMIT, a macro that Swift does not see: the time of the last access stays.
    let times = [
      timespec(tv_sec: 0, tv_nsec: (1 << 30) - 2), timespec(tv_sec: time.seconds, tv_nsec: time.nanoseconds),
    ]
    guard unsafe futimens(descriptor.rawValue, times) == 0 else { throw Errno(rawValue: errno) }
  }
}
