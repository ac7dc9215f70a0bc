internal import CLibC

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
