internal import Hummingbird
internal import KubernetesClient
package import Logging

/// /healthz, /readyz and /metrics of a daemon.
package struct EndpointServer: Sendable {
  private let name: String
  private let address: ListenAddress
  private let log: Logger
  private let problems: @Sendable () async -> [String]
  private let metrics: @Sendable () async -> String

  /// - Parameter problems: why the daemon is not ready; empty when it is.
  /// - Parameter metrics: the daemon in Prometheus' format.
  package init(
    _ name: String, at address: ListenAddress, log: Logger,
    problems: @escaping @Sendable () async -> [String], metrics: @escaping @Sendable () async -> String
  ) {
    self.name = name
    self.address = address
    self.log = log
    self.problems = problems
    self.metrics = metrics
  }

  /// Does `work` once the endpoints listen, and serves them meanwhile: until either ends, or the task is cancelled.
  ///
  /// Who cannot listen has done nothing. The address is taken by another daemon as a rule, and what the two wrote of the same
  /// node or cluster would be wrong.
  /// - Returns: a failure when nobody can listen there.
  package func run(while work: @escaping @Sendable () async -> Void) async -> Result<Void, DaemonRefusal> {
    let (listening, started) = AsyncStream.makeStream(of: Void.self)
    return await withTaskGroup(of: Result<Void, DaemonRefusal>.self) { group in
      group.addTask { await serve { started.yield() } }
      group.addTask {
        for await _ in listening {
          await work()
          break
        }
        return .success(())
      }
      defer { group.cancelAll() }
      return await group.next() ?? .success(())
    }
  }

  private func serve(onListening: @escaping @Sendable () -> Void) async -> Result<Void, DaemonRefusal> {
    // It logs that it was told to stop as an error. What matters it throws.
    let quiet = Logger(label: name) { _ in SwiftLogNoOpLogHandler() }
    let application = Application(
      responder: CallbackResponder { (request: Request, _: BasicRequestContext) in
        await respond(request.uri.path)
      },
      configuration: ApplicationConfiguration(
        address: .hostname(address.host, port: address.port), serverName: name),
      onServerRunning: { channel in
        log.info("endpoints listen", metadata: ["address": "\(channel.localAddress.map { "\($0)" } ?? "")"])
        onListening()
      },
      logger: quiet)
    do {
      try await application.run()
      return .success(())
    } catch {
      guard !Task.isCancelled else { return .success(()) }
      return .failure(
        DaemonRefusal(
          "\(name) cannot listen on \(address): \(PlainError(error)); see who does: ss -ltnp 'sport = :\(address.port)', or choose another --listen"
        ))
    }
  }

  private func respond(_ path: String) async -> Response {
    switch path {
    // The process answers: that is all that a restart could mend.
    case "/healthz": return text(.ok, "ok\n")
    case "/readyz":
      let problems = await problems()
      return problems.isEmpty
        ? text(.ok, "ok\n") : text(.serviceUnavailable, problems.joined(separator: "\n") + "\n")
    case "/metrics": return text(.ok, await metrics())
    default: return text(.notFound, "there are /healthz, /readyz and /metrics\n")
    }
  }

  private func text(_ status: HTTPResponse.Status, _ text: String) -> Response {
    Response(
      status: status, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
      body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
  }
}
