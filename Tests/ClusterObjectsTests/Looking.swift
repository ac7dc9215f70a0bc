import ClusterObjects
import KubernetesClient

/// A node that looks whether its API server still has all that it has seen of it. Both clocks stand at 0 when it does so for the
/// first time.
struct Looking {
  private let start = ContinuousClock.now
  var continuity = Continuity(grace: .seconds(60))

  func after(_ seconds: Int) -> ContinuousClock.Instant { start + .seconds(seconds) }

  /// The same moment by the server's clock.
  static func moment(_ seconds: Int) -> Timestamp { Timestamp(seconds: 1_000_000 + seconds) }

  /// What a run finds that begins now.
  mutating func restart(at seconds: Int) {
    continuity = Continuity(mark: continuity.seen, grace: .seconds(60))
  }

  /// Looks at a moment at which the server answers at once.
  mutating func look(
    _ version: Int, _ report: ObjectMetadata?, node: String? = "node-1", at seconds: Int
  ) -> Continuity.Finding {
    end(continuity.look(), version, report, node: node, at: seconds)
  }

  /// Ends a look.
  mutating func end(
    _ look: Continuity.Look, _ version: Int, _ report: ObjectMetadata?, node: String? = "node-1",
    at seconds: Int, clock: Int? = nil
  ) -> Continuity.Finding {
    let list = ResourceList(
      items: report.map { [UnstructuredObject(metadata: $0)] } ?? [], resourceVersion: "\(version)",
      serverTime: Self.moment(clock ?? seconds))
    return continuity.take(list, after: look, nodeUID: node, at: after(seconds))
  }

  /// The server tells a version.
  mutating func note(_ version: Int, at seconds: Int) {
    continuity.note(version: "\(version)", at: after(seconds))
  }

  mutating func interrupt(at seconds: Int) { continuity.interrupt(at: after(seconds)) }

  /// What it waits for, and whether the reports tell of a loss that is new to it.
  mutating func obstacle(_ others: [NodeProgress], at seconds: Int) -> (text: String?, isNew: Bool) {
    var isNew = false
    let text = continuity.obstacle(in: others, isNew: &isNew, at: after(seconds))
    return (text, isNew)
  }

  /// One that has seen version 100 of the server, and version 90 of its own report.
  static func follower() -> Looking {
    var node = Looking()
    _ = node.look(100, own(90), at: 0)
    _ = node.continuity.confirm()
    return node
  }

  /// One whose server was lost after 100 seconds, two seconds after it had told of something new, and found 30 seconds later
  /// in an older state.
  static func loser() -> Looking {
    var node = follower()
    node.note(101, at: 98)
    node.interrupt(at: 100)
    _ = node.look(50, own(40), at: 130)
    return node
  }

  /// One whose server was lost after 100 seconds, and found 30 seconds later as it was.
  static func returner() -> Looking {
    var node = follower()
    node.interrupt(at: 100)
    _ = node.look(100, own(90), at: 130)
    return node
  }

  /// The node's report.
  static func own(_ version: Int, uid: String = "report-1") -> ObjectMetadata {
    var metadata = ObjectMetadata(name: "n1")
    (metadata.uid, metadata.resourceVersion) = (uid, "\(version)")
    return metadata
  }

  /// That of another one.
  static func report(_ node: String, followedSince: Int? = nil, lostState: Int? = nil) -> NodeProgress {
    NodeProgress(
      node: node, pools: [], followedSince: followedSince.map(moment), lostState: lostState.map(moment))
  }
}
