internal import Glibc

/// What the machine must offer.
public enum Kernel {
  private static let problem: String? = {
    guard getuid() == 0 else { return "the conformance tests need root" }
    let probe = "ip link add d0 type dummy && ip link add i0 link d0 type ipvlan"
    let isThere = try? Namespace("probe", .named("probe-\(getpid())")).execute("sh", ["-c", probe]).isSuccess
    guard isThere == true else { return "this kernel has no ipvlan" }
    return nil
  }()

  /// As `uname -r` says it.
  public static let release = String(
    (ScratchFiles.read("/proc/sys/kernel/osrelease") ?? "").prefix { !$0.isWhitespace })

  /// Whether the kernel is Linux `major`.`minor` or newer: where kernels differ, the tests expect what each does.
  public static func isAtLeast(_ major: Int, _ minor: Int) -> Bool {
    let numbers = release.split { !$0.isNumber }.prefix(2).compactMap { Int($0) }
    return numbers.count == 2 && (numbers[0], numbers[1]) >= (major, minor)
  }

  /// Throws where the tests cannot run: a test that cannot run fails, it is not skipped.
  static func mustHaveIPVLAN() throws {
    if let problem { throw SupportError("\(problem): run scripts/test --conformance") }
  }
}
