internal import Hummingbird
internal import Logging
internal import Operator

/// /healthz, /readyz and /metrics.
struct Endpoints: Sendable {
  let core: AgentCore
  let options: AgentOptions
  let log: Logger

  /// Serves until the task is cancelled.
  func run() async -> Result<Void, AgentRefusal> {
    var quiet = log
    quiet.logLevel = max(log.logLevel, .critical)
    let application = Application(
      responder: CallbackResponder { (request: Request, _: BasicRequestContext) in
        await respond(request.uri.path)
      },
      configuration: ApplicationConfiguration(
        address: .hostname(options.listen.host, port: options.listen.port), serverName: "ipvlan-agent"),
      onServerRunning: { channel in
        log.info("endpoints listen", metadata: ["address": "\(channel.localAddress.map { "\($0)" } ?? "")"])
      },
      logger: quiet)
    do {
      try await application.run()
      return .success(())
    } catch {
      guard !Task.isCancelled else { return .success(()) }
      return .failure(
        AgentRefusal("the endpoints cannot listen on \(options.listen): \(error); choose another --listen"))
    }
  }

  private func respond(_ path: String) async -> Response {
    switch path {
    // The process answers: that is all that a restart could mend.
    case "/healthz": text(.ok, "ok\n")
    case "/readyz": await readiness()
    case "/metrics": text(.ok, await AgentMetrics(core.state, core.counts).text)
    default: text(.notFound, "there are /healthz, /readyz and /metrics\n")
    }
  }

  private func readiness() async -> Response {
    let state = await core.state
    guard state.lastSync.isEmpty || state.fileProblem != nil else { return text(.ok, "ok\n") }
    let problems = state.feeds.compactMap { feed in
      feed.problem ?? (feed.isComplete ? nil : "\(feed.collection) not read yet")
    }
    return text(
      .serviceUnavailable, (problems + [state.fileProblem].compactMap(\.self)).joined(separator: "\n") + "\n")
  }

  private func text(_ status: HTTPResponse.Status, _ text: String) -> Response {
    Response(
      status: status, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
      body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
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
