/// The name by which the process was called.
public enum ProgramName {
  /// The last part of the path in `argv[0]`; `nil` when there is none.
  ///
  /// `CommandLine.arguments` would make a string of every argument first.
  public static func current() -> String? {
    guard CommandLine.argc > 0, let path = unsafe CommandLine.unsafeArgv[0] else { return nil }
    let name = unsafe String(cString: path)
    guard let slash = name.utf8.lastIndex(of: UInt8(ascii: "/")) else { return name }
    return String(name[name.utf8.index(after: slash)...])
  }
}
