internal import ClusterObjects
internal import MultiNetwork
internal import Platform

/// Keeps the files of NetworkAttachmentDefinitions as the API server has the definitions.
struct DefinitionDirectory: Sendable {
  private let files: MirroredFiles
  private let definitions: NetworkDefinitions

  init(runDirectory: String) {
    definitions = NetworkDefinitions(runDirectory: runDirectory, confDirectory: "")
    files = MirroredFiles(directory: definitions.directory)
  }

  /// Writes what has changed, and removes the files of definitions that are gone. Nothing is done before all definitions
  /// are known: the plugin takes a missing file for a missing definition.
  /// - Returns: how many files were written or removed.
  /// - Throws: ``ObjectFault`` with the first of what could not be done; the rest was.
  func sync(_ mirror: NetworkMirror) throws(ObjectFault) -> Int {
    guard mirror.feed.isComplete else { return 0 }
    let names = try files.names()
    var (count, fault): (Int, ObjectFault?) = (0, nil)
    var wanted: Set<String> = []
    for (name, content) in mirror.files {
      let path = definitions.path(name)
      wanted.insert(String(path.dropFirst(files.directory.count + 1)))
      guard (try? Files.read(path)) != content else { continue }
      do throws(ObjectFault) {
        try files.write(path, content)
        count += 1
      } catch {
        fault = fault ?? error
      }
    }
    for name in names where !wanted.contains(name) && Self.isOurs(name) {
      do throws(ObjectFault) {
        if try files.remove(name) { count += 1 }
      } catch {
        fault = fault ?? error
      }
    }
    if let fault { throw fault }
    return count
  }

  /// A definition's file, or what an agent was writing when it was killed.
  private static func isOurs(_ name: String) -> Bool {
    name.hasSuffix(".json") ? name.contains("_") : MirroredFiles.isUnfinished(name)
  }
}
