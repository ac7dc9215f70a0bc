package import KubernetesClient
package import Logging

/// An event of a daemon's log as people read it: whose, and not of which of our modules.
package struct LogLine: Sendable, CustomStringConvertible {
  package let time: Timestamp
  package let level: Logger.Level
  /// The program.
  package let label: String
  package let message: String
  /// What is said beside the message, by name.
  package let details: [(name: String, value: String)]

  package init(
    label: String, level: Logger.Level, message: Logger.Message, metadata: Logger.Metadata,
    at time: Timestamp = .now()
  ) {
    (self.label, self.level, self.message, self.time) = (label, level, "\(message)", time)
    details = metadata.sorted { $0.key < $1.key }.map { ($0.key, "\($0.value)") }
  }

  /// One line, even of a message with several.
  package var description: String {
    let text = (message + details.map { " \($0.name)=\($0.value)" }.joined())
      .split(whereSeparator: \.isNewline).joined(separator: " ")
    return "\(time.inSeconds) \(level) \(label): \(text)"
  }
}
