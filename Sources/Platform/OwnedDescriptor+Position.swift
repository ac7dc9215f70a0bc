public import SystemPackage

/// Reading and writing at a place of a file, for files that are more than a stream.
extension OwnedDescriptor {
  /// Up to `count` bytes from `offset` on; fewer only at the end of the file.
  /// - Throws: the `Errno` of pread(2).
  public func read(_ count: Int, at offset: Int) throws(Errno) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var filled = 0
    while filled < count {
      let got = try typed {
        try unsafe bytes.withUnsafeMutableBytes { buffer in
          try unsafe descriptor.read(
            fromAbsoluteOffset: Int64(offset + filled),
            into: UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]))
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
    _ = try typed { try descriptor.writeAll(toAbsoluteOffset: Int64(offset), bytes) }
  }
}
