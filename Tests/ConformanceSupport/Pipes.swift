internal import CConformanceSupport
internal import Glibc

/// The three pipes of a program, and the loop that serves them without one side waiting for the other.
struct Pipes: Sendable {
  /// Both ends of a pipe; close-on-exec.
  struct Pipe: Sendable {
    let reading: Int32
    let writing: Int32

    init() throws {
      var ends: [Int32] = [-1, -1]
      try check("pipe", unsafe conformance_pipe(&ends))
      (reading, writing) = (ends[0], ends[1])
    }
  }

  /// What a program wrote.
  struct Outcome {
    var output: [UInt8] = []
    var errors: [UInt8] = []
    var isTimedOut = false
  }

  let input: Pipe
  let output: Pipe
  let errors: Pipe

  init() throws {
    input = try Pipe()
    output = try Pipe()
    errors = try Pipe()
  }

  /// Only the program may hold its ends, or the end of its output would never be seen.
  func closeChildEnds() {
    close(input.reading)
    close(output.writing)
    close(errors.writing)
  }

  /// Writes `bytes` and reads until both outputs have ended, or the time is over.
  func exchange(feeding bytes: [UInt8]?, seconds: Int) -> Outcome {
    var outcome = Outcome()
    var rest = (bytes ?? [])[...]
    var open = [
      input.writing: bytes.map { !$0.isEmpty } ?? false, output.reading: true, errors.reading: true,
    ]
    // `nil` means a stdin that stays open and silent.
    var closesInput = bytes != nil
    if closesInput, rest.isEmpty {
      close(input.writing)
      closesInput = false
    } else {
      _ = fcntl(input.writing, F_SETFL, O_NONBLOCK)
    }
    let end = time(nil) + seconds
    while open[output.reading] == true || open[errors.reading] == true {
      let watched = open.filter(\.value).keys.sorted()
      var polled = watched.map { descriptor in
        pollfd(
          fd: descriptor, events: Int16(descriptor == input.writing ? POLLOUT : POLLIN), revents: 0)
      }
      let left = end - time(nil)
      guard left > 0, unsafe poll(&polled, nfds_t(polled.count), Int32(left * 1000)) != 0 else {
        outcome.isTimedOut = true
        break
      }
      for entry in polled where entry.revents != 0 {
        switch entry.fd {
        case input.writing:
          if !feed(&rest) {
            open[input.writing] = false
            close(input.writing)
            closesInput = false
          }
        case output.reading: open[entry.fd] = receive(entry.fd, &outcome.output)
        default: open[entry.fd] = receive(entry.fd, &outcome.errors)
        }
      }
    }
    if closesInput || bytes == nil { close(input.writing) }
    close(output.reading)
    close(errors.reading)
    return outcome
  }

  /// Writes as much as the pipe takes; `false` when there is no more to write.
  private func feed(_ rest: inout ArraySlice<UInt8>) -> Bool {
    let count = unsafe rest.withUnsafeBytes { unsafe write(input.writing, $0.baseAddress, $0.count) }
    if count < 0 { return errno == EAGAIN || errno == EINTR }
    rest = rest.dropFirst(count)
    return !rest.isEmpty
  }

  /// Reads what is there; `false` at the end.
  private func receive(_ descriptor: Int32, _ bytes: inout [UInt8]) -> Bool {
    var buffer = [UInt8](repeating: 0, count: 65536)
    let count = unsafe buffer.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
    if count < 0 { return errno == EAGAIN || errno == EINTR }
    bytes += buffer.prefix(count)
    return count > 0
  }
}
