internal import KubernetesClient

/// Notices that another machine reports under this node's name.
///
/// No clock is asked: who sees another's report after its own has a rival. A report that was there before the first of
/// ours is that of a machine that had the name before.
struct DuplicateNodeDetection: Sendable {
  let machineID: String
  private var hasSeenOwn = false
  /// The other machine, once there is one; it stays until somebody has looked and started the agent anew.
  private(set) var rival: String?

  init(machineID: String) { self.machineID = machineID }

  mutating func note(_ report: UnstructuredObject) {
    guard let reporter = report["status"]?["machineID"]?.string, !reporter.isEmpty else { return }
    if reporter == machineID {
      hasSeenOwn = true
    } else if hasSeenOwn {
      rival = reporter
    }
  }
}
