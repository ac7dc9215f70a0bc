import Foundation
import KubernetesClient
import Logging

/// The API server that `scripts/test --kubernetes` has started (scripts/api-server).
enum Cluster {
  /// Its directory, with kubeconfigs.
  static var directory: String {
    get throws {
      guard let directory = ProcessInfo.processInfo.environment["KUBERNETES_CLUSTER"] else {
        throw Missing(description: "KUBERNETES_CLUSTER is not set: run scripts/test --kubernetes")
      }
      return directory
    }
  }

  struct Missing: Error, CustomStringConvertible { var description: String }

  static let log: Logger = {
    var log = Logger(label: "test")
    log.logLevel = .critical
    return log
  }()

  static func configuration(_ user: String = "admin") throws -> ClientConfiguration {
    ClientConfiguration(
      source: .kubeconfig(paths: ["\(try directory)/\(user).kubeconfig"]), userAgent: "test")
  }

  /// Runs a command of scripts/api-server.
  static func command(_ verb: String) async throws {
    let process = Process()
    process.executableURL = URL(filePath: "\(try repository)/scripts/api-server")
    process.arguments = [verb, try directory]
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    let (ended, continuation) = AsyncStream.makeStream(of: Int32.self)
    process.terminationHandler = { process in
      continuation.yield(process.terminationStatus)
      continuation.finish()
    }
    try process.run()
    for await status in ended where status != 0 {
      throw Missing(description: "scripts/api-server \(verb) failed")
    }
  }

  private static var repository: String {
    get throws {
      guard let path = ProcessInfo.processInfo.environment["KUBERNETES_REPOSITORY"] else {
        throw Missing(description: "KUBERNETES_REPOSITORY is not set: run scripts/test --kubernetes")
      }
      return path
    }
  }

  private static let namespaces = Resource<UnstructuredObject>(
    group: "", version: "v1", plural: "namespaces", kind: "Namespace", isNamespaced: false)

  /// A namespace that nobody else uses. Without a controller manager it cannot be deleted, so it stays.
  static func namespace(_ client: APIClient) async throws -> String {
    let name = "test-\(UUID().uuidString.lowercased())"
    _ = try await client.create(namespaces, UnstructuredObject(metadata: ObjectMetadata(name: name)))
    return name
  }
}
