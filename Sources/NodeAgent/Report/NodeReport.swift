internal import Addressing
internal import ClusterObjects
internal import KubernetesClient

/// What an agent reports of its node: the status of the IPVLANNode.
struct NodeReport: Sendable, Hashable {
  /// More than so many records are left out: an object of the API server has at most 1.5 MiB. The counts stay.
  static let mostRecords = 2000
  /// So many ranges are written of the addresses that pods hold; of more those that lie next to each other become one.
  static let mostRanges = 4000

  enum Kind: String, Sendable, CaseIterable {
    case poolsInSync = "PoolsInSync"
    case storeReadable = "StoreReadable"
    case agentUnique = "AgentUnique"
  }

  struct Condition: Sendable, Hashable {
    var kind: Kind
    var isTrue: Bool
    var reason: String
    var message: String
  }

  struct Pool: Sendable, Hashable {
    var name: String
    /// Empty for one that only a file on the node has.
    var uid = ""
    var generation = 0
    var subnet: CIDR?
    /// What the node gives of a pool that is its own alone.
    var own: AddressSet?
    var total: UInt128 = 0
    var held: UInt128 = 0
    var cooling: UInt128 = 0
    var error: String?

    /// One that only a file on the node has.
    init(name: String, total: UInt128, held: UInt128, cooling: UInt128) {
      (self.name, self.total, self.held, self.cooling) = (name, total, held, cooling)
    }

    /// One that cannot be used.
    init(name: String, uid: String, generation: Int, error: String) {
      (self.name, self.uid, self.generation, self.error) = (name, uid, generation, error)
    }

    /// One that is gone while pods hold its addresses. Nothing is given by it.
    init(_ pool: FormerPools.Pool) {
      (name, uid, held, own) = (pool.name, pool.uid, pool.held.count, AddressSet())
    }

    /// One by which the node gives addresses.
    init(_ pool: NodeProgress.Pool) {
      (name, uid, generation, subnet, own) = (pool.name, pool.uid, pool.generation, pool.subnet, pool.own)
    }
  }

  var machineID: String
  var bootID: String
  var version: String
  var conditions: [Condition] = []
  var pools: [Pool] = []
  /// `nil` as long as nobody could read the leases: what the report of before says stays.
  var records: [StoreView.Record]?
  /// Addresses that pods hold, and those that rest; `nil` as above.
  var busy: AddressSet?
  /// The Node that the file's blocks are of, once the leases have been read since; `nil` before.
  var nodeUID: String?
  /// See ``Continuity``.
  var followedSince: Timestamp?
  var lostState: Timestamp?

  /// The status as the API has it.
  ///
  /// - Parameter since: when conditions took on what they say, by their kind.
  func status(lastSync: Timestamp?, since: [Kind: Timestamp]) -> FieldValue {
    var status: FieldValue = [
      "machineID": .string(machineID), "bootID": .string(bootID), "version": .string(version),
      "conditions": .array(
        conditions.map { condition in
          [
            "type": .string(condition.kind.rawValue), "status": .string(condition.isTrue ? "True" : "False"),
            "reason": .string(condition.reason), "message": .string(String(condition.message.prefix(2000))),
            "lastTransitionTime": .string("\((since[condition.kind] ?? .now()).inSeconds)"),
          ]
        }),
      "pools": .array(pools.map(Self.value)),
    ]
    // null removes what an earlier report has said.
    status["lastSync"] = lastSync.map { .string("\($0.inSeconds)") } ?? .null
    if let records {
      status["records"] = records.count > Self.mostRecords ? .null : .array(records.map(Self.value))
    }
    status["busy"] = busy.map(Self.mergedRanges)
    status["nodeUID"] = nodeUID.map(FieldValue.string) ?? .null
    status["followedSince"] = followedSince.map { .string("\($0)") } ?? .null
    status["lostState"] = lostState.map { .string("\($0)") } ?? .null
    return status
  }

  private static func value(_ pool: Pool) -> FieldValue {
    var value: FieldValue = [
      "name": .string(pool.name), "generation": .integer(Int64(pool.generation)),
      "total": FieldValue(count: pool.total), "held": FieldValue(count: pool.held),
      "cooling": FieldValue(count: pool.cooling),
    ]
    // Kubernetes 1.20 takes an empty text for null, and refuses the report.
    if !pool.uid.isEmpty { value["uid"] = .string(pool.uid) }
    value["subnet"] = pool.subnet.map { .string("\($0)") }
    // Exactly: two nodes that say more than they give would wait for each other.
    value["ips"] = pool.own.map { .array($0.ranges.map { .string("\($0)") }) }
    value["error"] = pool.error.map(FieldValue.string)
    return value
  }

  /// Other nodes leave out what is written here: a few addresses more do no harm.
  private static func mergedRanges(_ addresses: AddressSet) -> FieldValue {
    var ranges = addresses.ranges
    while ranges.count > mostRanges {
      ranges = stride(from: 0, to: ranges.count, by: 2).flatMap { index -> [IPRange] in
        let next = index + 1 < ranges.count ? ranges[index + 1] : ranges[index]
        return IPRange(ranges[index].lower, next.upper).map { [$0] } ?? [ranges[index], next]
      }
    }
    return .array(ranges.map { .string("\($0)") })
  }

  private static func value(_ record: StoreView.Record) -> FieldValue {
    var value: FieldValue = ["ip": .string("\(record.address)"), "pool": .string(record.pool)]
    value["pod"] = record.pod.map(FieldValue.string)
    if let uid = record.podUID, !uid.isEmpty { value["podUID"] = .string(uid) }
    value["poolUID"] = record.poolUID.map(FieldValue.string)
    return value
  }
}
