internal import Addressing
internal import ClusterObjects
internal import JSON
internal import KubernetesClient

/// Who holds addresses of a pool, as the nodes report it.
struct PoolUse: Sendable {
  /// More records than these are left out of a pool's status; the counts stay.
  static let mostRecords = 2000

  /// How many addresses are held, by the node's name; only nodes that hold any.
  private(set) var held: [String: Int] = [:]
  /// Each held address with its pod; without those of nodes that hold more than a report takes.
  private(set) var records: [ReportObject.Record] = []
  /// The nodes whose files have the pool, by their names.
  private(set) var nodes: [String: ReportObject.Pool] = [:]
  /// Nodes that still use a form of the pool from before its deletion was asked for, or may.
  private(set) var behind: [String] = []
  /// Those of them that have not reported the pool's last edit.
  private(set) var outdated: [String] = []

  init(_ name: String, _ metadata: ObjectMetadata, _ reports: some Collection<ReportObject>) {
    let uid = metadata.uid ?? ""
    for report in reports {
      let pool = report.pool(name, uid: uid)
      if !report.isHidden(name) {
        let records = report.records?[name] ?? []
        let count = max(records.count, report.held(of: name))
        if count > 0 { held[report.name] = count }
        self.records += records
      }
      guard let pool else { continue }
      nodes[report.name] = pool
      let isOutdated = pool.generation < Int(metadata.generation ?? 0)
      if isOutdated { outdated.append(report.name) }
      if isOutdated || !report.isInStep { behind.append(report.name) }
    }
    behind.sort()
    outdated.sort()
  }

  /// How many addresses are held in all.
  var count: Int { held.values.reduce(0, +) }

  /// `{"172.31.16.4":{"pod":"default/a","podUid":""}}`, as Spiderpool writes it; `null` when there is nothing to write.
  var text: FieldValue {
    guard !records.isEmpty, records.count == count, count <= Self.mostRecords else { return .null }
    let sorted = records.sorted { left, right in
      guard let first = IPAddress(left.address), let second = IPAddress(right.address) else {
        return left.address < right.address
      }
      // Of two pods that hold one address the same one is named each time.
      return (first, left.pod ?? "") < (second, right.pod ?? "")
    }
    var object = JSONObject()
    for record in sorted {
      object[record.address] = .object([
        "pod": .string(record.pod ?? ""), "podUid": .string(record.podUID ?? ""),
      ])
    }
    return .string(String(decoding: JSONValue.object(object).serialized(), as: UTF8.self))
  }

  /// Held addresses that are not among these.
  func outside(_ addresses: AddressSet) -> [IPAddress] {
    records.compactMap { IPAddress($0.address) }.filter { !addresses.contains($0) }.sorted()
  }
}
