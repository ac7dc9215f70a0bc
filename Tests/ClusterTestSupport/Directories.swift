internal import Foundation

/// A directory that is gone afterwards.
package func withDirectory<Outcome>(_ body: (String) async throws -> Outcome) async throws -> Outcome {
  let directory = FileManager.default.temporaryDirectory.appending(path: "cluster-\(UUID())").path()
  try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: directory) }
  return try await body(directory)
}
