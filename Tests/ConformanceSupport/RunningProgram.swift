internal import Glibc

/// A program that runs beside the test; killed with the value at the latest.
public final class RunningProgram: Sendable {
  /// The process number.
  public let processID: Int32
  /// The test's ends of the program's stdin, stdout and stderr.
  private let pipes: Pipes?

  /// Starts a program in the calling thread's namespace, silent and without input unless `redirects`.
  public init(
    _ executable: String, _ arguments: [String], environment: [String: String] = Program.environment,
    redirects: Bool = false
  ) throws {
    // A program that ends before it has read its stdin must not end the tests.
    _ = signal(SIGPIPE, SIG_IGN)
    var actions = unsafe posix_spawn_file_actions_t()
    var attributes = posix_spawnattr_t()
    unsafe posix_spawn_file_actions_init(&actions)
    unsafe posix_spawnattr_init(&attributes)
    defer {
      unsafe posix_spawn_file_actions_destroy(&actions)
      unsafe posix_spawnattr_destroy(&attributes)
    }
    let pipes = redirects ? try Pipes() : nil
    if let pipes {
      unsafe posix_spawn_file_actions_adddup2(&actions, pipes.input.reading, STDIN_FILENO)
      unsafe posix_spawn_file_actions_adddup2(&actions, pipes.output.writing, STDOUT_FILENO)
      unsafe posix_spawn_file_actions_adddup2(&actions, pipes.errors.writing, STDERR_FILENO)
    } else {
      for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] {
        unsafe posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_RDWR, 0)
      }
    }
    var defaults = sigset_t()
    unsafe sigemptyset(&defaults)
    unsafe sigaddset(&defaults, SIGPIPE)
    unsafe posix_spawnattr_setsigdefault(&attributes, &defaults)
    // Threads of the test runner block signals, and whoever they start would inherit that: timeout(1) never hears its
    // own alarm then.
    var mask = sigset_t()
    unsafe sigemptyset(&mask)
    unsafe posix_spawnattr_setsigmask(&attributes, &mask)
    unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
    var child: pid_t = 0
    let variables = environment.map { "\($0.key)=\($0.value)" }
    let status = unsafe withCStrings([executable] + arguments) { arguments in
      unsafe withCStrings(variables) { variables in
        unsafe posix_spawnp(&child, executable, &actions, &attributes, arguments, variables)
      }
    }
    guard status == 0 else { throw SupportError("cannot start \(executable): error \(status)") }
    pipes?.closeChildEnds()
    processID = child
    self.pipes = pipes
  }

  deinit { kill() }

  /// Kills the program and waits for its end; one that has ended is left alone.
  public func kill() {
    guard waitpid(processID, nil, WNOHANG) == 0 else { return }
    _ = Glibc.kill(processID, SIGKILL)
    _ = waitpid(processID, nil, 0)
  }

  /// Sends SIGKILL and leaves the waiting to somebody else.
  func terminate() { _ = Glibc.kill(processID, SIGKILL) }

  /// Feeds stdin, collects the output and waits for the end.
  func finish(feeding input: [UInt8]?, seconds: Int, command: String) -> Completion {
    let outcome = pipes?.exchange(feeding: input, seconds: seconds)
    if outcome?.isTimedOut ?? false { _ = Glibc.kill(processID, SIGKILL) }
    var status: Int32 = 0
    while unsafe waitpid(processID, &status, 0) < 0, errno == EINTR {}
    return Completion(
      command: command, status: status & 0x7F == 0 ? status >> 8 & 0xFF : nil,
      output: outcome?.output ?? [], errors: String(decoding: outcome?.errors ?? [], as: UTF8.self),
      isTimedOut: outcome?.isTimedOut ?? false)
  }
}

extension Namespace {
  /// Starts a program inside of the namespace that runs beside the test, silent and without input.
  public func start(_ executable: String, _ arguments: [String]) throws -> RunningProgram {
    try run { try RunningProgram(executable, arguments) }
  }
}

/// Calls `body` with a null-terminated array of C strings that live as long as the call.
private func withCStrings<Value>(
  _ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Value
) -> Value {
  let pointers = unsafe strings.map { unsafe strdup($0) }
  defer { unsafe pointers.forEach { unsafe free($0) } }
  return unsafe body(pointers + [nil])
}
