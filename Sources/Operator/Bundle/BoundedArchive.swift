internal import Platform

/// An archive that stays within bounds of size and time, whatever a node has to tell.
struct BoundedArchive {
  /// A file is taken up to so many bytes.
  static let largestFile = 1 << 20
  /// Before compression, in bytes.
  static let mostBytes = 32 << 20
  /// When files are no longer taken, in seconds.
  private static let patience = 20

  /// What was left out since a bound was reached.
  private(set) var remarks: [String] = []
  private let folder: String
  private let limit: Int
  private let patience: Int
  private let start = MonotonicInstant.now()
  private let now = WallClock.now().seconds
  private var archive = TarArchive()

  init(folder: String, limit: Int = Self.mostBytes, patience: Int = Self.patience) {
    self.folder = folder
    self.limit = limit
    self.patience = patience
  }

  /// The archive, complete.
  var finished: [UInt8] { archive.finished }

  /// Why nothing more is taken; `nil` while there is room and time.
  var obstacle: String? {
    if archive.bytes.count >= limit { return "the archive has its \(Quantity.bytes(UInt64(limit)))" }
    let isLate = MonotonicInstant.now().microseconds(since: start) >= patience * 1_000_000
    return isLate ? "collecting has taken \(patience) s already" : nil
  }

  /// Adds a file, unless a bound is reached.
  mutating func add(_ name: String, _ content: [UInt8]) {
    if let obstacle = obstacle ?? excess(content) {
      remarks.append("\(name) is left out: \(obstacle)")
    } else {
      archive.add("\(folder)/\(name)", content, modified: now)
    }
  }

  private func excess(_ content: [UInt8]) -> String? {
    archive.bytes.count + content.count > limit
      ? "with its \(Quantity.bytes(UInt64(content.count))) the archive were too large" : nil
  }
}
