/// Why a daemon does not run.
public struct DaemonError: Error, Sendable, CustomStringConvertible {
  /// What happened, and what to do.
  public let problem: String
  /// The status that the process ends with (sysexits.h where one fits).
  public let exitStatus: Int32

  /// A refusal in one line.
  public init(_ problem: String, exitStatus: Int32 = 1) {
    self.problem = problem
    self.exitStatus = exitStatus
  }

  /// One line.
  public var description: String { problem }
}
