/// Why an agent does not run.
public struct AgentRefusal: Error, Sendable, CustomStringConvertible {
  /// What happened, and what to do.
  public let problem: String
  /// The status that the process ends with (sysexits.h where one fits).
  public let exitStatus: Int32

  init(_ problem: String, exitStatus: Int32 = 1) {
    self.problem = problem
    self.exitStatus = exitStatus
  }

  /// One line.
  public var description: String { problem }
}
