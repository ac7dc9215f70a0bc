import Glibc
import Platform

/// A directory of a test's own, removed with its files and directories when the test ends.
final class Scratch: Sendable {
  let path: String

  init() throws {
    var template = Array("/tmp/platform-test-XXXXXX".utf8CString)
    guard unsafe mkdtemp(&template) != nil else { throw Failure() }
    path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  deinit { Self.remove(path) }

  private static func remove(_ path: String) {
    for name in (try? Files.names(in: path)) ?? [] {
      unsafe unlink("\(path)/\(name)") == 0 ? () : remove("\(path)/\(name)")
    }
    unsafe _ = rmdir(path)
  }

  struct Failure: Error {}
}
