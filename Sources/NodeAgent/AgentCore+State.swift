internal import ClusterObjects
internal import Operator

/// What the agent says of itself, to its endpoints and in the file that the operator's tool reads.
extension AgentCore {
  /// What the endpoints show.
  var state: AgentState {
    var state = AgentState(version: options.version, node: options.nodeName, server: server)
    state.lastSync = lastSync.map { "\($0.inSeconds)" } ?? ""
    state.nodeProblem = nodeProblem
    state.fileProblem = fileFault ?? podFault ?? networkFault
    state.reportProblem = reportFault.map { "\($0)" }
    state.reportCause = reportFault?.problem
    let networks =
      options.networks
      ? [(collection: Resources.definitions.qualifiedName, feed: view.networkMirror.feed)] : []
    state.feeds = (view.allFeeds + (followsPods == true ? view.podFeeds : []) + networks).map { name, feed in
      .init(
        collection: name, isComplete: feed.isComplete, problem: feed.failure?.problem,
        cause: feed.failure?.cause, since: feed.failure.map { "\($0.since)" })
    }
    let own = Set(resolution?.entries.map(\.object.name) ?? [])
    let conflicts = (resolution?.conflicts ?? []).filter { own.contains($0.identity.name) }
    let faults =
      view.ledger.faults.map { (name: $0.key, problem: $0.value.problem) }
      + conflicts.map { (name: $0.identity.name, problem: $0.problem) }
    state.faults = faults.map { .init(object: "spiderippool/\($0.name)", problem: $0.problem) }
      .sorted { ($0.object, $0.problem) < ($1.object, $1.problem) }
    return state
  }

  /// Why nobody can tell which pools are this node's by its labels, nor claim blocks for it.
  private var nodeProblem: String? {
    guard view.node.isComplete, nodeUID == nil else { return nil }
    return "the API server has no Node \(options.nodeName): kubectl get nodes shows the names, and"
      + " --node-name or NODE_NAME has to be the one of this machine"
  }

  /// Logs that the Node is missing, or that it is there at last.
  func tellOfNode() { note("finding the Node \(options.nodeName)", problem: nodeProblem) }

  var counts: [StoreView.Pool] { store?.pools ?? [] }

  /// Once for each change, and not for each look that found all in step.
  func writeState() {
    var new = state
    if let written, var old = Optional(written), !old.lastSync.isEmpty {
      old.lastSync = new.lastSync
      if old == new { new = written }
    }
    guard new != written else { return }
    do {
      try new.write(to: options.runDirectory)
      written = new
    } catch {
      log.error("\(options.runDirectory)/agent.json cannot be written: \(error)")
    }
  }
}
