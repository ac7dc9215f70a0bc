/// What a runtime asks for in CNI_COMMAND (CNI SPEC 1.1.0, section 2).
package enum Command: String, Sendable, CaseIterable {
  case add = "ADD"
  case delete = "DEL"
  case check = "CHECK"
  case gc = "GC"
  case status = "STATUS"
  case version = "VERSION"

  /// The environment variables that the command cannot do without.
  var requiredVariables: [String] {
    switch self {
    case .add, .check: ["CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME"]
    case .delete: ["CNI_CONTAINERID", "CNI_IFNAME"]
    case .gc, .status, .version: []
    }
  }

  /// Whether the command must make progress whatever else is wrong with what it is given: it reads what it needs,
  /// and takes anything else that cannot be read for absent. Configurations change while pods run.
  package var isLenient: Bool { self == .delete }

  /// The first version of the specification that has the command.
  var firstVersion: SpecVersion {
    switch self {
    case .add, .delete, .version: .v0_1_0
    case .check: .v0_4_0
    case .gc, .status: .v1_1_0
    }
  }
}
