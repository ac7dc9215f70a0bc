internal import Addressing
internal import Platform

/// Tells why no address could be given: what became of every pool, and what is wrong with the pool files.
///
/// The files are read for it, all of them: who gives an address may have looked at this node's pools alone.
struct PoolFailure: Sendable {
  private let query: PoolQuery
  private let selection: PoolSelection
  private let catalog: PoolCatalog
  private let directory: String

  init(_ query: PoolQuery, directory: String) {
    self.query = query
    self.directory = directory
    catalog = PoolCatalog(directory: directory)
    selection = PoolSelection(query, in: catalog)
  }

  /// No pool is for this attachment.
  func noEligiblePool(_ request: AllocationRequest?) -> AllocationError {
    let subject = request.map { " for \(Self.subject($0))" } ?? ""
    let missing = query.required.filter { !selection.families.contains($0) }
    let family = selection.families.isEmpty || missing.isEmpty ? "" : missing == [.v4] ? "IPv4 " : "IPv6 "
    return AllocationError(
      .exhausted,
      "no \(family)address\(subject): no pool serves network \(query.network) on node \(query.nodeName)",
      details: [explanation(nil), noPool, "see: ipvlanctl pools"].filter { !$0.isEmpty }.joined(
        separator: "; "))
  }

  /// Where nobody has written a pool: whose business that is.
  private var noPool: String {
    guard selection.candidates.isEmpty, PoolCatalog.agentFileStatus(in: directory) == nil else { return "" }
    return
      "there is no pool in \(directory): write one, or run ipvlan-agent on this node, which brings those of the API server"
      + " (it has brought none yet)"
  }

  /// All pools of a family are used up, for now or until a pod ends.
  static func usedUp(
    _ family: IPFamily, _ counts: [PoolCount], for request: AllocationRequest?
  ) -> AllocationError {
    let subject = request.map { " for \(Self.subject($0))" } ?? ""
    let message =
      "no \(family == .v4 ? "IPv4" : "IPv6") address\(subject): "
      + counts.map { $0.description }.joined(separator: "; ")
    guard counts.contains(where: { $0.total > 0 }) else {
      return AllocationError(
        .exhausted, message,
        details:
          "no pool has addresses: spec.ips is empty, or spec.excludeIPs or SpiderReservedIP have all of it; see: "
          + "ipvlanctl pools")
    }
    guard let cooldown = counts.compactMap({ $0.shortestCooldown }).min() else {
      var error = AllocationError(.exhausted, message, details: "see who holds them: ipvlanctl leases")
      error.lacking = family
      return error
    }
    return AllocationError(
      .cooling, message, details: "the first address can be given again in \(cooldown.dividedUp(by: 1000)) s")
  }

  /// An error with what became of the pools that were passed over, where that belongs to it; else no file is read.
  static func completing(
    _ error: AllocationError, _ query: PoolQuery, directory: String
  ) -> AllocationError {
    guard let family = error.lacking else { return error }
    var error = error
    error.details = [error.details, PoolFailure(query, directory: directory).explanation(family)].filter {
      !$0.isEmpty
    }.joined(separator: "; ")
    error.lacking = nil
    return error
  }

  /// Each pool that was passed over with the reason, and each fault of the pool files.
  private func explanation(_ family: IPFamily?) -> String {
    let passedOver = selection.candidates.compactMap { candidate -> String? in
      guard let objection = candidate.objection, family == nil || candidate.pool.family == family else {
        return nil
      }
      return "pool \(candidate.pool.name): \(objection)"
    }
    let unknown = selection.unknownNames.map { "this node has no pool \($0)" }
    return (passedOver + unknown + catalog.faults.map { $0.description }).joined(separator: "; ")
  }

  private static func subject(_ request: AllocationRequest) -> String {
    request.pod.map { "pod \($0)" } ?? "\(request.attachment)"
  }
}
