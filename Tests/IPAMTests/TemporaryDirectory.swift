import Glibc
import Platform

/// A directory of its own for a test, removed with all that is in it.
final class TemporaryDirectory: Sendable {
  let path: String

  init() throws {
    var template = Array("/tmp/ippool-test-XXXXXX".utf8CString)
    guard unsafe mkdtemp(&template) != nil else { throw Failure() }
    path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  deinit { Self.remove(path) }

  /// Writes a file into it.
  func write(_ name: String, _ text: String) throws {
    try Files.makeDirectory(path + "/" + (name.split(separator: "/").dropLast().joined(separator: "/")))
    try Files.replace("\(path)/\(name)", with: Array(text.utf8))
  }

  private static func remove(_ path: String) {
    for name in (try? Files.names(in: path)) ?? [] {
      unsafe unlink("\(path)/\(name)") == 0 ? () : remove("\(path)/\(name)")
    }
    unsafe _ = rmdir(path)
  }

  struct Failure: Error {}
}
