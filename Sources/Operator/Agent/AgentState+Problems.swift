extension AgentState {
  /// Why collections are not followed, each reason as one sentence: a server that is away keeps all of them.
  ///
  /// - Parameter more: what else is told of with a reason of these, by the reason.
  package static func problems(_ feeds: [Feed], alsoKept more: [String: String] = [:]) -> [String] {
    var causes: [String] = []
    var kept: [String: [Feed]] = [:]
    for feed in feeds {
      guard let problem = feed.problem else { continue }
      let cause = feed.cause ?? problem
      if kept[cause] == nil { causes.append(cause) }
      kept[cause, default: []].append(feed)
    }
    let failing = causes.map { cause in
      let feeds = kept[cause] ?? []
      let since = feeds.compactMap(\.since).min() ?? "?"
      let rest = more[cause].map { "; \($0)" } ?? ""
      if feeds.count == 1 { return "since \(since): \(feeds[0].problem ?? "")\(rest)" }
      let names = feeds.map(\.collection).joined(separator: ", ")
      return "since \(since): \(cause); so \(feeds.count) collections are not followed: \(names)\(rest)"
    }
    let unread = feeds.filter { $0.problem == nil && !$0.isComplete }.map(\.collection)
    return failing + (unread.isEmpty ? [] : ["not read yet: \(unread.joined(separator: ", "))"])
  }

  /// Why the plugin's files may not be what the API server has, or the report is not written.
  package var problems: [String] {
    let isKeptToo =
      reportCause.map { cause in feeds.contains { $0.problem != nil && $0.cause == cause } } ?? false
    let report = isKeptToo ? reportCause.map { [$0: "nor is the report of this node written"] } : nil
    return Self.problems(feeds, alsoKept: report ?? [:])
      + [nodeProblem, fileProblem, isKeptToo ? nil : reportProblem].compactMap(\.self)
  }
}
