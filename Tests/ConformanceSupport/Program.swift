internal import Glibc
internal import Platform

/// How a program ended, and what it said.
public struct Completion: Sendable, CustomStringConvertible {
  /// What was run, for messages.
  public let command: String
  /// The exit status; `nil` when a signal ended it.
  public let status: Int32?
  /// What it wrote to stdout.
  public let output: [UInt8]
  /// What it wrote to stderr.
  public let errors: String
  /// Whether it was killed since its time was over.
  public let isTimedOut: Bool

  /// Whether it returned 0.
  public var isSuccess: Bool { status == 0 }
  /// stdout as text.
  public var text: String { String(decoding: output, as: UTF8.self) }

  /// Everything about the run, for a failed expectation.
  public var description: String {
    let end = isTimedOut ? "timed out" : status.map { "status \($0)" } ?? "killed by a signal"
    return "\(command): \(end)\nstdout: \(text)\nstderr: \(errors)"
  }

  /// Throws unless the program returned 0.
  @discardableResult
  public func mustSucceed() throws -> Completion {
    guard isSuccess else { throw SupportError(description) }
    return self
  }
}

/// A program with its whole environment and stdin, as a runtime starts a plugin.
public struct Program: Sendable {
  /// What every program gets unless a test says otherwise.
  public static let environment = ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"]

  let executable: String
  let arguments: [String]
  let environment: [String: String]
  let input: [UInt8]?
  let seconds: Int

  /// Describes a run.
  ///
  /// - Parameters:
  ///   - executable: a path, or a name that is searched for in PATH.
  ///   - input: the whole stdin; `nil` leaves a pipe open that nothing is ever written to.
  ///   - seconds: after so long it is killed.
  public init(
    _ executable: String, _ arguments: [String] = [], environment: [String: String] = Program.environment,
    input: [UInt8]? = [], seconds: Int = 2 * patience
  ) {
    self.executable = executable
    self.arguments = arguments
    self.environment = environment
    self.input = input
    self.seconds = seconds
  }

  /// Runs the program to its end, in a namespace or where the tests run.
  public func run(in namespace: Namespace? = nil) throws -> Completion {
    let start: @Sendable () throws -> RunningProgram = {
      try RunningProgram(executable, arguments, environment: environment, redirects: true)
    }
    let running = try namespace?.run(start) ?? start()
    return running.finish(feeding: input, seconds: seconds, command: command)
  }

  private var command: String { ([executable] + arguments).joined(separator: " ") }
}

/// A variable of the tests' own environment; `nil` when it is not set.
public func environmentVariable(_ name: String) -> String? {
  guard let value = unsafe getenv(name) else { return nil }
  return unsafe String(cString: value)
}
