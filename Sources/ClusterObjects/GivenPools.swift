package import Addressing

/// The pools by which a node gives addresses, as far as other nodes have to know: those of its file, and those of the files
/// before it until the leases have been read.
package struct GivenPools: Sendable {
  /// What the file gives as it is now, also where its leases have not been read yet.
  private var inFile: [NodeProgress.Pool]
  /// What it gave when the node knew all that its pods hold, and nobody else could claim it. Until then: what the run before
  /// has reported.
  private var acknowledged: [NodeProgress.Pool]

  /// - Parameter before: the pools of the file of the run before.
  package init(before pools: [PoolObject]) {
    inFile = pools.map { NodeProgress.Pool($0, giving: $0.pool.addresses) }
    acknowledged = inFile
  }

  /// The report of the run before has been read. That run may have ended before it knew who holds what.
  package mutating func recall(_ reported: [NodeProgress.Pool]) {
    if !reported.isEmpty { acknowledged = reported }
  }

  /// The file has been written.
  package mutating func write(_ resolution: PoolResolution) {
    inFile = resolution.entries.map {
      NodeProgress.Pool($0.object, giving: $0.withheld == nil ? $0.addresses : AddressSet())
    }
  }

  /// The lease store was read after the file was written: whoever had an address by an earlier form is in it, and has a block
  /// where one is needed.
  package mutating func acknowledge() { acknowledged = inFile }

  /// What the file gives of pools that are this node's alone.
  package var own: AddressSet { AddressSet(union: inFile.compactMap(\.own)) }

  /// What the node's report has to say: the pools of a resolution in its order, then those by which it perhaps still gives
  /// addresses.
  ///
  /// - Parameter wanted: what it gives, or is about to give, of pools that are its own alone.
  package func reported(_ resolution: PoolResolution?, about wanted: AddressSet) -> [NodeProgress.Pool] {
    var pools = (resolution?.entries ?? []).map { entry in
      let (pool, identity) = (entry.object.pool, entry.object.identity)
      let given = given(identity.name, identity.uid)
      guard !pool.isShared else { return standing(identity.name, identity.uid, pool.subnet, given) }
      let own = identity.terminating == nil ? wanted.intersection(pool.addresses) : AddressSet()
      return standing(identity.name, identity.uid, pool.subnet, given.map(own.union) ?? own)
    }
    for former in acknowledged + inFile
    where !pools.contains(where: { $0.name == former.name && $0.uid == former.uid }) {
      pools.append(standing(former.name, former.uid, former.subnet, given(former.name, former.uid)))
    }
    return pools
  }

  private func standing(_ name: String, _ uid: String, _ subnet: CIDR?, _ own: AddressSet?)
    -> NodeProgress.Pool
  {
    let generation = acknowledged.first { $0.name == name && $0.uid == uid }?.generation
    return NodeProgress.Pool(name: name, uid: uid, generation: generation ?? 0, subnet: subnet, own: own)
  }

  /// What the file gives, and what it gave when the leases were last read; `nil` of a pool that the node has shared since.
  private func given(_ name: String, _ uid: String) -> AddressSet? {
    let given = (acknowledged + inFile).filter { $0.name == name && $0.uid == uid }.compactMap(\.own)
    return given.isEmpty ? nil : AddressSet(union: given)
  }
}
