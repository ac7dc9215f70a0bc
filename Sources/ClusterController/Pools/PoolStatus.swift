internal import Addressing
internal import ClusterObjects
internal import KubernetesClient

/// The status of a SpiderIPPool.
struct PoolStatus: Sendable {
  let draft: StatusDraft

  /// - Parameter usable: the pool in the last form that could be used.
  /// - Parameter fault: what is wrong with its newest form.
  /// - Parameter conflicts: what older pools leave it less.
  /// - Parameter heldTwice: a clause for each address that pods of two nodes hold.
  /// - Parameter late: nodes that may still use the pool as it was before its last edit.
  init(
    _ object: UnstructuredObject, usable: PoolObject?, fault: LastValidPools.Fault?, conflicts: [String],
    heldTwice: [String], _ use: PoolUse, late: [String] = []
  ) {
    var draft = StatusDraft()
    draft.fields = [
      "totalIPCount": FieldValue(count: usable?.pool.addresses.count ?? 0),
      "allocatedIPCount": .integer(Int64(use.count)), "allocatedIPs": use.text,
    ]
    if let family = usable?.pool.subnet.family { draft.ownFields["ipVersion"] = family == .v4 ? 4 : 6 }
    let outside = usable.map { use.outside($0.pool.addresses) } ?? []
    draft.conditions = [
      Self.ready(object, usable, fault, use, late),
      Self.conflict(conflicts, heldTwice),
      .init(
        type: "AddressesOutside", isTrue: !outside.isEmpty, reason: outside.isEmpty ? "None" : "Held",
        message: outside.isEmpty
          ? "pods hold only addresses that the pool has"
          : "pods hold addresses that the pool no longer has, \(outside.count) in all. They are not given again: "
            + Self.list(outside.map(\.description)) + Self.exception(late)),
    ]
    self.draft = draft
  }

  /// Two pods with one address are worse than two pools: each loses packets.
  private static func conflict(_ overlaps: [String], _ heldTwice: [String]) -> StatusDraft.Condition {
    guard heldTwice.isEmpty else {
      let problem = "\(remedy): \(list(heldTwice, separator: "; "))"
      return .init(
        type: "Conflict", isTrue: true, reason: "HeldTwice",
        message: ([problem] + overlaps).joined(separator: "; "))
    }
    return .init(
      type: "Conflict", isTrue: !overlaps.isEmpty, reason: overlaps.isEmpty ? "None" : "Overlap",
      message: overlaps.isEmpty ? "no older pool has the same addresses" : overlaps.joined(separator: "; "))
  }

  /// It comes first: a long message is cut off at its end.
  private static let remedy = "pods of two nodes hold the same address: delete one of the pods of each"

  /// What an event tells of them; `nil` when there are none. Each other text would be another event: only the first is named.
  static func warning(ofHeldTwice clauses: [String]) -> String? {
    clauses.first.map { "\(remedy): \($0)\(clauses.count > 1 ? ", and there are more" : "")" }
  }

  private static func ready(
    _ object: UnstructuredObject, _ usable: PoolObject?, _ fault: LastValidPools.Fault?, _ use: PoolUse,
    _ late: [String]
  ) -> StatusDraft.Condition {
    let (reason, message) = problem(object, usable, fault, use, late) ?? ("InUse", "pods get its addresses")
    return .init(type: "Ready", isTrue: reason == "InUse", reason: reason, message: message)
  }

  /// Why no pod gets an address of it, or not from its newest form.
  private static func problem(
    _ object: UnstructuredObject, _ usable: PoolObject?, _ fault: LastValidPools.Fault?, _ use: PoolUse,
    _ late: [String]
  ) -> (reason: String, message: String)? {
    if object.metadata.deletionTimestamp != nil {
      return ("Terminating", waiting(object.metadata.name ?? "", use, late))
    }
    if let fault {
      let former = usable.map { "; it is used as it was in generation \($0.identity.generation)" } ?? ""
      return ("Invalid", fault.problem + former)
    }
    guard let usable else { return ("Invalid", "it cannot be read") }
    if usable.pool.isDisabled {
      return (
        "Disabled",
        "spec.disable is true: no new address is given" + exception(late)
      )
    }
    if usable.pool.addresses.isEmpty { return ("NoAddresses", usable.lackOfAddresses) }
    if !late.isEmpty { return ("NodeProblem", clause(late)) }
    let errors = use.nodes.sorted { $0.key < $1.key }.compactMap { node, pool in
      pool.error.map { "node \(node): \($0)" }
    }
    if !errors.isEmpty { return ("NodeProblem", list(errors, separator: "; ")) }
    if use.nodes.isEmpty {
      let names = usable.pool.nodeNames
      return (
        "NotReported",
        names.isEmpty
          ? "no node has it"
          : "node \(list(names)) does not report it: is there a Node of that name, and is ipvlan-agent running there?"
      )
    }
    return nil
  }

  /// What a pool waits for that somebody has deleted, and what ends that.
  private static func waiting(_ name: String, _ use: PoolUse, _ late: [String]) -> String {
    let start = "the pool was deleted, gives no new address, and "
    if !use.held.isEmpty {
      let nodes = use.held.sorted { $0.key < $1.key }.map { "\($0.value) on node \($0.key)" }
      return start
        + "stays until pods have given back the addresses that they hold: \(list(nodes)); which pods, says:"
        + " kubectl get spiderippool \(name) -o jsonpath='{.status.allocatedIPs}'"
        + exception(late)
    }
    guard let first = use.behind.first else { return start + "goes now: no pod holds an address of it" }
    return start
      + "stays until ipvlan-agent of node \(list(use.behind)) has reported that none is given there; how it is, says:"
      + " kubectl describe ipvlannode \(first); of a node that is gone for good: kubectl delete ipvlannode \(first)"
  }

  /// What follows a sentence that does not hold for nodes that are late; empty without any.
  private static func exception(_ late: [String]) -> String { late.isEmpty ? "" : ". But \(clause(late))" }

  /// What is to be said of nodes that have not reported the last edit.
  private static func clause(_ late: [String]) -> String {
    "node \(list(late)) has not reported the last edit, and may still give addresses as before it: does ipvlan-agent run there?"
      + " See: kubectl describe ipvlannode \(late.first ?? ""); of a node that is gone for good: kubectl delete ipvlannode"
      + " \(late.first ?? "")"
  }

  private static func list(_ texts: [String], separator: String = ", ") -> String {
    let most = 5
    let shown = texts.prefix(most).joined(separator: separator)
    return texts.count > most ? "\(shown) and \(texts.count - most) more" : shown
  }
}
