internal import CNI
internal import IPAM
internal import Platform

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
        let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
        files.append((directory(of: path), slash.map { String(path[path.utf8.index(after: $0)...]) } ?? path))
      }
    }
    var order: [String] = []
    for file in files where !order.contains(file.directory) { order.append(file.directory) }
    return order.flatMap { directory in
      Set(files.filter { $0.directory == directory }.map(\.name)).sorted().map { name in
        switch directory {
        case "", ".": name
        case "/": "/\(name)"
        default: "\(directory)/\(name)"
        }
      }
    }
  }

  /// The directory of a file; empty for one without.
  static func directory(of path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "" }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// A path without the parts that lead nowhere: `.`, and a directory with the `..` behind it.
  private static func normal(_ path: String) -> String {
    let isAbsolute = path.hasPrefix("/")
    var parts: [String] = []
    for part in path.fields(separatedBy: UInt8(ascii: "/")) where part != "." {
      switch (part, parts.last) {
      case ("..", nil) where isAbsolute: continue
      case ("..", let last?) where last != "..": parts.removeLast()
      default: parts.append(part)
      }
    }
    let text = (isAbsolute ? "/" : "") + parts.joined(separator: "/")
    return text.isEmpty ? "." : text
  }

  /// Pool documents, and what libcni reads.
  private static func isRead(_ name: String) -> Bool {
    PoolCatalog.isRead(name) || NetworkConfiguration.isFile(named: name)
  }
}
