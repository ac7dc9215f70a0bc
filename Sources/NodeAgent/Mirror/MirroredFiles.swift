internal import ClusterObjects
internal import Platform

/// A directory below the agent's in which every object has a file, for plugins to read.
struct MirroredFiles: Sendable {
  let directory: String

  /// The names of the files; the directory is made when it is missing.
  func names() throws(ObjectFault) -> [String] {
    do throws(Errno) {
      try Files.makeDirectory(
        directory, permissions: [.ownerReadWriteExecute, .groupReadExecute, .otherReadExecute])
      return try Files.names(in: directory)
    } catch {
      throw fault("\(directory) cannot be made or listed", error)
    }
  }

  /// Replaces a file of the directory, which others have whole at any moment.
  func write(_ path: String, _ content: [UInt8]) throws(ObjectFault) {
    do throws(Errno) {
      try Files.replaceDurably(
        path, with: content, permissions: [.ownerReadWrite, .groupRead, .otherRead])
    } catch {
      throw fault("\(path) cannot be written", error)
    }
  }

  /// Removes a file.
  /// - Returns: whether it was there.
  @discardableResult
  func remove(_ name: String) throws(ObjectFault) -> Bool {
    do throws(Errno) { try Files.remove("\(directory)/\(name)") } catch {
      guard error != .noSuchFileOrDirectory else { return false }
      throw fault("\(directory)/\(name) cannot be removed", error)
    }
    return true
  }

  /// What an agent was writing when it was killed.
  static func isUnfinished(_ name: String) -> Bool { name.hasPrefix(".") && name.hasSuffix(".json.new") }

  /// A fault of the directory, with where to look.
  func fault(_ what: String, _ error: Errno) -> ObjectFault {
    ObjectFault(problem: "\(what): \(error); see: df -h \(directory); ls -ld \(directory)")
  }
}
