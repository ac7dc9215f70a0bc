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

/// Where a process answers to.
public protocol OutputSink {
  /// Hands the answer over.
  /// - Throws: the `Errno` of write(2); then nobody may count on what was answered.
  func write(_ answer: [UInt8]) throws(Errno)
  /// Tells people something; there is nobody to tell when that fails.
  func remark(_ text: String)
}

/// stdout and stderr of a process that answers once.
public struct ProcessOutput: OutputSink {
  /// The streams of this process, which are open from now on.
  ///
  /// A caller may start the process without some of them. The next file that is opened would get such a number: the
  /// answer would go into a lock file, or to the kernel. Each gets a file that refuses to be used.
  public init() {
    for (number, mode) in [(STDIN_FILENO, O_WRONLY), (STDOUT_FILENO, O_RDONLY), (STDERR_FILENO, O_RDONLY)]
    where fcntl(number, F_GETFD) < 0 && errno == EBADF {
      // The least number that is free is this one: those below are open.
      _ = unsafe open("/dev/null", mode)
    }
  }

  /// Writes all of the answer to stdout; a pipe that is full for the moment is waited for.
  /// - Throws: the `Errno` of write(2): `EPIPE` when the reader has gone away.
  public func write(_ answer: [UInt8]) throws(Errno) {
    Self.surviveLostReaders()
    var rest = answer[...]
    while !rest.isEmpty {
      do throws(Errno) {
        let count = try retrying {
          unsafe rest.withUnsafeBytes { unsafe writeOnce(STDOUT_FILENO, $0) }
        }
        rest = rest.dropFirst(count)
      } catch .resourceTemporarilyUnavailable {
        var writable = pollfd(fd: STDOUT_FILENO, events: Int16(POLLOUT), revents: 0)
        _ = unsafe poll(&writable, 1, -1)
      }
    }
  }

  /// Writes to stderr.
  public func remark(_ text: String) {
    Self.surviveLostReaders()
    try? FileDescriptor.standardError.writeToEnd(Array(text.utf8))
  }

  /// Ends the process.
  public static func end(status: Int32) -> Never { exit(status) }

  /// Writes what people asked for to stdout, remarks to stderr, and ends the process.
  ///
  /// A reader that has gone away has read what it wanted; any other failure is one of the process.
  public static func finish(output: [UInt8], remarks: String, status: Int32) -> Never {
    let streams = ProcessOutput()
    var status = status
    do throws(Errno) { try streams.write(output) } catch  where error != .brokenPipe {
      streams.remark("cannot write to stdout: \(error)\n")
      status = max(status, 1)
    } catch {}
    streams.remark(remarks)
    end(status: status)
  }

  /// Makes writing to a pipe that nobody reads an error (EPIPE) instead of the end of the process.
  ///
  /// For good: how a signal is taken belongs to the whole process.
  static func surviveLostReaders() { clibc_ignore_signal(SIGPIPE) }
}

private func writeOnce(_ number: CInt, _ bytes: UnsafeRawBufferPointer) -> Int {
  unsafe write(number, bytes.baseAddress, bytes.count)
}

/// Standard error of a process that goes on writing.
public enum ErrorOutput {
  /// Writes at once. A text that cannot be written is lost, since there is nowhere to say so.
  public static func write(_ bytes: [UInt8]) {
    try? FileDescriptor.standardError.writeToEnd(bytes)
  }
}

/// Standard output of a process that goes on writing.
public enum Output {
  /// Writes at once. A reader that goes away ends the process by SIGPIPE, as it should.
  public static func write(_ bytes: [UInt8]) {
    try? FileDescriptor.standardOutput.writeToEnd(bytes)
  }
}

/// The terminal that a person sits at.
public enum Terminal {
  /// The width of the terminal at the standard output; `nil` when that is none.
  public static func outputColumns() -> Int? {
    guard isatty(STDOUT_FILENO) == 1 else { return nil }
    let columns = clibc_columns(STDOUT_FILENO)
    return columns > 0 ? Int(columns) : 80
  }
}
