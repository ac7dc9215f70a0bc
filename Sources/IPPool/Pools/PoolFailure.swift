internal import Addressing

/// Tells why no address could be given: what became of every pool, and what is wrong with the pool files.
struct PoolFailure: Sendable {
  private let selection: PoolSelection
  private let catalog: PoolCatalog

  init(_ selection: PoolSelection, _ catalog: PoolCatalog) {
    self.selection = selection
    self.catalog = catalog
  }

  /// No pool is for this attachment.
  func noEligiblePool(_ request: AllocationRequest?, query: PoolQuery) -> AllocationError {
    let subject = request.map { " for \(Self.subject($0))" } ?? ""
    let missing = query.required.filter { !selection.families.contains($0) }
    let family = selection.families.isEmpty || missing.isEmpty ? "" : missing == [.v4] ? "IPv4 " : "IPv6 "
    return AllocationError(
      .exhausted,
      "no \(family)address\(subject): no pool serves network \(query.network) on node \(query.nodeName)",
      details: [explanation(nil), "see: ipvlanctl pools"].filter { !$0.isEmpty }.joined(separator: "; "))
  }

  /// All pools of a family are used up, for now or until a pod ends.
  func usedUp(_ family: IPFamily, _ counts: [PoolCount], for request: AllocationRequest?) -> AllocationError {
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
    guard let rest = counts.compactMap({ $0.shortestRest }).min() else {
      return AllocationError(
        .exhausted, message,
        details: ["see who holds them: ipvlanctl leases", explanation(family)].filter { !$0.isEmpty }
          .joined(separator: "; "))
    }
    return AllocationError(
      .cooling, message, details: "the first address can be given again in \((rest + 999) / 1000) s")
  }

  /// Each pool that was passed over with the reason, and each fault of the pool files.
  func explanation(_ family: IPFamily?) -> String {
    let passedOver = selection.candidates.compactMap { candidate -> String? in
      guard let objection = candidate.objection, family == nil || candidate.pool.family == family else {
        return nil
      }
      return "pool \(candidate.pool.name): \(objection)"
    }
    let unknown = selection.unknownNames.map { "there is no pool \($0)" }
    return (passedOver + unknown + catalog.faults.map { $0.description }).joined(separator: "; ")
  }

  private static func subject(_ request: AllocationRequest) -> String {
    request.pod.map { "pod \($0)" } ?? "\(request.attachment)"
  }
}
