internal import CLibC

/// Who the process runs as.
public enum Credentials {
  /// Whether it may do everything; the C call is geteuid(2).
  public static var isRoot: Bool { geteuid() == 0 }
}
