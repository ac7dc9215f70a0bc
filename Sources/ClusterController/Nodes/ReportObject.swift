internal import Addressing
internal import KubernetesClient

/// What a node's agent has reported: an IPVLANNode, as far as the controller needs it.
struct ReportObject: Sendable {
  struct Pool: Sendable {
    let uid: String
    let generation: Int
    let held: Int
    let error: String?
  }

  struct Record: Sendable {
    let address: String
    let pod: String?
    let podUID: String?
  }

  /// Without its status.
  let object: UnstructuredObject
  /// The node's pools by name. Of two with one name, one of the API server and one of a file, the plugin uses the file's.
  let pools: [String: [Pool]]
  /// Who holds what, by the pool's name; `nil` when there is more than a report takes.
  let records: [String: [Record]]?
  /// What its pods hold, and what rests there; `nil` when the report does not say.
  let busy: AddressSet?
  /// The Node by which its files give addresses, and its leases were read since.
  let nodeUID: String?
  /// The node's files are what the API server had.
  let isInStep: Bool
  /// No other machine has the node's name, as far as it knows.
  let isUnique: Bool
  /// The last restore of the API server that the node knows of.
  let lostState: Timestamp?
  private let followedSince: Timestamp?

  var name: String { object.metadata.name ?? "" }

  init(_ object: UnstructuredObject) {
    self.object = UnstructuredObject(metadata: object.metadata)
    let status = object["status"]
    var pools: [String: [Pool]] = [:]
    for pool in status?["pools"]?.array ?? [] {
      guard let name = pool["name"]?.string else { continue }
      pools[name, default: []].append(
        Pool(
          uid: pool["uid"]?.string ?? "", generation: Int(pool["generation"]?.integer ?? 0),
          held: Int(pool["held"]?.integer ?? 0), error: pool["error"]?.string))
    }
    self.pools = pools
    records = status?["records"]?.array.map { entries in
      var records: [String: [Record]] = [:]
      for entry in entries {
        guard let address = entry["ip"]?.string, let pool = entry["pool"]?.string else { continue }
        records[pool, default: []].append(
          Record(address: address, pod: entry["pod"]?.string, podUID: entry["podUID"]?.string))
      }
      return records
    }
    busy = (status?["busy"]?.array).map { AddressSet($0.compactMap(\.string).compactMap(IPRange.init)) }
    nodeUID = status?["nodeUID"]?.string
    let condition = { (type: String) in
      status?["conditions"]?.array?.first { $0["type"]?.string == type }?["status"]?.string
    }
    isInStep = condition("PoolsInSync") == "True"
    isUnique = condition("AgentUnique") != "False"
    lostState = status?["lostState"]?.string.flatMap(Timestamp.init)
    followedSince = status?["followedSince"]?.string.flatMap(Timestamp.init)
  }

  /// Whether it is from after this moment, at which the API server was restored.
  func hasLooked(since moment: Timestamp) -> Bool { followedSince.map { $0 >= moment } ?? false }

  /// The pools of which it says anything.
  var poolNames: Set<String> { Set(pools.keys).union(records?.keys.map { $0 } ?? []) }

  /// What the node has of a pool of the API server.
  func pool(_ name: String, uid: String) -> Pool? { pools[name]?.first { $0.uid == uid } }

  /// How many addresses are held of the pools of this name, those that are gone included.
  func held(of name: String) -> Int { pools[name]?.reduce(0) { $0 + $1.held } ?? 0 }

  /// Whether the node's own files have the pool's name: what its pods hold is of that pool then, not of the API server's.
  func isHidden(_ name: String) -> Bool { pool(name, uid: "") != nil }
}
