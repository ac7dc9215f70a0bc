internal import JSON
internal import Platform

/// One place that an attachment was followed to, and how it looks there.
struct TraceStop: Sendable {
  enum State: String, Sendable {
    /// As it should be.
    case fine
    /// Neither good nor bad, or not used.
    case neutral
    /// Not as it should be.
    case wrong
  }

  let name: String
  let state: State
  /// What is there.
  let text: String
  /// What to run, where something is wrong.
  let remedy: ShellCommand?

  static func fine(_ name: String, _ text: String) -> TraceStop {
    TraceStop(name: name, state: .fine, text: text, remedy: nil)
  }

  static func neutral(_ name: String, _ text: String) -> TraceStop {
    TraceStop(name: name, state: .neutral, text: text, remedy: nil)
  }

  static func wrong(_ name: String, _ text: String, run remedy: ShellCommand) -> TraceStop {
    TraceStop(name: name, state: .wrong, text: text, remedy: remedy)
  }

  var json: JSONValue {
    var object: JSONObject = ["stop": .string(name), "state": .string(state.rawValue), "text": .string(text)]
    object["remedy"] = remedy.map { .string("\($0)") }
    return .object(object)
  }
}
