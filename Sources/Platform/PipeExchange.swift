internal import CLibC

/// Feeds one pipe and collects from another until the other side has closed both.
struct PipeExchange: ~Copyable {
  private var input: OwnedDescriptor?
  private let output: OwnedDescriptor
  /// What has been collected.
  private(set) var received: [UInt8] = []

  init(input: consuming OwnedDescriptor, output: consuming OwnedDescriptor) {
    // Never wait in write(2) for a child that itself waits for its output to be read.
    _ = fcntl(input.descriptor.rawValue, F_SETFL, O_NONBLOCK)
    self.input = consume input
    self.output = output
  }

  /// Why an exchange stopped.
  enum Stop {
    /// Nothing more can come: the output is closed, or its writer has ended.
    case end
    /// The time is over.
    case deadline
    /// More was written than is kept.
    case tooMuchOutput
  }

  /// How often it is looked whether the writer has ended and left its output to somebody else, in milliseconds.
  private static let look = 100

  /// Runs to the end of the output.
  ///
  /// - Parameter hasEnded: whether the program has ended. Its children may hold the output open for as long as they
  ///   like; what the program wrote is there by then.
  mutating func run(
    feeding bytes: [UInt8], limit: Int, until deadline: Deadline, hasEnded: () -> Bool
  ) -> Stop {
    var rest = bytes[...]
    while received.count <= limit {
      let left = deadline.milliseconds
      guard left > 0 else { return .deadline }
      let writer = input?.descriptor.rawValue ?? -1
      var polled = [
        pollfd(fd: output.descriptor.rawValue, events: Int16(POLLIN), revents: 0),
        pollfd(fd: writer, events: Int16(POLLOUT), revents: 0),
      ]
      let ready = unsafe poll(&polled, 2, Int32(clamping: min(left, Self.look)))
      guard ready >= 0 || errno == EINTR else { return .deadline }
      if ready == 0, hasEnded() { return drain(limit) }
      guard ready > 0 else { continue }
      if polled[1].revents != 0 { feed(&rest) }
      if polled[0].revents != 0, !collect() { return .end }
    }
    return .tooMuchOutput
  }

  /// Collects what is in the pipe.
  private mutating func drain(_ limit: Int) -> Stop {
    var polled = pollfd(fd: output.descriptor.rawValue, events: Int16(POLLIN), revents: 0)
    while received.count <= limit {
      guard unsafe poll(&polled, 1, 0) > 0, collect() else { return .end }
    }
    return .tooMuchOutput
  }

  /// Writes what the pipe takes; closes it at the end, or when nobody reads any more.
  private mutating func feed(_ rest: inout ArraySlice<UInt8>) {
    guard let writer = input?.descriptor.rawValue else { return }
    let count = unsafe rest.withUnsafeBytes { unsafe write(writer, $0.baseAddress, $0.count) }
    if count > 0 { rest = rest.dropFirst(count) }
    if rest.isEmpty || (count < 0 && errno != EAGAIN && errno != EINTR) { input = nil }
  }

  /// Reads what is there; `false` at the end.
  private mutating func collect() -> Bool {
    var buffer = [UInt8](repeating: 0, count: 16384)
    let count = unsafe read(output.descriptor.rawValue, &buffer, buffer.count)
    if count > 0 { received += buffer[..<count] }
    return count > 0 || (count < 0 && (errno == EAGAIN || errno == EINTR))
  }
}

/// Both ends of a pipe, close-on-exec.
struct Pipe: ~Copyable {
  let reading: OwnedDescriptor
  let writing: OwnedDescriptor

  /// Makes a pipe.
  /// - Throws: the `Errno` of pipe(2).
  init() throws(Errno) {
    var ends: [CInt] = [-1, -1]
    guard unsafe pipe(&ends) == 0 else { throw Errno(rawValue: errno) }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    reading = OwnedDescriptor(owning: FileDescriptor(rawValue: ends[0]))
    writing = OwnedDescriptor(owning: FileDescriptor(rawValue: ends[1]))
  }

  /// Closes the writing end.
  consuming func keepReading() -> OwnedDescriptor { reading }

  /// Closes the reading end.
  consuming func keepWriting() -> OwnedDescriptor { writing }
}
