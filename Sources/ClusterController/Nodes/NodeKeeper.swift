internal import ClusterObjects
internal import KubernetesClient

/// Removes what Nodes that are gone have left behind: their reports, and their blocks of shared pools.
///
/// The time is counted on our own clock from the moment at which the Node was missed first, so it begins anew with each
/// leader. A Node that comes back before then, as the same object, loses nothing. One that is made anew may be the same machine,
/// whose pods run on: a block of the Node before it goes only when the node's report, made by who knows of the new Node, says that
/// no pod holds an address of it. Where no such report comes, people are told.
struct NodeKeeper: Sendable {
  private let holdTime: Duration
  /// By the UID of what is left behind.
  private var missing: [String: ContinuousClock.Instant] = [:]
  /// Since when nobody has reported for a Node that was made anew, by the Node before it that has blocks.
  private var unreported: [Block.Owner: ContinuousClock.Instant] = [:]
  /// Whose blocks stay although nobody may need them.
  private(set) var warnings: [Warning] = []

  init(holdTime: Duration) { self.holdTime = holdTime }

  /// Whether a Node is missed, or its report, whose time is not over.
  var isWaiting: Bool { !missing.isEmpty || warnings.count < unreported.count }

  mutating func steps(_ view: ControllerView, at now: ContinuousClock.Instant) -> [Step] {
    noteUnreported(view, at: now)
    guard view.nodes.isWhole else { return [] }
    var left: [(uid: String, step: Step)] = []
    if view.reports.isWhole {
      for (key, report) in view.reports.objects where view.nodes.objects[key] == nil {
        left.append((report.object.metadata.uid ?? "", .deleteReport(report.object)))
      }
    }
    if view.blocks.isWhole {
      for object in view.blocks.objects.values {
        guard let block = Block(object), isLeft(block, view) else { continue }
        left.append((object.metadata.uid ?? "", .deleteBlock(object, block.owner)))
      }
    }
    let former = missing
    missing = Dictionary(left.map { ($0.uid, former[$0.uid] ?? now) }) { first, _ in first }
    return left.filter { entry in missing[entry.uid].map { now - $0 >= holdTime } ?? false }.map(\.step)
  }

  /// Time counts only while everything is known: after an outage the agents come back later than the list of Nodes.
  private mutating func noteUnreported(_ view: ControllerView, at now: ContinuousClock.Instant) {
    let former = unreported
    (unreported, warnings) = ([:], [])
    guard view.nodes.isWhole, view.reports.isWhole, view.blocks.isWhole else { return }
    let owners = Set(view.blocks.objects.values.compactMap { Block($0)?.owner }).sorted { $0.uid < $1.uid }
    for owner in owners {
      let key = ObjectKey(name: owner.node)
      guard let present = view.nodes.objects[key], present != owner.uid,
        view.reports.objects[key]?.nodeUID != present
      else { continue }
      let since = former[owner] ?? now
      unreported[owner] = since
      guard now - since >= holdTime else { continue }
      warnings.append(Self.warning(of: owner, present))
    }
  }

  /// The command names no block: when it is run, another node may have claimed one of that name.
  private static func warning(of owner: Block.Owner, _ present: String) -> Warning {
    var metadata = ObjectMetadata(name: owner.node)
    metadata.uid = present
    return Warning(
      object: ObjectReference(Resources.nodes, metadata), reason: "BlocksKept",
      message:
        "no ipvlan-agent reports for this Node, so blocks of the Node \(owner.node) that was here before"
        + " (UID \(owner.uid)) stay: its pods may run. If that machine is gone: kubectl get ivb --output"
        + " jsonpath='{range .items[?(@.spec.nodeUID==\"\(owner.uid)\")]}{.metadata.name} {end}'"
        + " | xargs kubectl delete ivb")
  }

  private func isLeft(_ block: Block, _ view: ControllerView) -> Bool {
    let key = ObjectKey(name: block.owner.node)
    guard let present = view.nodes.objects[key] else { return true }
    guard present != block.owner.uid, view.reports.isWhole, let report = view.reports.objects[key] else {
      return false
    }
    // Of two machines of one name one may have the pods, and the other has reported.
    return report.isUnique && report.nodeUID == present
      && report.busy.map { !$0.overlaps(block.addresses) } ?? false
  }
}
