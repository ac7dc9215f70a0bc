import ArgumentParser
import JSON
import Logging
import Platform

/// How much is logged.
struct LogLevel: ExpressibleByArgument {
  let level: Logger.Level

  static let info = LogLevel(level: .info)

  private init(level: Logger.Level) { self.level = level }

  init?(argument: String) {
    guard let level = Logger.Level(rawValue: argument) else { return nil }
    self.level = level
  }

  var defaultValueDescription: String { level.rawValue }
}

/// How a line of the log looks.
enum LogFormat: String, ExpressibleByArgument, CaseIterable {
  case text, json

  func logger(_ label: String, level: Logger.Level) -> Logger {
    var logger = Logger(label: label) { label -> any LogHandler in
      self == .json ? JSONLogHandler(label: label) : StreamLogHandler.standardError(label: label)
    }
    logger.logLevel = level
    return logger
  }
}

/// One JSON object a line on the standard error.
struct JSONLogHandler: LogHandler {
  let label: String
  var metadata: Logger.Metadata = [:]
  var logLevel: Logger.Level = .info

  init(label: String) { self.label = label }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    var object: JSONObject = [
      "time": .string("\(WallClock.now())"), "level": .string(event.level.rawValue), "logger": .string(label),
      "message": .string("\(event.message)"),
    ]
    let all = metadata.merging(event.metadata ?? [:]) { _, new in new }
    for (name, value) in all.sorted(by: { $0.key < $1.key }) where object[name] == nil {
      object[name] = .string("\(value)")
    }
    ErrorOutput.write(JSONValue.object(object).serialized() + [0x0A])
  }
}
