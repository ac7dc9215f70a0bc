internal import CLibC

/// Where a process's input comes from.
public protocol InputSource {
  /// Reads to the end.
  /// - Throws: the `Errno` of read(2); `EFBIG` beyond `limit` bytes.
  func readAll(limit: Int) throws(Errno) -> [UInt8]
  /// What comes before the end or within a moment, for input that may as well never come.
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

  /// What comes before the end or within 100 ms.
  ///
  /// A runtime starts the plugin first and writes then; a person at a terminal writes nothing.
  public func readAvailable() -> [UInt8] {
    let start = MonotonicInstant.now()
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while bytes.count < 1 << 20 {
      let left = 100 - MonotonicInstant.now().microseconds(since: start) / 1000
      var waiting = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
      guard left > 0, unsafe poll(&waiting, 1, Int32(left)) == 1 else { break }
      let count = unsafe read(STDIN_FILENO, &buffer, buffer.count)
      guard count > 0 else { break }
      bytes += buffer[..<count]
    }
    return bytes
  }
}
