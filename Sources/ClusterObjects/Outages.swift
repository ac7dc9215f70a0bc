package import Logging

/// What keeps collections from being followed, for the log: told once for all of them, as a server that is away keeps each of
/// them, and once that it is over.
package struct Outages: Sendable {
  /// One line of the log.
  package struct Line: Sendable, Hashable {
    package let level: Logger.Level
    package let text: String
  }

  private struct Outage: Sendable {
    var collections: [String]
    var since: String
  }

  /// By what is wrong.
  private var told: [String: Outage] = [:]

  package init() {}

  /// Whether this is told already.
  package func has(_ cause: String) -> Bool { told[cause] != nil }

  /// - Parameter failures: what cannot be followed now, by collection.
  /// - Returns: what there is to say of it.
  package mutating func note(_ failures: [(collection: String, failure: Feed.Failure)]) -> [Line] {
    var lines: [Line] = []
    for (collection, failure) in failures {
      if told[failure.cause] == nil {
        let remedy = failure.remedy.map { "; \($0)" } ?? ""
        lines.append(
          Line(level: .warning, text: "\(failure.problem); it is tried again until it succeeds\(remedy)"))
      }
      var outage = told[failure.cause] ?? Outage(collections: [], since: "\(failure.since)")
      if !outage.collections.contains(collection) { outage.collections.append(collection) }
      outage.since = min(outage.since, "\(failure.since)")
      told[failure.cause] = outage
    }
    let causes = Set(failures.map(\.failure.cause))
    for (cause, outage) in told where !causes.contains(cause) {
      told[cause] = nil
      // Some may be kept by something else by now.
      let back = outage.collections.filter { name in !failures.contains { $0.collection == name } }
      guard !back.isEmpty else { continue }
      let subject = back.count == 1 ? back[0] + " is" : "\(back.count) collections are"
      let names = back.count == 1 ? "" : ": " + back.joined(separator: ", ")
      lines.append(
        Line(
          level: .info, text: "\(subject) followed again, for the first time since \(outage.since)\(names)"))
    }
    return lines
  }
}
