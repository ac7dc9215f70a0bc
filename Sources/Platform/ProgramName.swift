internal import Glibc

/// The name by which the process was called.
public enum ProgramName {
  /// The last part of the path in `argv[0]`; `nil` when there is none.
  ///
  /// Cut out as bytes before it becomes a string, so that the length of the path costs nothing;
  /// `CommandLine.arguments` would make a string of every argument first.
  public static func current() -> String? {
    guard CommandLine.argc > 0, let path = unsafe CommandLine.unsafeArgv[0] else { return nil }
    guard let slash = unsafe strrchr(path, CInt(UInt8(ascii: "/"))) else {
      return unsafe String(cString: path)
    }
    return unsafe String(cString: slash + 1)
  }
}
