internal import SystemPackage

#if canImport(Musl)
  internal import Musl
#else
  internal import Glibc
#endif

/// The end of a process that answers once.
public enum ProcessOutput {
  /// Writes the answer to stdout, remarks to stderr, and ends the process.
  ///
  /// A reader that has gone away changes nothing any more: the work is done.
  public static func finish(output: [UInt8], remarks: String, status: Int32) -> Never {
    surviveLostReaders()
    try? FileDescriptor.standardOutput.writeToEnd(output)
    try? FileDescriptor.standardError.writeToEnd(Array(remarks.utf8))
    exit(status)
  }

  /// Makes writing to a pipe that nobody reads an error (EPIPE) instead of the end of the process.
  ///
  /// For good: how a signal is taken belongs to the whole process.
  static func surviveLostReaders() { _ = signal(SIGPIPE, SIG_IGN) }
}
