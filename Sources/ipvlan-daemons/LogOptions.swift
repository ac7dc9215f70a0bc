import ArgumentParser
import Daemon
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
      StandardErrorLogHandler(format: self, label: label)
    }
    logger.logLevel = level
    return logger
  }
}

/// Writes a line for each event on the standard error.
struct StandardErrorLogHandler: LogHandler {
  let format: LogFormat
  let label: String
  var metadata: Logger.Metadata = [:]
  var logLevel: Logger.Level = .info

  init(format: LogFormat, label: String) { (self.format, self.label) = (format, label) }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let line = LogLine(
      label: label, level: event.level, message: event.message,
      metadata: metadata.merging(event.metadata ?? [:]) { _, new in new })
    let bytes =
      switch format {
      case .text: Array(line.description.utf8)
      case .json: JSONValue.object(object(line)).serialized()
      }
    ErrorOutput.write(bytes + [0x0A])
  }

  private func object(_ line: LogLine) -> JSONObject {
    var object: JSONObject = [
      "time": .string("\(line.time)"), "level": .string(line.level.rawValue), "logger": .string(label),
      "message": .string(line.message),
    ]
    for (name, value) in line.details where object[name] == nil { object[name] = .string(value) }
    return object
  }
}
