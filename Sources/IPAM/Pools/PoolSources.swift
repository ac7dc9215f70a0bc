internal import Platform

/// The files of a pool directory as the file system shows them: who sees the same again need not read them again.
struct PoolSources: Sendable, Hashable {
  /// A file, or what a symbolic link of that name leads to.
  struct File: Sendable, Hashable {
    let name: String
    let status: FileStatus
  }

  /// For how long a file must have been left alone, in seconds: a file system that counts in whole seconds shows two
  /// changes within one of them alike.
  private static let rest = 2

  /// The files that are read, by name.
  let files: [File]

  /// Looks at a directory.
  /// - Throws: the `Errno` of open(2) or stat(2).
  init(directory: String) throws(Errno) {
    var files: [File] = []
    for name in try Files.names(in: directory) where PoolCatalog.isRead(name) {
      files.append(File(name: name, status: try FileStatus(of: "\(directory)/\(name)")))
    }
    self.files = files
  }

  /// Whether a change from now on will show. After the clock was set back the answer is no until it has caught up.
  func areSettled(at now: FileStatus.Time) -> Bool {
    files.allSatisfy { file in
      max(file.status.modified, file.status.changed).seconds < now.seconds - Self.rest
    }
  }
}
