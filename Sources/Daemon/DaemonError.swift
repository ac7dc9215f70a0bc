/// Why a daemon does not run.
package struct DaemonError: Error, Sendable, CustomStringConvertible {
  /// What happened, and what to do.
  package let problem: String
  /// The status that the process ends with (sysexits.h where one fits).
  package let exitStatus: Int32

  /// A refusal in one line.
  package init(_ problem: String, exitStatus: Int32 = 1) {
    self.problem = problem
    self.exitStatus = exitStatus
  }

  /// One line.
  package var description: String { problem }
}
