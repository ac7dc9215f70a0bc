internal import SystemPackage

/// Standard output of a process that goes on writing.
public enum Output {
  /// Writes at once. A reader that goes away ends the process by SIGPIPE, as it should.
  public static func write(_ bytes: [UInt8]) {
    _ = try? FileDescriptor.standardOutput.writeAll(bytes)
  }
}
