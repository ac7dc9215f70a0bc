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

  /// Throws where the tests cannot run: a test that cannot run fails, it is not skipped.
  static func mustHaveIPVLAN() throws {
    if let problem { throw SupportError("\(problem): run scripts/test --conformance") }
  }
}
