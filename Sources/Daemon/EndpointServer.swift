internal import Hummingbird
internal import KubernetesClient
package import Logging
internal import NIOCore

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
  package func run(while work: @escaping @Sendable () async -> Void) async -> Result<Void, DaemonError> {
    let (listening, started) = AsyncStream.makeStream(of: (any Channel).self)
    // Not cancelled with this task, since it has to end in steps.
    let server = Task {
      defer { started.finish() }
      return await serve { started.yield($0) }
    }
    for await channel in listening {
      return await withTaskGroup(of: Result<Void, DaemonError>.self) { group in
        group.addTask { await server.value }
        group.addTask {
          await work()
          return .success(())
        }
        let first = await group.next() ?? .success(())
        await stop(server, channel)
        group.cancelAll()
        return first
      }
    }
    // It cannot listen, or this task was cancelled before it did.
    server.cancel()
    return await server.value
  }

  /// NIO ends the process when a server ends while a connection is on its way from the kernel to whoever serves it ("Deinited
  /// NIOAsyncWriter without calling finish()"). So no more are accepted first.
  private func stop(_ server: Task<Result<Void, DaemonError>, Never>, _ channel: any Channel) async {
    try? await channel.setOption(ChannelOptions.autoRead, value: false).get()
    // Tasks of their own are not cancelled with this one.
    await Task { try? await Task.sleep(for: .milliseconds(100)) }.value
    try? await channel.close()
    await server.value(within: .seconds(1))
  }

  private func serve(
    onListening: @escaping @Sendable (any Channel) -> Void
  ) async -> Result<Void, DaemonError> {
    // It logs that it was told to stop as an error. What matters it throws.
    let quiet = Logger(label: name) { _ in SwiftLogNoOpLogHandler() }
    let application = Application(
      responder: CallbackResponder { (request: Request, _: BasicRequestContext) in
        await respond(request.uri.path)
      },
      configuration: ApplicationConfiguration(
        address: .hostname(address.host, port: address.port), serverName: name),
      onServerRunning: { channel in
        let place = address.at(port: channel.localAddress?.port ?? address.port)
        log.info("endpoints listen", metadata: ["address": "\(place)"])
        onListening(channel)
      },
      logger: quiet)
    do {
      try await application.run()
      return .success(())
    } catch {
      guard !Task.isCancelled else { return .success(()) }
      return .failure(
        DaemonError(
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

extension Task where Failure == Never {
  /// Waits for the task, and cancels it when that takes longer.
  fileprivate func value(within limit: Duration) async {
    // Not cancelled with the task that waits.
    let alarm = Task<Void, Never> { do { try await Task<Never, Never>.sleep(for: limit); cancel() } catch {} }
    _ = await value
    alarm.cancel()
  }
}
