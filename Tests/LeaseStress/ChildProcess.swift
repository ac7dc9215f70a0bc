import Glibc

/// This program once more, in the background.
struct ChildProcess {
  let id: pid_t

  init(_ arguments: [String]) throws {
    var id: pid_t = 0
    var pointers = unsafe (["lease-stress"] + arguments).map { unsafe strdup($0) } + [nil]
    defer { unsafe pointers.forEach { unsafe free($0) } }
    let status = unsafe posix_spawn(&id, "/proc/self/exe", nil, nil, &pointers, environ)
    guard status == 0 else { throw Failure("posix_spawn: error \(status)") }
    self.id = id
  }

  /// Kills it, wherever it is.
  func killNow() throws {
    _ = kill(id, SIGKILL)
    _ = try wait()
  }

  /// Waits for its end.
  /// - Returns: its status; `nil` when a signal ended it.
  func wait() throws -> Int32? {
    var status: Int32 = 0
    while unsafe waitpid(id, &status, 0) < 0 {
      guard errno == EINTR else { throw Failure("waitpid: error \(errno)") }
    }
    return status & 0x7F == 0 ? status >> 8 & 0xFF : nil
  }
}
