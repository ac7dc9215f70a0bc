internal import ClusterObjects
internal import KubernetesClient

/// Removes what Nodes that are gone have left behind: their reports, and their blocks of shared pools.
///
/// The time is counted on our own clock from the moment at which the Node was missed first, so it begins anew with each
/// leader. A Node that comes back before then, as the same object, loses nothing.
struct NodeKeeper: Sendable {
  private let holdTime: Duration
  /// By the UID of what is left behind.
  private var missing: [String: ContinuousClock.Instant] = [:]

  init(holdTime: Duration) { self.holdTime = holdTime }

  /// Whether a Node is missed whose time is not over.
  var isWaiting: Bool { !missing.isEmpty }

  mutating func steps(_ view: ControllerView, at now: ContinuousClock.Instant) -> [Step] {
    guard view.nodes.isWhole else { return [] }
    var left: [(uid: String, step: Step)] = []
    if view.reports.isWhole {
      for (key, report) in view.reports.objects where view.nodes.objects[key] == nil {
        left.append((report.object.metadata.uid ?? "", .deleteReport(report.object)))
      }
    }
    if view.blocks.isWhole {
      for object in view.blocks.objects.values {
        guard let owner = Block(object)?.owner, view.nodes.objects[ObjectKey(name: owner.node)] != owner.uid
        else { continue }
        left.append((object.metadata.uid ?? "", .deleteBlock(object, owner)))
      }
    }
    let former = missing
    missing = Dictionary(left.map { ($0.uid, former[$0.uid] ?? now) }) { first, _ in first }
    return left.filter { entry in missing[entry.uid].map { now - $0 >= holdTime } ?? false }.map(\.step)
  }
}
