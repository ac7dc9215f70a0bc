internal import ClusterObjects
internal import KubernetesClient

/// Removes what Nodes that are gone have left behind.
///
/// The time is counted on our own clock from the moment at which the Node was missed first, so it begins anew with each
/// leader. A Node that comes back before then loses nothing.
struct NodeKeeper: Sendable {
  private let holdTime: Duration
  private var missing: [ObjectKey: ContinuousClock.Instant] = [:]

  init(holdTime: Duration) { self.holdTime = holdTime }

  /// Whether a Node is missed whose time is not over.
  var isWaiting: Bool { !missing.isEmpty }

  mutating func steps(_ view: ControllerView, at now: ContinuousClock.Instant) -> [Step] {
    guard view.nodes.isWhole, view.reports.isWhole else { return [] }
    let gone = view.reports.objects.filter { view.nodes.objects[$0.key] == nil }
    missing = missing.filter { gone[$0.key] != nil }
    var steps: [Step] = []
    for (key, report) in gone {
      let since = missing[key] ?? now
      missing[key] = since
      if now - since >= holdTime { steps.append(.deleteReport(report.object)) }
    }
    return steps
  }
}
