internal import SystemPackage

#if canImport(Musl)
  internal import Musl
#else
  internal import Glibc
#endif

/// Both ends of a pipe, close-on-exec.
struct Pipe: ~Copyable {
  let reading: OwnedDescriptor
  let writing: OwnedDescriptor

  /// Makes a pipe.
  /// - Throws: the `Errno` of pipe(2).
  init() throws(Errno) {
    let ends = try typed { try FileDescriptor.pipe() }
    reading = OwnedDescriptor(owning: ends.readEnd)
    writing = OwnedDescriptor(owning: ends.writeEnd)
    for end in [ends.readEnd, ends.writeEnd] { _ = fcntl(end.rawValue, F_SETFD, FD_CLOEXEC) }
  }

  /// Closes the writing end.
  consuming func keepReading() -> OwnedDescriptor { reading }

  /// Closes the reading end.
  consuming func keepWriting() -> OwnedDescriptor { writing }
}
