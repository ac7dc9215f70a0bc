internal import CLibC

/// Both ends of a pipe, close-on-exec.
struct Pipe: ~Copyable {
  let reading: OwnedDescriptor
  let writing: OwnedDescriptor

  /// Makes a pipe.
  /// - Throws: the `Errno` of pipe(2).
  init() throws(Errno) {
    var ends: [CInt] = [-1, -1]
    guard unsafe pipe(&ends) == 0 else { throw Errno(rawValue: errno) }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    reading = OwnedDescriptor(owning: FileDescriptor(rawValue: ends[0]))
    writing = OwnedDescriptor(owning: FileDescriptor(rawValue: ends[1]))
  }

  /// Closes the writing end.
  consuming func keepReading() -> OwnedDescriptor { reading }

  /// Closes the reading end.
  consuming func keepWriting() -> OwnedDescriptor { writing }
}
