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

    package init(name: String, uid: String, generation: Int, subnet: CIDR? = nil) {
      (self.name, self.uid, self.generation, self.subnet) = (name, uid, generation, subnet)
    }

    /// The form of an object.
    package init(_ object: PoolObject) {
      self.init(
        name: object.name, uid: object.identity.uid, generation: object.identity.generation,
        subnet: object.pool.subnet)
    }
  }

  package let node: String
  package let pools: [Pool]
  /// The node's file could not be written: it has an earlier form.
  package let isFileOld: Bool

  package init(node: String, pools: [Pool], isFileOld: Bool = false) {
    (self.node, self.pools, self.isFileOld) = (node, pools, isFileOld)
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
          subnet: pool["subnet"]?.string.flatMap(CIDR.init))
      }, isFileOld: sync?["status"]?.string == "False" && sync?["reason"]?.string == "NotWritten")
  }
}

/// Which shared pools may be claimed from: those of which no node gives addresses by a form from before.
///
/// A pool that is one node's alone has no blocks. When an edit makes it a shared one, that node's pods hold addresses without a
/// block, and it gives more until it has heard of the edit. So others wait for its report: it says that it has a
/// form of a pool when its file has that form, and each address that its pods hold has a block. The same holds for
/// addresses that an edit has taken out of another pool of the subnet, and for a pool that was made anew under its name.
package struct PoolClearance: Sendable {
  fileprivate struct Form: Sendable, Hashable {
    let uid: String
    let generation: Int

    init(_ identity: ObjectIdentity) { (uid, generation) = (identity.uid, identity.generation) }
  }

  /// What is asked of all reports: the pools in question, and what was known of pools when it was asked.
  package struct Question: Sendable {
    fileprivate let node: String
    fileprivate let pools: [ObjectIdentity]
    fileprivate let known: [String: (form: Form, subnet: CIDR)]
  }

  private var cleared: [String: Form] = [:]
  private var asking: [ObjectIdentity] = []
  private var known: [String: (form: Form, subnet: CIDR)] = [:]
  /// What each pool waits for, by its name.
  package private(set) var obstacles: [String: String] = [:]

  /// Takes note of all pools of the cluster.
  mutating func begin(_ pools: some Collection<PoolObject>) {
    known = [:]
    for object in pools { known[object.name] = (Form(object.identity), object.pool.subnet) }
    cleared = cleared.filter { known[$0.key]?.form == $0.value }
    obstacles = obstacles.filter { known[$0.key] != nil && cleared[$0.key] == nil }
    asking = []
  }

  func isCleared(_ pool: ObjectIdentity) -> Bool { cleared[pool.name] == Form(pool) }

  mutating func ask(_ pool: ObjectIdentity) { asking.append(pool) }

  func question(of node: String) -> Question? {
    asking.isEmpty ? nil : Question(node: node, pools: asking, known: known)
  }

  /// Takes over the reports of all nodes, which were read after the question was asked.
  mutating func answer(_ question: Question, _ reports: [NodeStanding]) {
    for pool in question.pools where known[pool.name]?.form == Form(pool) {
      obstacles[pool.name] = reports.lazy.compactMap { question.obstacle(to: pool, $0) }.first
      if obstacles[pool.name] == nil { cleared[pool.name] = Form(pool) }
    }
    let cleared = cleared
    asking.removeAll { cleared[$0.name] == Form($0) }
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
