package import Addressing
package import KubernetesClient

/// How far a node has come with pools, as its report says: an IPVLANNode.
package struct NodeProgress: Sendable, Hashable {
  /// A pool of the API server in a form that the node may still give addresses by.
  package struct Pool: Sendable, Hashable {
    package let name: String
    package let uid: String
    package let generation: Int
    /// Where its addresses lie; `nil` where the report does not say.
    package let subnet: CIDR?
    /// What the node gives, or is about to give, of a pool that is its own alone; `nil` of one that it shares, where its blocks say it.
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
  /// Since when the node has seen all that there is: ``Continuity/followedSince``.
  package let followedSince: Timestamp?
  /// The last restore of the API server that the node knows of: ``Continuity/lostState``.
  package let lostState: Timestamp?
  /// Nobody has to wait for the node: an administrator has said so, and no agent has reported since.
  package let isGone: Bool

  /// On a report that an administrator has made for a node that is gone for good, and that the API server has forgotten.
  private static let goneAnnotation = "ipvlan-cni.dev/gone"

  package init(
    node: String, pools: [Pool], isFileOld: Bool = false, held: AddressSet? = AddressSet(),
    followedSince: Timestamp? = nil, lostState: Timestamp? = nil, isGone: Bool = false
  ) {
    (self.node, self.pools, self.isFileOld, self.held) = (node, pools, isFileOld, held)
    (self.followedSince, self.lostState, self.isGone) = (followedSince, lostState, isGone)
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
      held: (status?["busy"]?.array).map { AddressSet($0.compactMap(\.string).compactMap(IPRange.init)) },
      followedSince: status?["followedSince"]?.string.flatMap(Timestamp.init),
      lostState: status?["lostState"]?.string.flatMap(Timestamp.init),
      isGone: status == nil && report.metadata.annotations?[Self.goneAnnotation] == "true")
  }
}

extension NodeProgress {
  /// What keeps another node from using addresses.
  struct Obstacle: Sendable {
    let addresses: AddressSet
    let problem: String
    /// Whether a node's report says that it holds them, or gives them as its own.
    var isTaken = false
  }

  /// The part of these addresses that this node may give, or may be given a block of.
  ///
  /// - Parameter known: the pools as the node knows them that asks.
  func givers(of addresses: AddressSet, _ known: [String: KnownPool]) -> [Obstacle] {
    pools.compactMap { pool in
      if let own = pool.own {
        return obstacle(
          addresses, own, isTaken: true, "is still given by node \(node) (pool \(pool.name)): \(remedy)")
      }
      let present = known[pool.name]
      guard isFileOld || present?.form != PoolForm(uid: pool.uid, generation: pool.generation) else {
        return nil
      }
      // It may claim blocks by that form, or was alone with the pool. Of a pool that is gone only the report says where its
      // addresses were. Where it does not, the pool's finalizer has seen to it that no node gives any.
      let subnets = [pool.subnet, present?.subnet].compactMap(\.self)
      return obstacle(
        addresses, AddressSet(subnets.map { IPRange($0) }),
        "may be given by node \(node), which has not reported yet that it has heard of the last edit of pool"
          + " \(pool.name): \(remedy)")
    }
  }

  /// The part of these addresses that pods of this node hold.
  func holders(of addresses: AddressSet) -> [Obstacle] {
    guard let held else {
      return [
        obstacle(
          addresses, AddressSet(pools.compactMap(\.subnet).map { IPRange($0) }),
          "may be held by a pod of node \(node), which has not said which addresses its pods hold: \(remedy)")
      ].compactMap(\.self)
    }
    return [
      obstacle(
        addresses, held, isTaken: true,
        "is held by a pod of node \(node), or rests there. It is given here after that: kubectl get ipvlannode \(node) -o yaml"
      )
    ].compactMap(\.self)
  }

  var remedy: String {
    "does ipvlan-agent run there? If the node is gone for good: kubectl delete ipvlannode \(node)"
  }

  /// The same where there is no report that could be deleted.
  static func remedy(forMissing node: String) -> String {
    "does ipvlan-agent run there? If the node is gone for good: kubectl create -f - <<<"
      + "'{\"apiVersion\": \"ipvlan-cni.dev/v1alpha1\", \"kind\": \"IPVLANNode\", \"metadata\":"
      + " {\"name\": \"\(node)\", \"annotations\": {\"\(goneAnnotation)\": \"true\"}}}'"
  }

  private func obstacle(
    _ addresses: AddressSet, _ others: AddressSet, isTaken: Bool = false, _ problem: String
  ) -> Obstacle? {
    let common = addresses.intersection(others)
    guard let first = common.ranges.first else { return nil }
    return Obstacle(addresses: common, problem: "\(first) \(problem)", isTaken: isTaken)
  }
}

/// What tells the forms of a pool apart.
package struct PoolForm: Sendable, Hashable {
  let uid: String
  let generation: Int

  init(uid: String, generation: Int) { (self.uid, self.generation) = (uid, generation) }
  init(_ identity: ObjectIdentity) { self.init(uid: identity.uid, generation: identity.generation) }
}

/// A pool as a node knows it that asks others.
struct KnownPool: Sendable {
  let form: PoolForm
  let subnet: CIDR

  init(_ object: PoolObject) { (form, subnet) = (PoolForm(object.identity), object.pool.subnet) }
}

/// What a node's report has said of pools, as far as the API server has it for certain.
package struct PublishedReport: Sendable, Hashable {
  /// What the node gives, or is about to give, of pools of its own.
  package let own: AddressSet
  /// The forms by which it gives addresses of pools that it shares.
  package let shared: Set<PoolForm>

  private init(own: AddressSet, shared: Set<PoolForm>) { (self.own, self.shared) = (own, shared) }

  package init(_ pools: [NodeProgress.Pool] = []) {
    own = AddressSet(union: pools.compactMap(\.own))
    shared = Set(
      pools.filter { $0.own == nil }.map { PoolForm(uid: $0.uid, generation: $0.generation) })
  }

  /// What both say: while one takes the other's place nobody can tell which of them the API server has.
  func common(_ other: PublishedReport) -> PublishedReport {
    PublishedReport(own: own.intersection(other.own), shared: shared.intersection(other.shared))
  }
}
