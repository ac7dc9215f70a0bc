internal import Daemon
internal import Logging
internal import Operator

extension EndpointServer {
  /// That of an agent.
  init(_ core: AgentCore, _ options: AgentOptions, _ log: Logger) {
    self.init(
      "ipvlan-agent", at: options.listen, log: log, problems: { await core.state.reasonsNotReady },
      metrics: { await AgentMetrics(core.state, core.counts).text })
  }
}

extension AgentState {
  /// Why the agent is not ready: files that were in step once are good to go on with, but a report that is refused will be
  /// until somebody changes something.
  fileprivate var reasonsNotReady: [String] {
    let refusal = isReportRefused ? reportProblem : nil
    guard lastSync.isEmpty || fileProblem != nil || isNodeUnknown || refusal != nil else { return [] }
    let problems = Self.problems(feeds) + [nodeProblem, fileProblem, refusal].compactMap(\.self)
    return problems.isEmpty ? ["the files are not in step yet"] : problems
  }
}

/// The agent in Prometheus' format.
struct AgentMetrics: Sendable {
  let text: String

  init(_ state: AgentState, _ pools: [StoreView.Pool]) {
    var metrics = MetricsText()
    metrics.add(
      "ipvlan_agent_info", "gauge", "The agent's version.", [.init([("version", state.version)], 1)])
    metrics.add(
      "ipvlan_agent_in_step", "gauge", "Whether the plugin's files are what the API server has.",
      [.init([], state.isInStep ? 1 : 0)])
    metrics.add(
      "ipvlan_agent_followed", "gauge", "Whether a collection of the API server is followed.",
      state.feeds.map { .init([("collection", $0.collection)], $0.isComplete && $0.problem == nil ? 1 : 0) })
    metrics.add(
      "ipvlan_agent_faults", "gauge", "Objects that cannot be used as they are.",
      [.init([], state.faults.count)])
    metrics.add(
      "ipvlan_agent_reported", "gauge", "Whether the last report was taken.",
      [.init([], state.reportProblem == nil ? 1 : 0)])
    metrics.add(
      "ipvlan_pool_addresses", "gauge", "Addresses of a pool by state.",
      pools.flatMap { pool in
        [("total", pool.total), ("held", pool.held), ("cooling", pool.cooling), ("free", pool.free)].map {
          .init([("pool", pool.name), ("state", $0.0)], $0.1)
        }
      })
    text = metrics.text
  }
}
