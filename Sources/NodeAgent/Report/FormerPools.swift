internal import Addressing
internal import ClusterObjects
internal import KubernetesClient

/// The pools that are gone from the API server while pods hold their addresses: somebody has removed the finalizer by hand, and
/// has perhaps made a pool anew under the name.
///
/// The lease store keeps names only. What a pod held when the name went over to another UID is of the former one. An agent that
/// starts learns that from the report of the run before, but not where more is held than a report takes.
struct FormerPools: Sendable {
  struct Pool: Sendable, Hashable {
    let name: String
    let uid: String
    var held: UInt128
  }

  /// The UIDs of pools whose addresses pods hold, where the name has another one since.
  private var former: [StoreView.Record: String] = [:]
  /// The UIDs that names had when the leases were last read.
  private var last: [String: String] = [:]
  /// The UIDs that the API server had when the pool file was last written.
  private var present: [String: String] = [:]
  /// The UIDs that the run before has reported.
  private var reported: [String: [String]] = [:]

  /// Reads the report of the run before.
  mutating func recall(_ report: UnstructuredObject) {
    let status = report["status"]
    for entry in status?["records"]?.array ?? [] {
      guard let uid = entry["poolUID"]?.string, let record = StoreView.Record(entry) else { continue }
      former[record] = uid
    }
    for pool in status?["pools"]?.array ?? [] {
      guard let name = pool["name"]?.string, let uid = pool["uid"]?.string, !uid.isEmpty else { continue }
      reported[name, default: []].append(uid)
    }
  }

  /// The pool file has been written by these pools of the API server, for whatever node they are.
  mutating func write(_ pools: LastValidPools) {
    present = pools.pools.mapValues(\.identity.uid).merging(pools.faults.mapValues(\.identity.uid)) { $1 }
  }

  /// Takes note of who holds addresses: of leases that were read after the pool file was written.
  mutating func note(_ store: StoreView) {
    let records = Set(store.records)
    former = former.filter { records.contains($0.key) }
    for (name, uids) in reported where last[name] == nil {
      // The run before may have ended while one took the other's place.
      last[name] = uids.first { $0 != present[name] && !former.values.contains($0) }
    }
    reported = [:]
    // A pool of the node's own files goes before one of the API server: what is held under its name is of neither.
    let ofFiles = Set(store.pools.lazy.filter { !$0.isFromCluster }.map(\.name))
    for record in records where !ofFiles.contains(record.pool) && former[record] == nil {
      if let uid = last[record.pool], uid != present[record.pool] { former[record] = uid }
    }
    last = present
  }

  /// The UID of the pool that the address was given by, if that is no more what the name stands for.
  func uid(of record: StoreView.Record) -> String? { former[record] }

  /// The pools, with how many of their addresses are held.
  var pools: [Pool] {
    var pools: [String: Pool] = [:]
    for (record, uid) in former { pools[uid, default: Pool(name: record.pool, uid: uid, held: 0)].held += 1 }
    return Array(pools.values)
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
