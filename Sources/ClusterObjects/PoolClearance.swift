package import Addressing
package import KubernetesClient

/// How far a node has come with pools, as its report says: an IPVLANNode.
package struct NodeStanding: Sendable, Hashable {
  /// A pool of the API server in a form that the node may still give addresses by.
  package struct Pool: Sendable, Hashable {
    package let name: String
    package let uid: String
    package let generation: Int
    /// Where its addresses lie; `nil` where the report does not say.
    package let subnet: CIDR?
    /// What the node gives of a pool that is its own alone; `nil` of one that it shares, where its blocks say it.
    package let own: AddressSet?

    package init(name: String, uid: String, generation: Int, subnet: CIDR? = nil, own: AddressSet? = nil) {
      (self.name, self.uid, self.generation, self.subnet, self.own) = (name, uid, generation, subnet, own)
    }

    /// The form of an object, and what the node's file gives by it.
    package init(_ object: PoolObject, giving addresses: AddressSet) {
      self.init(
        name: object.name, uid: object.identity.uid, generation: object.identity.generation,
        subnet: object.pool.subnet, own: object.pool.isShared ? nil : addresses)
    }
  }

  package let node: String
  package let pools: [Pool]
  /// The node's file could not be written: it has an earlier form.
  package let isFileOld: Bool
  /// What its pods hold, and what rests there; `nil` when the report does not say.
  package let held: AddressSet?

  package init(node: String, pools: [Pool], isFileOld: Bool = false, held: AddressSet? = AddressSet()) {
    (self.node, self.pools, self.isFileOld, self.held) = (node, pools, isFileOld, held)
  }

  /// Reads a report. What it says of pools that only a file of the node has is left out.
  package init(_ report: UnstructuredObject) {
    let status = report["status"]
    let sync = status?["conditions"]?.array?.first { $0["type"]?.string == "PoolsInSync" }
    self.init(
      node: report.metadata.name ?? "",
      pools: (status?["pools"]?.array ?? []).compactMap { pool in
        guard let name = pool["name"]?.string, let uid = pool["uid"]?.string, !uid.isEmpty else { return nil }
        return Pool(
          name: name, uid: uid, generation: Int(pool["generation"]?.integer ?? 0),
          subnet: pool["subnet"]?.string.flatMap(CIDR.init),
          own: pool["ips"]?.array.map { AddressSet($0.compactMap(\.string).compactMap(IPRange.init)) })
      }, isFileOld: sync?["status"]?.string == "False" && sync?["reason"]?.string == "NotWritten",
      held: (status?["busy"]?.array).map { AddressSet($0.compactMap(\.string).compactMap(IPRange.init)) })
  }
}

/// What tells the forms of a pool apart.
package struct PoolForm: Sendable, Hashable {
  let uid: String
  let generation: Int

  init(uid: String, generation: Int) { (self.uid, self.generation) = (uid, generation) }
  init(_ identity: ObjectIdentity) { self.init(uid: identity.uid, generation: identity.generation) }
}

/// Which shared pools may be claimed from: those of which no node gives addresses by a form from before.
///
/// A pool that is one node's alone has no blocks. When an edit makes it a shared one, that node's pods hold addresses without a
/// block, and it gives more until it has heard of the edit. So others wait for its report: it says that it has a
/// form of a pool when its file has that form, and each address that its pods hold has a block. The same holds for
/// addresses that an edit has taken out of another pool of the subnet, and for a pool that was made anew under its name.
package struct PoolClearance: Sendable {
  /// What is asked of all reports: the pools in question, and what was known of pools when it was asked.
  package struct Question: Sendable {
    fileprivate let node: String
    fileprivate let pools: [ObjectIdentity]
    fileprivate let known: [String: (form: PoolForm, subnet: CIDR)]
  }

  private var cleared: [String: PoolForm] = [:]
  private var asking: [ObjectIdentity] = []
  private var known: [String: (form: PoolForm, subnet: CIDR)] = [:]
  /// What each pool waits for, by its name.
  package private(set) var obstacles: [String: String] = [:]

  /// Takes note of all pools of the cluster.
  mutating func begin(_ pools: some Collection<PoolObject>) {
    known = [:]
    for object in pools { known[object.name] = (PoolForm(object.identity), object.pool.subnet) }
    cleared = cleared.filter { known[$0.key]?.form == $0.value }
    obstacles = obstacles.filter { known[$0.key] != nil && cleared[$0.key] == nil }
    asking = []
  }

  func isCleared(_ pool: ObjectIdentity) -> Bool { cleared[pool.name] == PoolForm(pool) }

  mutating func ask(_ pool: ObjectIdentity) { asking.append(pool) }

  func question(of node: String) -> Question? {
    asking.isEmpty ? nil : Question(node: node, pools: asking, known: known)
  }

  /// Takes over the reports of all nodes, which were read after the question was asked.
  mutating func answer(_ question: Question, _ reports: [NodeStanding]) {
    for pool in question.pools where known[pool.name]?.form == PoolForm(pool) {
      obstacles[pool.name] = reports.lazy.compactMap { question.obstacle(to: pool, $0) }.first
      if obstacles[pool.name] == nil { cleared[pool.name] = PoolForm(pool) }
    }
    let cleared = cleared
    asking.removeAll { cleared[$0.name] == PoolForm($0) }
  }
}

extension PoolClearance.Question {
  fileprivate func obstacle(to pool: ObjectIdentity, _ report: NodeStanding) -> String? {
    guard report.node != node, let subnet = known[pool.name]?.subnet else { return nil }
    for former in report.pools {
      let current = known[former.name]
      // Of a pool that is gone only the report says where its addresses were. Where it does not, the pool's finalizer has
      // seen to it that no node gives any.
      let subnets = [former.subnet, current?.subnet].compactMap(\.self)
      guard subnets.contains(where: subnet.overlaps) else { continue }
      guard
        current?.form.uid == former.uid, current?.form.generation == former.generation, !report.isFileOld
      else {
        return
          "node \(report.node) has not reported yet that it gives addresses of pool \(former.name) by its present"
          + " form alone: is ipvlan-agent running there? If the node is gone for good: kubectl delete ipvlannode"
          + " \(report.node)"
      }
    }
    return nil
  }
}
