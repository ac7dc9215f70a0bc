import Foundation
import KubernetesClient
import KubernetesStandIn
import Logging
import Testing

let quiet: Logger = {
  var log = Logger(label: "test")
  log.logLevel = .critical
  return log
}()

/// Runs `body` with a stand-in and a client of it.
func withStandIn<Outcome: Sendable>(
  token: String = "admin", _ change: @escaping @Sendable (inout ClientConfiguration) -> Void = { _ in },
  _ body: @escaping @Sendable (StandIn, APIClient) async throws -> Outcome
) async throws -> Outcome {
  try await withDirectory { directory in
    try await StandIn.run { server in
      let path = directory + "/kubeconfig"
      try write(kubeconfig(server: server.address, user: "{token: \(token)}"), to: path)
      var configuration = ClientConfiguration(source: .kubeconfig(paths: [path]), userAgent: "test")
      change(&configuration)
      return try await APIClient.withClient(configuration, log: quiet) { client in
        try await body(server, client)
      }
    }
  }
}

/// As ``withStandIn(token:_:_:)``, with a second client that is configured in its own way.
func withStandIn<Outcome: Sendable>(
  alsoWith change: @escaping @Sendable (inout ClientConfiguration) -> Void,
  _ body: @escaping @Sendable (StandIn, APIClient, APIClient) async throws -> Outcome
) async throws -> Outcome {
  try await withDirectory { directory in
    try await StandIn.run { server in
      let path = directory + "/kubeconfig"
      try write(kubeconfig(server: server.address, user: "{token: admin}"), to: path)
      let first = ClientConfiguration(source: .kubeconfig(paths: [path]), userAgent: "test")
      var second = first
      change(&second)
      return try await APIClient.withClient(first, log: quiet) { [second] first in
        try await APIClient.withClient(second, log: quiet) { second in try await body(server, first, second) }
      }
    }
  }
}

func kubeconfig(server: String, user: String, cluster: String = "") -> String {
  """
  apiVersion: v1
  kind: Config
  clusters: [{name: c, cluster: {server: "\(server)"\(cluster.isEmpty ? "" : ", ")\(cluster)}}]
  users: [{name: u, user: \(user)}]
  contexts: [{name: x, context: {cluster: c, user: u}}]
  current-context: x
  """
}

/// A directory that is gone afterwards.
func withDirectory<Outcome>(_ body: (String) async throws -> Outcome) async throws -> Outcome {
  let directory = FileManager.default.temporaryDirectory.appending(path: "kubernetes-client-\(UUID())").path()
  try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: directory) }
  return try await body(directory)
}

func write(_ text: String, to path: String) throws {
  try Data(text.utf8).write(to: URL(filePath: path), options: .atomic)
}

/// The error that `body` throws.
func failure(_ body: () async throws -> Void, sourceLocation: SourceLocation = #_sourceLocation) async
  -> KubernetesError?
{
  do {
    try await body()
    Issue.record("nothing was thrown", sourceLocation: sourceLocation)
    return nil
  } catch {
    if !(error is KubernetesError) { Issue.record("another error: \(error)", sourceLocation: sourceLocation) }
    return error as? KubernetesError
  }
}

/// Waits until something holds, for as long as a busy machine may take.
func eventually(
  _ what: String, within limit: Duration = .seconds(60), sourceLocation: SourceLocation = #_sourceLocation,
  _ condition: () async -> Bool
) async throws {
  let end = ContinuousClock.now + limit
  while !(await condition()) {
    guard ContinuousClock.now < end else {
      Issue.record("not within \(limit): \(what)", sourceLocation: sourceLocation)
      throw CancellationError()
    }
    try await Task.sleep(for: .milliseconds(10))
  }
}
