import ArgumentParser
import Daemon
import KubernetesClient
import Logging
import Platform
import UnixSignals

/// What agent and controller have in common.
struct DaemonOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "How to reach the API server; else $KUBECONFIG, else the pod's service account.", valueName: "file"),
    completion: .file())
  var kubeconfig: String?
  @Option(
    help: ArgumentHelp("Where /healthz, /readyz and /metrics are served.", valueName: "address:port"),
    transform: {
      guard let address = ListenAddress($0) else {
        throw ValidationError("\($0) is not of the form ADDRESS:PORT, such as 127.0.0.1:9114.")
      }
      return address
    })
  var listen: ListenAddress?
  @Option(help: ArgumentHelp("trace, debug, info, notice, warning, error or critical.", valueName: "level"))
  var logLevel: LogLevel = .info
  @Option(help: "text, or json: one object a line.")
  var logFormat: LogFormat = .text

  /// Where the credentials are.
  func credentials(_ environment: Environment) throws(KubernetesError) -> CredentialSource {
    var values: [String: String] = [:]
    for name in ["KUBECONFIG", "KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"] {
      values[name] = environment[name]
    }
    return try CredentialSource.find(kubeconfig: kubeconfig, environment: values)
  }

  /// Where the endpoints listen.
  func listen(port: Int) -> ListenAddress { listen ?? .loopback(port: port) }

  /// Runs a daemon until a signal comes. What keeps it from running is logged, and is the process's exit status.
  func run(
    _ name: String, _ daemon: @escaping @Sendable (Environment, Logger) async throws -> Void
  ) async throws {
    let log = logFormat.logger(name, level: logLevel.level)
    let environment = Environment.current()
    let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
    do {
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await daemon(environment, log) }
        group.addTask {
          for await signal in signals {
            log.info("stopping on \(signal)")
            return
          }
        }
        defer { group.cancelAll() }
        try await group.next()
      }
    } catch let error as DaemonError {
      log.critical("\(error)")
      throw ExitCode(error.exitStatus)
    } catch let error as KubernetesError {
      log.critical("\(error)")
      throw ExitCode(1)
    }
  }
}
