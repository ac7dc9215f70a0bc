internal import Foundation
package import KubernetesClient
internal import Logging

/// Runs `body` with a client of the API server of a kubeconfig, which is written into a directory.
package func withClient(
  _ kubeconfig: String, in directory: String, _ body: (CredentialSource, APIClient) async throws -> Void
) async throws {
  let path = "\(directory)/kubeconfig"
  try kubeconfig.write(toFile: path, atomically: true, encoding: .utf8)
  let source = CredentialSource.kubeconfig(paths: [path])
  try await APIClient.withClient(
    ClientConfiguration(source: source, userAgent: "test"),
    log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
  ) { client in try await body(source, client) }
}
