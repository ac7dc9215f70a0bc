public import SystemPackage

/// A file descriptor with one owner, closed when the owner goes.
///
/// Everything that opens one sets close-on-exec, so that no delegate inherits it.
public struct OwnedDescriptor: ~Copyable {
  /// The descriptor; valid as long as its owner lives.
  public let descriptor: FileDescriptor

  /// Takes over a descriptor that nobody else closes.
  public init(owning descriptor: FileDescriptor) { self.descriptor = descriptor }

  /// Opens a path, close-on-exec.
  /// - Throws: the `Errno` of open(2).
  public init(
    opening path: String, _ mode: FileDescriptor.AccessMode, options: FileDescriptor.OpenOptions = [],
    permissions: FilePermissions? = nil
  ) throws(Errno) {
    descriptor = try typed {
      try FileDescriptor.open(
        FilePath(path), mode, options: options.union(.closeOnExec), permissions: permissions)
    }
  }

  deinit { try? descriptor.close() }

  /// Reads to the end.
  /// - Throws: the `Errno` of read(2); `EFBIG` when there is more than `limit` bytes.
  public func readAll(limit: Int) throws(Errno) -> [UInt8] { try descriptor.readToEnd(limit: limit) }

  /// Writes all bytes, however many writes that takes.
  /// - Throws: the `Errno` of write(2).
  public func writeAll(_ bytes: [UInt8]) throws(Errno) {
    _ = try typed { try descriptor.writeAll(bytes) }
  }
}

extension FileDescriptor {
  /// Reads to the end.
  /// - Throws: the `Errno` of read(2); `EFBIG` when there is more than `limit` bytes.
  func readToEnd(limit: Int) throws(Errno) -> [UInt8] {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 16384)
    while true {
      let count = try typed {
        try unsafe buffer.withUnsafeMutableBytes { buffer in try unsafe read(into: buffer) }
      }
      guard count > 0 else { return bytes }
      guard bytes.count + count <= limit else { throw .fileTooLarge }
      bytes += buffer[..<count]
    }
  }
}

/// swift-system throws nothing but `Errno`, yet says `any Error`; this gives the type back.
func typed<Value>(_ body: () throws -> Value) throws(Errno) -> Value {
  do {
    return try body()
  } catch let error as Errno {
    throw error
  } catch {
    throw .ioError
  }
}
