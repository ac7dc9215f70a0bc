internal import Glibc
internal import Platform

/// Files of a test, in its node's directory.
public enum ScratchFiles {
  /// Writes a program; its directory is made.
  public static func writeExecutable(_ path: String, _ text: String) throws {
    try write(path, text, permissions: [.ownerReadWriteExecute])
  }

  /// Writes a file; its directory is made.
  public static func write(_ path: String, _ text: String) throws {
    try write(path, text, permissions: [.ownerReadWrite])
  }

  private static func write(_ path: String, _ text: String, permissions: FilePermissions) throws {
    try Files.makeDirectory(String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)]))
    try Files.replace(path, with: Array(text.utf8), permissions: permissions)
  }

  /// The text of a file; `nil` when there is none.
  public static func read(_ path: String) -> String? {
    // A trace of a walk through many namespaces is larger than anything that the product reads.
    (try? Files.read(path, limit: 1 << 28)).map { String(decoding: $0, as: UTF8.self) }
  }

  /// The names in a directory; none when there is none.
  public static func names(in directory: String) -> [String] { (try? Files.names(in: directory)) ?? [] }

  /// Removes a directory with all that is in it.
  public static func removeAll(_ path: String) throws {
    try Program("rm", ["-rf", path]).run().mustSucceed()
  }
}

extension ScratchFiles {
  /// Copies a program; the directory is made.
  public static func copy(_ source: String, to path: String) throws {
    try Program("install", ["-D", source, path]).run().mustSucceed()
  }
}

extension ScratchFiles {
  /// Holds a file open for writing for a while, as an installer does: it cannot be executed meanwhile.
  public static func holdForWriting(_ path: String, milliseconds: UInt32) throws {
    // Close-on-exec: a program that starts meanwhile must not hold it for longer.
    let descriptor = try check("open \(path)", unsafe open(path, O_WRONLY | O_APPEND | O_CLOEXEC))
    try startOnThread {
      usleep(milliseconds * 1000)
      close(descriptor)
    }
  }
}
