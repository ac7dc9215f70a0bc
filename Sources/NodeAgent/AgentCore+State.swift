internal import ClusterObjects
internal import IPAM
internal import KubernetesClient
internal import Operator
internal import Platform

/// What the agent says of itself, to its endpoints and in the file that the operator's tool reads.
extension AgentCore {
  /// What the endpoints show.
  var state: AgentState {
    var state = AgentState(version: options.version, node: options.nodeName, server: server)
    state.lastSync = lastSync.map { "\($0.inSeconds)" } ?? ""
    state.nodeProblem = nodeProblem
    state.isNodeUnknown = nodeProblem != nil && !view.wasNodeSeen
    state.fileProblem = fileFault ?? podFault ?? networkFault
    state.reportProblem = reportFault.map { "\($0)" }
    state.reportCause = reportFault?.problem
    state.isReportRefused = [.forbidden, .invalid].contains(reportFault?.kind)
    let networks =
      options.networks
      ? [(collection: Resources.definitions.qualifiedName, feed: view.networkMirror.feed)] : []
    state.feeds =
      (view.allFeeds + [(Resources.reports.qualifiedName, reportFeed)]
      + (followsPods == true ? view.podFeeds : []) + networks).map { name, feed in
        .init(
          collection: name, isComplete: feed.isComplete, problem: feed.failure?.advice,
          cause: feed.failure?.cause, since: feed.failure.map { "\($0.since)" })
      }
    state.faults = view.ledger.faults.map {
      .init(object: "spiderippool/\($0.key)", problem: $0.value.problem)
    }
    .sorted { $0.object < $1.object }
    let own = Set(resolution?.entries.map(\.object.name) ?? [])
    state.conflicts = (resolution?.conflicts ?? []).filter { own.contains($0.identity.name) }
      .map { .init(object: "spiderippool/\($0.identity.name)", problem: $0.problem) }
      .sorted { ($0.object, $0.problem) < ($1.object, $1.problem) }
    return state
  }

  /// Why nobody can tell which pools are this node's by its labels, nor claim blocks for it.
  private var nodeProblem: String? {
    guard view.node.isComplete, nodeUID == nil else { return nil }
    let problem =
      "the API server has no Node \(options.nodeName), so no block of a shared pool is claimed for it, and pools that"
      + " ask for labels of the Node do not serve it"
    return view.wasNodeSeen
      ? "\(problem): it was deleted"
      : "\(problem): kubectl get nodes shows the names, and --node-name or NODE_NAME has to be this machine's"
  }

  /// Logs that the Node is missing, or that it is there at last.
  func tellOfNode() { note("finding the Node \(options.nodeName)", problem: nodeProblem) }

  /// What of that which decides about addresses cannot be followed, by collection.
  var failures: [(collection: String, failure: Feed.Failure)] {
    view.failures + (reportFeed.failure.map { [(Resources.reports.qualifiedName, $0)] } ?? [])
  }

  /// The other machine of this node's name.
  var rival: String? { rivalry.rival }
  /// The identity of the Node, for events.
  var nodeUID: String? { view.nodeUID }

  /// Whether nobody has looked at the leases yet.
  var isStoreUnread: Bool { store == nil && storeFault == nil }

  var counts: [StoreView.Pool] { store?.pools ?? [] }

  /// The plugin knows the host's name only.
  func writeNodeName() throws(ObjectFault) {
    let name = NodeNameFile(in: options.poolDirectory)
    do throws(Errno) { try name.write(options.nodeName) } catch {
      throw ObjectFault(
        problem: "\(name.path) cannot be written: \(error); see: df -h \(options.poolDirectory)")
    }
  }

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
