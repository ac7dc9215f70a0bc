package import JSON
package import Platform

/// What `ipvlan-agent` says of itself in a file of the node, for those who ask while the API server is away.
package struct AgentState: Sendable, Hashable {
  /// A collection that it follows, or cannot.
  package struct Feed: Sendable, Hashable {
    /// As kubectl names it.
    package var collection: String
    /// It has been read whole since the agent started.
    package var isComplete: Bool
    /// Why it cannot be followed, and since when.
    package var problem: String?
    package var since: String?
    /// The problem without the collection: what keeps others from being followed too. `nil` of an agent before 1.1.
    package var cause: String?

    package init(
      collection: String, isComplete: Bool, problem: String? = nil, cause: String? = nil, since: String? = nil
    ) {
      (self.collection, self.isComplete, self.problem, self.since) = (collection, isComplete, problem, since)
      self.cause = cause
    }
  }

  /// Something that is wrong with one object.
  package struct Fault: Sendable, Hashable {
    /// `spiderippool/NAME`.
    package var object: String
    package var problem: String

    package init(object: String, problem: String) { (self.object, self.problem) = (object, problem) }
  }

  package var version: String
  package var node: String
  package var server: String
  /// When the pool file was last found in step with the API server, or written; empty before that.
  package var lastSync = ""
  /// Why the pool file cannot be written.
  package var fileProblem: String?
  /// Why it does not know whose pools to bring: the API server has no Node of its name.
  package var nodeProblem: String?
  /// That has been so since it started: its name may be wrong. Not in the file.
  package var isNodeUnknown = false
  /// Why the report cannot be written.
  package var reportProblem: String?
  /// The same without what was to be done.
  package var reportCause: String?
  /// The API server takes no such report of this agent, as with another node's token. Not in the file.
  package var isReportRefused = false
  package var feeds: [Feed] = []
  package var faults: [Fault] = []
  /// Pools of the node that older ones leave less to, or nothing. That may be meant.
  package var conflicts: [Fault] = []

  /// What an agent knows when it starts.
  package init(version: String, node: String, server: String) {
    (self.version, self.node, self.server) = (version, node, server)
  }

  /// Whether the pool file is what the API server has.
  package var isInStep: Bool {
    fileProblem == nil && !lastSync.isEmpty && feeds.allSatisfy { $0.isComplete && $0.problem == nil }
  }

  private static let fileName = "agent.json"
  private static let lockName = "agent.lock"

  /// The file whose lock an agent holds as long as it runs.
  package static func lockPath(in directory: String) -> String { "\(directory)/\(lockName)" }

  /// Writes the file.
  /// - Throws: the `Errno` of the step that failed.
  package func write(to directory: String) throws(Errno) {
    try Files.replaceDurably(
      "\(directory)/\(Self.fileName)", with: JSONValue.object(json).serialized(indented: true) + [0x0A],
      permissions: [.ownerReadWrite, .groupRead, .otherRead])
  }

  package var json: JSONObject {
    var object: JSONObject = [
      "version": .string(version), "node": .string(node), "server": .string(server),
      "lastSync": .string(lastSync),
    ]
    object["fileProblem"] = fileProblem.map(JSONValue.string)
    object["nodeProblem"] = nodeProblem.map(JSONValue.string)
    object["reportProblem"] = reportProblem.map(JSONValue.string)
    object["reportCause"] = reportCause.map(JSONValue.string)
    object["feeds"] = .array(
      feeds.map { feed in
        var object: JSONObject = [
          "collection": .string(feed.collection), "isComplete": .bool(feed.isComplete),
        ]
        object["problem"] = feed.problem.map(JSONValue.string)
        object["cause"] = feed.cause.map(JSONValue.string)
        object["since"] = feed.since.map(JSONValue.string)
        return .object(object)
      })
    for (key, list) in [("faults", faults), ("conflicts", conflicts)] {
      object[key] = .array(
        list.map { .object(["object": .string($0.object), "problem": .string($0.problem)]) })
    }
    return object
  }

  /// What the file of an agent says; `nil` when there was none since the machine started.
  package init?(directory: String) {
    guard let bytes = try? Files.read("\(directory)/\(Self.fileName)"),
      let object = (try? JSONValue(parsing: bytes))?.object, let version = object["version"]?.string,
      let node = object["node"]?.string, let server = object["server"]?.string
    else { return nil }
    self.init(version: version, node: node, server: server)
    lastSync = object["lastSync"]?.string ?? ""
    fileProblem = object["fileProblem"]?.string
    nodeProblem = object["nodeProblem"]?.string
    reportProblem = object["reportProblem"]?.string
    reportCause = object["reportCause"]?.string
    feeds = (object["feeds"]?.array ?? []).compactMap(\.object).map { feed in
      Feed(
        collection: feed["collection"]?.string ?? "", isComplete: feed["isComplete"]?.bool ?? false,
        problem: feed["problem"]?.string, cause: feed["cause"]?.string, since: feed["since"]?.string)
    }
    let list = { (key: String) in
      (object[key]?.array ?? []).compactMap(\.object).map { fault in
        Fault(object: fault["object"]?.string ?? "", problem: fault["problem"]?.string ?? "")
      }
    }
    (faults, conflicts) = (list("faults"), list("conflicts"))
  }

  /// Whether an agent runs: it holds the lock as long as it does.
  package static func isRunning(in directory: String) -> Bool {
    guard
      let file = try? OwnedDescriptor(
        opening: lockPath(in: directory), .readOnly, options: [.noFollow, .nonBlocking])
    else { return false }
    return (try? file.tryLock(.shared)) == false
  }
}
