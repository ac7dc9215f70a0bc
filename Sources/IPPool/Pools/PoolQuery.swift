public import Addressing
internal import Platform

/// For whom pools are looked for.
public struct PoolQuery: Sendable, Hashable {
  /// The node's name.
  public var nodeName: String
  /// The network's name as `multusName` lists write it: `namespace/name`.
  public var network: String
  /// The pod's namespace; `nil` when the runtime did not say.
  public var namespace: String?
  /// Whether pools for certain namespaces count although none is known: for STATUS, which is about all pods.
  public var isForAnyNamespace = false
  /// Names or globs of pools in order of preference, by family; `nil` takes the default pools.
  public var names: [IPFamily: [String]]?

  /// The names are those of the pod's annotation.
  var isNamedByPod = false

  /// Families that the pod requires: if one has no eligible pool, nothing is allocated.
  public var required: [IPFamily] = []

  /// Asks for the default pools of a network on a node.
  public init(nodeName: String, network: String, namespace: String? = nil) {
    self.nodeName = nodeName
    self.network = network
    self.namespace = namespace
  }

  /// Why a pool is not for this query; `nil` when it is.
  func objection(to pool: NodePool) -> String? {
    if pool.isDisabled { return pool.withheld ?? "it is disabled" }
    if names == nil, !pool.isDefault { return "it is no default pool, and the configuration names no pools" }
    return nodeObjection(to: pool) ?? networkObjection(to: pool) ?? namespaceObjection(to: pool)
      ?? pool.podAffinity.map { _ in "podAffinity cannot be evaluated: the pod's labels are not known here" }
  }

  private func nodeObjection(to pool: NodePool) -> String? {
    guard pool.nodeNames.isEmpty else {
      return pool.nodeNames.contains(nodeName)
        ? nil : "it is for node \(pool.nodeNames.joined(separator: ", ")), this is \(nodeName)"
    }
    // The one label of a node that is known without asking an API server.
    return Self.objection("nodeAffinity", pool.nodeAffinity, ["kubernetes.io/hostname": nodeName])
  }

  private func networkObjection(to pool: NodePool) -> String? {
    guard !pool.multusNames.isEmpty, !pool.multusNames.contains(where: isNetwork) else { return nil }
    return "it is for network \(pool.multusNames.joined(separator: ", ")), this is \(network)"
  }

  private func namespaceObjection(to pool: NodePool) -> String? {
    if isForAnyNamespace { return nil }
    guard pool.namespaceNames.isEmpty else {
      let wanted = pool.namespaceNames.joined(separator: ", ")
      guard let namespace else { return "it is for namespace \(wanted), and the pod's is not known" }
      return pool.namespaceNames.contains(namespace)
        ? nil : "it is for namespace \(wanted), the pod's is \(namespace)"
    }
    let labels = namespace.map { ["kubernetes.io/metadata.name": $0] } ?? [:]
    return Self.objection("namespaceAffinity", pool.namespaceAffinity, labels)
  }

  /// Some write `namespace/name`, others the name alone.
  private func isNetwork(_ name: String) -> Bool {
    let slash = UInt8(ascii: "/")
    let (left, right) = (name.fields(separatedBy: slash), network.fields(separatedBy: slash))
    return left == right || ((left.count == 1 || right.count == 1) && left.last == right.last)
  }

  private static func objection(_ key: String, _ selector: LabelSelector?, _ labels: [String: String])
    -> String?
  {
    switch selector?.matches(known: labels) {
    case .none where selector != nil: "\(key) cannot be evaluated: it asks for labels that are not known here"
    case .some(false): "\(key) does not match"
    default: nil
    }
  }
}
