public import Addressing
internal import Platform

/// For whom pools are looked for.
public struct PoolQuery: Sendable, Hashable {
  /// The node's name.
  public var nodeName: String
  /// Whether there is no other node: a pool that several could share is this one's then.
  public var isSingleNode = false
  /// The network's name as `multusName` lists write it: `namespace/name`.
  public var network: String
  /// The pod's namespace; `nil` when the runtime did not say.
  public var namespace: String?
  /// Whether pools for certain pods and namespaces count although none is known: for STATUS, which is about all pods.
  public var isForAnyPod = false
  /// The labels of the pod; `nil` when they are not known.
  public var podLabels: [String: String]?
  /// The labels of the pod's namespace; `nil` when they are not known.
  public var namespaceLabels: [String: String]?
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

  /// The label that every namespace has, since Kubernetes 1.21.
  static let namespaceNameLabel = "kubernetes.io/metadata.name"

  /// Why a pool is not for this query; `nil` when it is.
  func objection(to pool: NodePool) -> String? { plainObjection(to: pool) ?? labelObjection(to: pool) }

  /// Whether labels that are not known decide about a pool, and nothing else.
  func lacksLabels(for pool: NodePool) -> Bool {
    guard pool.asksForLabels, !isForAnyPod, podLabels == nil, plainObjection(to: pool) == nil else {
      return false
    }
    guard let selector = pool.namespaceAffinity, pool.namespaceNames.isEmpty else { return true }
    return switch selector.matches(known: knownNamespaceLabels) {
    case .some(true): pool.podAffinity != nil
    case .some(false): false
    case .none: true
    }
  }

  /// Takes over what is known of the pod.
  mutating func learn(_ record: PodRecord?) {
    guard let record else { return }
    podLabels = record.labels
    namespaceLabels = record.namespaceLabels
    if namespaceLabels?[Self.namespaceNameLabel] == nil {
      namespaceLabels?[Self.namespaceNameLabel] = record.namespace
    }
  }

  private func plainObjection(to pool: NodePool) -> String? {
    if pool.isDisabled { return pool.withheld ?? "it is disabled" }
    if names == nil, !pool.isDefault { return "it is no default pool, and the configuration names no pools" }
    return nodeObjection(to: pool) ?? networkObjection(to: pool) ?? namespaceObjection(to: pool)
      ?? (isSingleNode ? nil : pool.sharingObjection)
  }

  /// What selectors of pods and namespaces object. A selector that cannot be evaluated is an objection too.
  private func labelObjection(to pool: NodePool) -> String? {
    if isForAnyPod { return nil }
    if let selector = pool.namespaceAffinity, pool.namespaceNames.isEmpty {
      let objection =
        namespaceLabels.map { labels in
          selector.unmet(by: labels).map { "namespaceAffinity \($0) on the pod's namespace" }
        } ?? Self.objection("namespaceAffinity", selector, knownNamespaceLabels)
      if let objection { return objection }
    }
    guard let selector = pool.podAffinity else { return nil }
    guard let podLabels else { return Self.unknown("podAffinity") }
    return selector.unmet(by: podLabels).map { "podAffinity \($0) on the pod" }
  }

  /// What is known of the namespace without asking an API server.
  private var knownNamespaceLabels: [String: String] {
    namespace.map { [Self.namespaceNameLabel: $0] } ?? [:]
  }

  /// Why a pool is not for this node; `nil` when it is.
  func nodeObjection(to pool: NodePool) -> String? {
    guard pool.nodeNames.isEmpty else {
      return isThisNode(among: pool.nodeNames)
        ? nil : "it is for node \(pool.nodeNames.joined(separator: ", ")), this is \(nodeName)"
    }
    return Self.objection("nodeAffinity", pool.nodeAffinity, knownNodeLabels)
  }

  /// A host name can have capitals, its Node cannot.
  private func isThisNode(among names: [String]) -> Bool {
    names.contains(nodeName) || names.contains(HostName.node(of: nodeName))
  }

  /// The one label of a node that is known without asking an API server.
  private var knownNodeLabels: [String: String] { ["kubernetes.io/hostname": HostName.node(of: nodeName)] }

  /// Whether a pool that nobody has divided is perhaps meant for this node too, and gives it nothing.
  func isUndivided(_ pool: NodePool) -> Bool {
    guard !isSingleNode, !pool.isDisabled, pool.sharingObjection != nil else { return false }
    guard pool.nodeNames.isEmpty else { return isThisNode(among: pool.nodeNames) }
    return pool.nodeAffinity?.matches(known: knownNodeLabels) != false
  }

  private func networkObjection(to pool: NodePool) -> String? {
    guard !pool.multusNames.isEmpty, !pool.multusNames.contains(where: isNetwork) else { return nil }
    return "it is for network \(pool.multusNames.joined(separator: ", ")), this is \(network)"
  }

  private func namespaceObjection(to pool: NodePool) -> String? {
    if isForAnyPod || pool.namespaceNames.isEmpty { return nil }
    let wanted = pool.namespaceNames.joined(separator: ", ")
    guard let namespace else { return "it is for namespace \(wanted), and the pod's is not known" }
    return pool.namespaceNames.contains(namespace)
      ? nil : "it is for namespace \(wanted), the pod's is \(namespace)"
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
    case .none where selector != nil: unknown(key)
    case .some(false): "\(key) does not match"
    default: nil
    }
  }

  private static func unknown(_ key: String) -> String {
    "\(key) cannot be evaluated: the labels that it asks for are not known here; ipvlan-agent brings them"
  }
}
