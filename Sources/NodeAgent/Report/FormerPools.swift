internal import Addressing
internal import ClusterObjects
internal import KubernetesClient

/// The pools that are gone from the API server while pods hold their addresses: somebody has removed the finalizer by hand, and
/// has perhaps made a pool anew under the name.
///
/// The lease store keeps names only. What a pod held when the name went over to another UID is of the former one, and so is what
/// the new one gives before the leases are looked at again. An agent that starts learns that from the report of the run before,
/// which names no records where more is held than a report takes.
struct FormerPools: Sendable {
  struct Pool: Sendable, Hashable {
    let name: String
    let uid: String
    /// What pods hold of it.
    var held = AddressSet()
  }

  private struct Reported {
    let uid: String
    let isHeld: Bool
  }

  /// The UIDs of pools whose addresses pods hold, where the name has another one since.
  private var former: [StoreView.Record: String] = [:]
  /// The UIDs that names had when the leases were last read.
  private var last: [String: String] = [:]
  /// The UIDs that the API server had when the pool file was last written.
  private var present: [String: String] = [:]
  /// What the run before has reported, by the pools' names.
  private var reported: [String: [Reported]] = [:]

  /// Reads the report of the run before.
  mutating func recall(_ report: UnstructuredObject) {
    let status = report["status"]
    for entry in status?["records"]?.array ?? [] {
      guard let uid = entry["poolUID"]?.string, let record = StoreView.Record(entry) else { continue }
      former[record] = uid
    }
    for pool in status?["pools"]?.array ?? [] {
      guard let name = pool["name"]?.string, let uid = pool["uid"]?.string, !uid.isEmpty else { continue }
      reported[name, default: []].append(Reported(uid: uid, isHeld: pool["held"]?.integer ?? 0 > 0))
    }
  }

  /// The pool file has been written by these pools of the API server, for whatever node they are.
  mutating func write(_ pools: LastValidPools) {
    present = pools.pools.mapValues(\.identity.uid).merging(pools.faults.mapValues(\.identity.uid)) { $1 }
  }

  /// Takes note of who holds addresses: of leases that were read after the pool file was written.
  mutating func note(_ store: StoreView) {
    for name in reported.keys where last[name] == nil { last[name] = standing(name) }
    reported = [:]
    let records = Set(store.records)
    // A restored server may have a former one again.
    let isBack = former.filter { $0.value == present[$0.key.pool] }
    former = former.filter { records.contains($0.key) && isBack[$0.key] == nil }
    // A pool of the node's own files goes before one of the API server: what is held under its name is of neither.
    let ofFiles = Set(store.pools.lazy.filter { !$0.isFromCluster }.map(\.name))
    for record in records
    where !ofFiles.contains(record.pool) && former[record] == nil && isBack[record] == nil {
      if let uid = last[record.pool], uid != present[record.pool] { former[record] = uid }
    }
    last = present
  }

  /// What the name stood for when the run before ended, as far as its report tells.
  private func standing(_ name: String) -> String? {
    let reported = reported[name] ?? []
    let hasPresent = reported.contains { $0.uid == present[name] }
    return reported.first { pool in
      // Beside the present one a former one that is held has been told apart; one that is not, had just ended.
      pool.uid != present[name] && !former.values.contains(pool.uid) && !(hasPresent && pool.isHeld)
    }?.uid
  }

  /// The UID of the pool that the address was given by, if that is no more what the name stands for.
  func uid(of record: StoreView.Record) -> String? { former[record] }

  /// The pools, with what pods hold of each.
  var pools: [Pool] {
    Dictionary(grouping: former) { Pool(name: $0.key.pool, uid: $0.value) }.map { pool, records in
      var pool = pool
      pool.held = AddressSet(records.map { IPRange($0.key.address) })
      return pool
    }.sorted { ($0.name, $0.uid) < ($1.name, $1.uid) }
  }
}

extension StoreView.Record {
  fileprivate init?(_ entry: FieldValue) {
    guard let address = entry["ip"]?.string.flatMap(IPAddress.init), let pool = entry["pool"]?.string else {
      return nil
    }
    self.init(address: address, pool: pool, pod: entry["pod"]?.string, podUID: entry["podUID"]?.string)
  }
}
