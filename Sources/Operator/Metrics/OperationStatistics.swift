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
  /// What was passed over, and why.
  private(set) var remarks: [String] = []

  /// Reads logs; one that does not exist tells nothing.
  init(files: [String]) {
    for file in files {
      do throws(Errno) {
        let lines = try Files.read(file, limit: Self.largest).split(separator: 0x0A)
        let strangers = lines.count { !take(Array($0)) }
        if strangers > 0 { remarks.append("\(file): lines passed over that are no operations: \(strangers)") }
      } catch {
        if error != .noSuchFileOrDirectory { remarks.append("\(file) is passed over: \(error)") }
      }
    }
  }

  /// A log that is larger should have been rotated long ago, in bytes.
  private static let largest = 256 << 20

  /// - Returns: whether the line is one of the log's.
  private mutating func take(_ line: [UInt8]) -> Bool {
    guard let object = (try? JSONValue(parsing: line))?.object, let name = object["command"]?.string,
      let duration = object["microseconds"]?.int
    else { return false }
    var command = commands[name] ?? Command()
    command.count += 1
    command.microseconds += duration
    for (index, bound) in Self.bounds.enumerated() where duration <= bound { command.buckets[index] += 1 }
    if let code = object["code"]?.int { command.failures[code, default: 0] += 1 }
    commands[name] = command
    return true
  }
}
