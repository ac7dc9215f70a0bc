internal import KubernetesClient

/// Addresses that pods of two nodes hold, whichever pools they have them of.
struct DoubleHolders: Sendable {
  /// A clause for each such address, with its pods, by the names of the pools that pods have it of.
  private var clauses: [String: [String]] = [:]

  /// - Parameters:
  ///   - pools: the metadata of all pools.
  ///   - reports: all reports. After a restore of the API server those do not count that are from before it: they name pods that
  ///     may be gone.
  init(_ pools: some Sequence<ObjectMetadata>, _ reports: some Collection<ReportObject>) {
    let names = Set(pools.compactMap(\.name))
    let restored = reports.compactMap(\.lostState).max()
    // All is looked at with each change of any report: only what is held twice is put into words.
    var first: [String: Holder] = [:]
    var twice: [String: [Holder]] = [:]
    for report in reports where restored.map(report.hasLooked) ?? true {
      for (pool, records) in report.records ?? [:] {
        guard names.contains(pool), !report.isHidden(pool) else { continue }
        for record in records {
          let holder = Holder(record: record, node: report.name, pool: pool)
          if let other = first[record.address] {
            // A node that was renamed reports its pods again.
            if let pod = record.podUID, !pod.isEmpty, pod == other.record.podUID { continue }
            twice[record.address, default: [other]].append(holder)
          } else {
            first[record.address] = holder
          }
        }
      }
    }
    for (address, holders) in twice.sorted(by: { $0.key < $1.key }) {
      let clause = "\(address) is held by \(holders.map(\.text).sorted().joined(separator: " and by "))"
      for pool in Set(holders.map(\.pool)) { clauses[pool, default: []].append(clause) }
    }
  }

  /// The clauses of a pool, in an order that stays.
  func clauses(of pool: String) -> [String] { clauses[pool] ?? [] }

  private struct Holder {
    let record: ReportObject.Record
    let node: String
    let pool: String

    var text: String { "\(record.pod ?? "a container") on node \(node)" }
  }
}
