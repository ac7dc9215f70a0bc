internal import Glibc

/// Runs a test on a node of its own and proves that nothing was left behind.
///
/// Links, addresses, routes, rules, neighbours, firewall, kernel settings and files of the node, the fabric and
/// the pods must be in the end as they were in the beginning, also when `body` throws.
///
/// - Parameter keeping: sections of the snapshot that the test changes itself and does not restore.
public func withCleanNode(keeping: Set<String> = [], _ body: (Node) throws -> Void) throws {
  try withNode { node in
    let before = try Snapshot(of: node)
    try body(node)
    try node.mustEqual(before, keeping: keeping)
  }
}

/// Runs a test on a node of its own that the test leaves in disorder.
public func withNode(_ body: (Node) throws -> Void) throws {
  let node = try Node()
  defer { node.destroy() }
  try body(node)
}

extension Node {
  /// Throws unless everything is as it was, pods that were made since then being empty.
  public func mustEqual(_ before: Snapshot, keeping: Set<String> = []) throws {
    var before = before
    try before.expectEmptyPods(pods)
    let difference = before.difference(from: try Snapshot(of: self), ignoring: keeping)
    guard difference.isEmpty else { throw SupportError("something was left behind:\n\(difference)") }
  }
}

/// How long is waited for what is to come about, in seconds: so long that only what never comes is missed, however
/// busy the machine is.
public let patience = 60

/// Throws unless `condition` comes about: for what the kernel and other programs do in the background.
public func eventually(_ condition: () throws -> Bool) throws {
  for _ in 0..<patience * 20 {
    if try condition() { return }
    usleep(50_000)
  }
  throw SupportError("a condition did not come about within \(patience) seconds")
}
