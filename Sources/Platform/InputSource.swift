public import SystemPackage

#if canImport(Musl)
  internal import Musl
#else
  internal import Glibc
#endif

/// Where a process's input comes from.
public protocol InputSource {
  /// Reads to the end.
  /// - Throws: the `Errno` of read(2); `EFBIG` beyond `limit` bytes.
  func readAll(limit: Int) throws(Errno) -> [UInt8]
  /// What can be read at once, without waiting for anybody.
  func readAvailable() -> [UInt8]
}

/// The process's standard input, which may be a terminal, or a pipe that nobody closes.
public struct StandardInput: InputSource {
  /// The input of this process.
  public init() {}

  /// Reads to the end.
  /// - Throws: the `Errno` of read(2); `EFBIG` beyond `limit` bytes.
  public func readAll(limit: Int) throws(Errno) -> [UInt8] {
    try FileDescriptor.standardInput.readToEnd(limit: limit)
  }

  /// What can be read at once.
  public func readAvailable() -> [UInt8] {
    var poll = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
    var buffer = [UInt8](repeating: 0, count: 4096)
    guard unsafe Glibc.poll(&poll, 1, 0) == 1 else { return [] }
    let count = unsafe read(STDIN_FILENO, &buffer, buffer.count)
    return count > 0 ? Array(buffer[..<count]) : []
  }
}
