internal import IPPool
internal import Platform
internal import SystemPackage

/// The files that `lint` looks at, in the order in which the plugin and the runtimes read a directory.
enum LintedFiles {
  /// The files among the paths, and those of the directories, each once.
  ///
  /// Files of one directory that are named one by one go by their names as well: the order of the arguments says
  /// nothing to who reads the directory.
  static func all(_ paths: [String]) -> [String] {
    var files: [(directory: String, name: String)] = []
    for path in paths {
      let path = normal(path)
      if let names = try? Files.names(in: path) {
        files += names.filter(isRead).map { (path, $0) }
      } else {
        let parent = FilePath(path).removingLastComponent().string
        files.append((parent, FilePath(path).lastComponent?.string ?? path))
      }
    }
    var order: [String] = []
    for file in files where !order.contains(file.directory) { order.append(file.directory) }
    return order.flatMap { directory in
      Set(files.filter { $0.directory == directory }.map(\.name)).sorted().map { name in
        directory.isEmpty || directory == "." ? name : FilePath(directory).appending(name).string
      }
    }
  }

  private static func normal(_ path: String) -> String {
    let path = FilePath(path).lexicallyNormalized().string
    return path.isEmpty ? "." : path
  }

  /// Pool documents, and what libcni reads.
  private static func isRead(_ name: String) -> Bool {
    PoolCatalog.isRead(name) || [".conflist", ".conf", ".json"].contains(where: name.hasSuffix)
  }
}
