internal import CLibC

/// Runs another program to its end, with input and output in memory.
///
/// No threads: one poll loop feeds stdin and collects stdout, so that neither side waits for the other.
public struct Subprocess: Sendable {
  /// How the program ended, and what it wrote.
  public struct Outcome: Sendable, Hashable {
    /// Why the program ended.
    public enum End: Sendable, Hashable {
      /// It returned this status.
      case exited(Int32)
      /// This signal killed it.
      case killed(Int32)
      /// It was still running when its time was over, and was killed with all that it had started.
      case timedOut
      /// It wrote more than may be kept, and was killed likewise.
      case wroteTooMuch
    }

    /// Why it ended.
    public var end: End
    /// What it wrote to stdout; stderr is the caller's own.
    public var output: [UInt8]
  }

  /// The path of the program.
  public let executable: String
  /// Its whole environment.
  public let environment: Environment
  /// Its whole stdin.
  public let input: [UInt8]
  /// After so many seconds it is killed.
  public let timeLimit: Int
  /// A program that writes more than this, in bytes, is killed.
  public let maximumOutput: Int

  /// Describes a run.
  public init(
    executable: String, environment: Environment, input: [UInt8], timeLimit: Int, maximumOutput: Int = 4 << 20
  ) {
    self.executable = executable
    self.environment = environment
    self.input = input
    self.timeLimit = timeLimit
    self.maximumOutput = maximumOutput
  }

  /// Runs the program to its end, or to the end of its time.
  ///
  /// The time is one for the output and for the program, whatever it does with its descriptors: it may close
  /// stdout and go on, or leave stdout to a child that never ends.
  /// - Throws: the `Errno` of pipe2(2) or posix_spawn(3); `ETXTBSY` while somebody still writes the file.
  public func run() throws(Errno) -> Outcome {
    ProcessOutput.surviveLostReaders()
    let toChild = try Pipe()
    let fromChild = try Pipe()
    let deadline = Deadline(seconds: timeLimit)
    var child = ChildProcess(try spawn(input: toChild.reading, output: fromChild.writing))
    // Only the child may hold its ends, or the end of file would never come.
    var exchange = PipeExchange(input: toChild.keepWriting(), output: fromChild.keepReading())
    let stop = exchange.run(feeding: input, limit: maximumOutput, until: deadline) { child.hasEnded() }
    if stop == .tooMuchOutput {
      child.kill()
      return Outcome(end: .wroteTooMuch, output: [])
    }
    guard let end = child.end(by: deadline) else {
      child.kill()
      return Outcome(end: .timedOut, output: exchange.received)
    }
    return Outcome(end: end, output: exchange.received)
  }

  /// The child leads a process group of its own, so that its time limit reaches its children too.
  private func spawn(
    input: borrowing OwnedDescriptor, output: borrowing OwnedDescriptor
  ) throws(Errno) -> pid_t {
    var actions = unsafe posix_spawn_file_actions_t()
    var attributes = posix_spawnattr_t()
    unsafe posix_spawn_file_actions_init(&actions)
    unsafe posix_spawnattr_init(&attributes)
    defer {
      unsafe posix_spawn_file_actions_destroy(&actions)
      unsafe posix_spawnattr_destroy(&attributes)
    }
    unsafe posix_spawn_file_actions_adddup2(&actions, input.descriptor.rawValue, STDIN_FILENO)
    unsafe posix_spawn_file_actions_adddup2(&actions, output.descriptor.rawValue, STDOUT_FILENO)
    var defaults = sigset_t()
    unsafe sigemptyset(&defaults)
    unsafe sigaddset(&defaults, SIGPIPE)
    unsafe posix_spawnattr_setsigdefault(&attributes, &defaults)
    unsafe posix_spawnattr_setpgroup(&attributes, 0)
    // No signal blocked, whatever the caller's thread blocks.
    var mask = sigset_t()
    unsafe sigemptyset(&mask)
    unsafe posix_spawnattr_setsigmask(&attributes, &mask)
    unsafe posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
    var child: pid_t = 0
    let status = unsafe withCStrings([Array(executable.utf8)]) { arguments in
      unsafe withCStrings(environment.entries) { entries in
        unsafe posix_spawn(&child, executable, &actions, &attributes, arguments, entries)
      }
    }
    guard status == 0 else { throw Errno(rawValue: status) }
    return child
  }
}

/// Calls `body` with a null-terminated array of C strings that live as long as the call.
private func withCStrings<Value>(
  _ strings: [[UInt8]], _ body: ([UnsafeMutablePointer<CChar>?]) -> Value
) -> Value {
  let pointers = unsafe strings.map { string in
    unsafe (string + [0]).withUnsafeBytes { bytes in
      unsafe bytes.assumingMemoryBound(to: CChar.self).baseAddress.flatMap { unsafe strdup($0) }
    }
  }
  defer { unsafe pointers.forEach { unsafe free($0) } }
  return unsafe body(pointers + [nil])
}

/// A child that leads a process group, until it has been waited for.
struct ChildProcess {
  private let number: pid_t
  private var ending: Subprocess.Outcome.End?

  init(_ number: pid_t) { self.number = number }

  /// Whether it has ended by now.
  mutating func hasEnded() -> Bool {
    guard ending == nil else { return true }
    var status: Int32 = 0
    let answer = unsafe waitpid(number, &status, WNOHANG)
    if answer == number {
      let signal = status & 0x7F
      ending = signal == 0 ? .exited(status >> 8 & 0xFF) : .killed(signal)
    } else if answer < 0, errno != EINTR {
      // Somebody else has waited for it, or ignores SIGCHLD: how it ended cannot be known.
      ending = .exited(-1)
    }
    return ending != nil
  }

  /// How it ended; `nil` when it still runs at the deadline.
  ///
  /// A child that has closed its output is about to end, as a rule: the first looks come soon.
  mutating func end(by deadline: Deadline) -> Subprocess.Outcome.End? {
    var microseconds = 50
    while !hasEnded() {
      guard deadline.milliseconds > 0 else { return nil }
      pause(microseconds: microseconds)
      microseconds = min(2 * microseconds, 20_000)
    }
    return ending
  }

  /// Kills it with all that it has started and that did not leave its group, and waits for it.
  mutating func kill() {
    guard !hasEnded() else { return }
    // The child too: it may have gone into another group.
    for target in [-number, number] { _ = CLibC.kill(target, SIGKILL) }
    // A process that sleeps in the kernel dies when it wakes up: nobody waits for that.
    _ = end(by: Deadline(seconds: 1))
  }
}

/// A moment until which something may take.
struct Deadline {
  private let start = MonotonicInstant.now()
  private let limit: Int

  init(seconds: Int) { limit = seconds * 1_000_000 }

  /// The milliseconds that are left, rounded up; 0 when it has come.
  var milliseconds: Int {
    max(0, (limit - MonotonicInstant.now().microseconds(since: start)).dividedUp(by: 1000))
  }
}
