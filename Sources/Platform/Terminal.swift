internal import Glibc

/// The terminal that a person sits at.
public enum Terminal {
  /// The width of the terminal at the standard output; `nil` when that is none.
  public static func outputColumns() -> Int? {
    guard isatty(STDOUT_FILENO) == 1 else { return nil }
    var size = winsize()
    guard unsafe ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }
}
