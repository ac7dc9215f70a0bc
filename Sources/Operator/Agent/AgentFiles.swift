internal import IPAM
package import JSON
internal import Platform

/// What `ipvlan-agent` has left on a node: its pool file and what it says of itself. Nobody has to be asked for it, so
/// that it can be read with the API server away, and with the agent.
package struct AgentFiles: Sendable {
  /// The name of the file in the pool directory.
  package static let poolFileName = PoolCatalog.agentFileName

  /// The pool file.
  package let poolFile: String
  /// Where the agent says how it is.
  package let runDirectory: String
  /// The objects of the pool file, as the agent wrote them; `nil` when there is no file.
  package let objects: [JSONObject]?
  /// When the pool file was written, and from where.
  package let written: String?
  package let server: String?
  /// What the agent last said; `nil` when none has run since the machine started.
  package let state: AgentState?
  /// Whether an agent runs.
  package let isRunning: Bool

  package init(poolDirectory: String, runDirectory: String) {
    poolFile = "\(poolDirectory)/\(Self.poolFileName)"
    self.runDirectory = runDirectory
    let list = (try? JSONValue(parsing: (try? Files.read(poolFile)) ?? []))?.object
    objects = list?["items"]?.array?.compactMap(\.object)
    let metadata = list?["metadata"]?.object
    (written, server) = (metadata?["time"]?.string, metadata?["server"]?.string)
    state = AgentState(directory: runDirectory)
    isRunning = AgentState.isRunning(in: runDirectory)
  }

  /// How the Node of this machine is called, as the plugin knows it.
  package static func nodeName(poolDirectory: String = "/etc/cni/ippool.d") -> String {
    NodeNameFile.name(of: .current(), poolDirectory: poolDirectory)
  }

  /// Whether this node has an agent, or had one.
  package var isUsed: Bool { objects != nil || state != nil || isRunning }

  /// What keeps the pool file from being what the API server has, each as a sentence.
  package var problems: [String] {
    guard isUsed else { return [] }
    var problems: [String] = []
    if !isRunning {
      problems.append(
        "ipvlan-agent does not run; "
          + (written.map { "the pools are those of \($0)" } ?? "no pool of the API server has come here yet"))
    } else if let state {
      problems += state.problems
    }
    problems += (state?.faults ?? []).map { "\($0.object): \($0.problem)" }
    return problems
  }
}
