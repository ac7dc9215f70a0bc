internal import JSON
internal import Platform

/// What the operation log tells: how often, how fast, and with which errors.
struct OperationStatistics: Sendable {
  /// Upper bounds of the histogram, in microseconds.
  static let bounds = [5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 5_000_000]

  /// One command: ADD, DEL, ...
  struct Command: Sendable {
    var count = 0
    var microseconds = 0
    /// Operations that took no longer than each bound.
    var buckets = [Int](repeating: 0, count: OperationStatistics.bounds.count)
    /// Failures by error code.
    var failures: [Int: Int] = [:]
  }

  private(set) var commands: [String: Command] = [:]
  /// Lines that are none of the log's.
  private(set) var unreadableLines = 0

  /// Reads a log; one that does not exist tells nothing.
  init(files: [String]) {
    for file in files {
      guard let bytes = try? Files.read(file, limit: Self.largest) else { continue }
      for line in bytes.split(separator: 0x0A) { take(Array(line)) }
    }
  }

  /// A log that is larger should have been rotated long ago, in bytes.
  private static let largest = 256 << 20

  private mutating func take(_ line: [UInt8]) {
    guard let object = (try? JSONValue(parsing: line))?.object, let name = object["command"]?.string,
      let duration = object["microseconds"]?.int
    else {
      unreadableLines += 1
      return
    }
    var command = commands[name] ?? Command()
    command.count += 1
    command.microseconds += duration
    for (index, bound) in Self.bounds.enumerated() where duration <= bound { command.buckets[index] += 1 }
    if let code = object["code"]?.int { command.failures[code, default: 0] += 1 }
    commands[name] = command
  }
}
