/// Standard error of a process that goes on writing.
public enum ErrorOutput {
  /// Writes at once; what cannot be written is lost, since there is nowhere to say so.
  public static func write(_ bytes: [UInt8]) {
    try? FileDescriptor.standardError.writeToEnd(bytes)
  }
}

/// Standard output of a process that goes on writing.
public enum Output {
  /// Writes at once. A reader that goes away ends the process by SIGPIPE, as it should.
  public static func write(_ bytes: [UInt8]) {
    try? FileDescriptor.standardOutput.writeToEnd(bytes)
  }
}
