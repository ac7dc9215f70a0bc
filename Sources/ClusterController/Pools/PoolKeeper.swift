internal import ClusterObjects
internal import KubernetesClient

/// Keeps a pool that is being deleted until no pod holds an address of it, and each node has heard that it gives none.
enum PoolKeeper {
  static let finalizer = "ipvlan-cni.dev/held"

  /// What has to be done about the finalizer; `nil` when nothing has to.
  ///
  /// - Parameter isWhole: whether all nodes' reports are known. Without them nobody can tell that nothing is held.
  static func step(for pool: UnstructuredObject, _ use: PoolUse, isWhole: Bool) -> Step? {
    let finalizers = pool.metadata.finalizers ?? []
    let isKept = finalizers.contains(finalizer)
    guard pool.metadata.deletionTimestamp != nil else {
      return isKept ? nil : .setFinalizers(pool, finalizers + [finalizer])
    }
    guard isKept, isWhole, use.held.isEmpty, use.behind.isEmpty else { return nil }
    return .setFinalizers(pool, finalizers.filter { $0 != finalizer })
  }
}
