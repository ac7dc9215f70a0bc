package import Logging
internal import Synchronization

/// Keeps what is logged.
package final class CapturedLog: LogHandler, Sendable {
  private let lines = Mutex<[String]>([])

  package init() {}

  package var text: String { lines.withLock { $0.joined(separator: "\n") } }
  /// The warnings but that a lease was lost: on a busy machine it is not renewed in time.
  package var warnings: [String] {
    lines.withLock { lines in
      lines.filter { $0.hasPrefix("warning ") && !$0.hasPrefix("warning this process no longer leads") }
    }
  }
  package var metadata: Logger.Metadata {
    get { [:] }
    set {}
  }
  package var logLevel: Logger.Level {
    get { .info }
    set {}
  }

  package subscript(metadataKey _: String) -> Logger.Metadata.Value? {
    get { nil }
    set {}
  }

  package func log(event: LogEvent) {
    lines.withLock { $0.append("\(event.level) \(event.message) \(event.metadata ?? [:])") }
  }
}
