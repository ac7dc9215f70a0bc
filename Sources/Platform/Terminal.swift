internal import CLibC

/// The terminal that a person sits at.
public enum Terminal {
  /// The width of the terminal at the standard output; `nil` when that is none.
  public static func outputColumns() -> Int? {
    guard isatty(STDOUT_FILENO) == 1 else { return nil }
    let columns = clibc_columns(STDOUT_FILENO)
    return columns > 0 ? Int(columns) : 80
  }
}
