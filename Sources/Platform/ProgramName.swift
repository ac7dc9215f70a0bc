internal import CLibC

/// The name by which the process was called.
public enum ProgramName {
  /// The last part of the path in `argv[0]`; `nil` when there is none.
  public static func current() -> String? {
    guard let name = unsafe clibc_program_name(), unsafe name[0] != 0 else { return nil }
    return unsafe String(cString: name)
  }
}
