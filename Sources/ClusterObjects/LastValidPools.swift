package import KubernetesClient

/// The pools of the cluster, each in the last form that could be used.
///
/// An object that the parser refuses though the API server took it stays in use as it was before, and hides no other.
package struct LastValidPools: Sendable {
  /// The usable pools by name.
  package private(set) var pools: [String: PoolObject] = [:]
  /// What is wrong with the newest form of a pool, by name.
  package private(set) var faults: [String: Fault] = [:]

  /// The nodes with a pool of their own of which they give addresses, or pods hold some, by what its status says. Of the nodes
  /// that a shared pool names, some may not be there yet: who has addresses of it, blocks tell.
  package var holders: Set<String> { Set(holderByPool.values) }
  private var holderByPool: [String: String] = [:]

  package struct Fault: Sendable, Hashable {
    package var identity: ObjectIdentity
    package var problem: String
    /// The nodes that the pool names, as far as they can be read.
    package var nodeNames: [String] = []
  }

  /// Begins with what the file of the run before held, so that a pool that is wrong now is used as it was then.
  package init(before pools: [PoolObject] = []) {
    for pool in pools { self.pools[pool.name] = pool }
  }

  /// Takes over the whole collection: what is not in it is gone.
  package mutating func replace(with objects: [UnstructuredObject]) {
    let names = Set(objects.compactMap(\.metadata.name))
    pools = pools.filter { names.contains($0.key) }
    (faults, holderByPool) = ([:], [:])
    for object in objects { take(object) }
  }

  /// Takes a new object, or a new form of one.
  package mutating func take(_ object: UnstructuredObject) {
    guard let name = object.metadata.name else { return }
    let nodeNames = (object["spec"]?["nodeName"]?.array ?? []).compactMap(\.string)
    holderByPool[name] = Set(nodeNames).count == 1 && Self.isUsed(object["status"]) ? nodeNames[0] : nil
    do throws(ObjectFault) {
      pools[name] = try PoolObject(object)
      faults[name] = nil
    } catch {
      let identity = ObjectIdentity(object.metadata)
      faults[name] = Fault(
        identity: identity, problem: error.problem, nodeNames: nodeNames)
      // Another object of that name: the former one is gone.
      if let former = pools[name], former.identity.uid != identity.uid { pools[name] = nil }
    }
  }

  /// Whether a node gives addresses of a pool, or pods hold some. Spiderpool's definitions keep no conditions.
  private static func isUsed(_ status: FieldValue?) -> Bool {
    let ready = status?["conditions"]?.array?.first { $0["type"]?.string == "Ready" }
    return status?["allocatedIPCount"]?.integer ?? 0 > 0 || ready?["status"]?.string == "True"
      || ready?["reason"]?.string == "NodeProblem"
  }

  /// Follows the collection.
  package mutating func take(_ event: ReflectorEvent<UnstructuredObject>) {
    switch event {
    case .listed(let list): replace(with: list.items)
    case .changed(let object): take(object)
    case .deleted(let object): if let name = object.metadata.name { remove(name) }
    case .connected, .failed: break
    }
  }

  /// An object is gone.
  package mutating func remove(_ name: String) {
    pools[name] = nil
    faults[name] = nil
    holderByPool[name] = nil
  }
}
