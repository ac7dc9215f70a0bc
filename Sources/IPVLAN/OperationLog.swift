package import CNI
package import JSON
internal import Netlink
package import Platform

/// The log of operations: one JSON line each, with the time that every step took.
///
/// It goes to `logFile` and never to stdout. A log that cannot be written never fails an operation. One object serves
/// every part of an operation.
package final class OperationLog {
  /// The keys `logFile` and `logLevel`.
  package struct Configuration: Sendable, Hashable {
    /// Where lines are appended; `nil` writes none.
    let file: String?
    let level: Level

    /// No log at all.
    static let none = Configuration(file: nil, level: .info)

    private init(file: String?, level: Level) {
      self.file = file
      self.level = level
    }

    /// Reads the keys.
    /// - Throws: ``JSONFieldError`` for a relative path or an unknown level.
    package init(_ fields: JSONFields) throws(JSONFieldError) {
      file = try fields.absolutePath("logFile")
      level = try fields.parsed("logLevel", "error, info or debug", Level.init) ?? .info
    }
  }

  /// Starts with the keys as far as they can be used: a broken configuration must not stop DEL, and is logged too.
  package convenience init(lenient fields: JSONFields, start: MonotonicInstant) {
    self.init((try? Configuration(fields)) ?? .none, start: start)
  }

  /// How much is written: `error` only failures, `debug` also what the kernel was asked.
  enum Level: String, CaseIterable, Sendable { case error, info, debug }

  private let configuration: Configuration
  private let start: MonotonicInstant
  private var lastStep: MonotonicInstant
  private var steps = JSONObject()
  private var notes: [JSONValue] = []

  /// Starts the clock; `start` is when the process began its work.
  init(_ configuration: Configuration, start: MonotonicInstant) {
    self.configuration = configuration
    self.start = start
    lastStep = start
    if configuration.level == .debug, configuration.file != nil { NetlinkRecord.begin() }
  }

  /// A log that is written nowhere, for what operators run.
  package static func discarding() -> OperationLog { OperationLog(.none, start: .now()) }

  /// Ends a step: the time since the one before counts for it, in microseconds.
  package func endStep(_ name: String) {
    guard configuration.file != nil else { return }
    let now = MonotonicInstant.now()
    steps[name] = .int(now.microseconds(since: lastStep) + (steps[name]?.int ?? 0))
    lastStep = now
  }

  /// Adds a remark about something that did not stop the operation.
  package func note(_ text: String) { notes.append(.string(text)) }

  /// Writes the line. The rest of the time counts for the step "finish": the result, and the line itself.
  package func finish(_ request: Request, error: CNIError?) {
    guard let file = configuration.file, error != nil || configuration.level != .error else { return }
    var line: JSONObject = [
      "time": .string(WallClock.now().description),
      "command": .string(request.command.rawValue),
      "network": .string(request.configuration.name),
      "containerID": .string(request.containerID),
      "ifname": .string(request.ifname),
    ]
    line["netns"] = request.netns.map(JSONValue.string)
    if let namespace = request.arguments["K8S_POD_NAMESPACE"], let name = request.arguments["K8S_POD_NAME"] {
      line["pod"] = .string("\(namespace)/\(name)")
    }
    if let error {
      line["code"] = .int(error.code.rawValue)
      line["error"] = .string(error.message)
      line["details"] = error.details.isEmpty ? nil : .string(error.details)
    }
    if !notes.isEmpty { line["notes"] = .array(notes) }
    if configuration.level == .debug {
      line["kernel"] = .array(NetlinkRecord.operations.map(JSONValue.string))
    }
    endStep("finish")
    line["microseconds"] = .int(lastStep.microseconds(since: start))
    line["steps"] = .object(steps)
    // One write of a file opened for appending: lines of processes that run at once do not mix.
    try? Files.append(JSONValue.object(line).serialized() + [0x0A], to: file)
  }
}
