internal import ClusterObjects
internal import FoundationEssentials
internal import Platform

/// The file in which an agent leaves what it has seen of the API server for the run after, beside the files of pools, whose
/// directory outlives a restart of the machine. Hidden, so that nobody takes it for a pool.
struct SeenVersionFile: Sendable {
  let directory: String

  var path: String { "\(directory)/.api-server.json" }

  /// What the run before has left; nothing where the file is missing or cannot be read: then a server that was restored
  /// meanwhile is not recognized by this node.
  func read() -> Continuity.Mark {
    guard let bytes = try? Files.read(path, limit: 1 << 20) else { return Continuity.Mark() }
    return (try? JSONDecoder().decode(Continuity.Mark.self, from: Data(bytes))) ?? Continuity.Mark()
  }

  /// - Returns: what keeps it from being written.
  func write(_ mark: Continuity.Mark) -> String? {
    do throws(Errno) {
      try Files.makeDirectory(
        directory, permissions: [.ownerReadWriteExecute, .groupReadExecute, .otherReadExecute])
      let bytes = (try? JSONEncoder().encode(mark)).map(Array.init) ?? []
      try Files.replaceDurably(path, with: bytes, permissions: [.ownerReadWrite, .groupRead, .otherRead])
      return nil
    } catch {
      return "\(path) cannot be written: \(error); see: df -h \(directory); ls -ld \(directory)"
    }
  }
}
