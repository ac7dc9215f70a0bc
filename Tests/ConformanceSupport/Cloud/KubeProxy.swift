/// What kube-proxy makes of Services on a node, written as it writes it, for Services with one endpoint each.
public struct KubeProxy: Sendable {
  /// By what it translates.
  public enum Mode: String, Sendable, CaseIterable {
    /// Version 1.27 and later.
    case iptables
    /// Version 1.31 and later.
    case nftables
  }

  /// Whether pods' traffic to Services is masqueraded.
  public enum Flavour: String, Sendable, CaseIterable {
    /// The cluster CIDR does not cover the pods, so that all of them count as outside.
    case masquerading
    /// No cluster CIDR is set, as on EKS.
    case plain
  }

  /// A Service.
  public struct Service: Sendable {
    /// Its number, of which addresses and ports follow.
    public let number: Int
    /// The endpoint's addresses.
    public let endpoint: CloudSite.Addresses
    /// The node that the endpoint is on.
    public let node: String

    /// Describes a Service.
    public init(number: Int, endpoint: CloudSite.Addresses, node: String) {
      self.number = number
      self.endpoint = endpoint
      self.node = node
    }

    /// The cluster IPs; the port is 80.
    public var clusterIP: CloudSite.Addresses {
      CloudSite.Addresses(v4: "10.96.0.\(number)", v6: "fd00:96::\(String(number, radix: 16))")
    }
    /// The node port with external traffic policy Cluster.
    public var nodePort: UInt16 { UInt16(30000 + number) }
    /// The node port with external traffic policy Local.
    public var localNodePort: UInt16 { UInt16(31000 + number) }
  }

  let mode: Mode
  let flavour: Flavour
  let services: [Service]

  /// The rules for these Services.
  public init(_ mode: Mode, _ flavour: Flavour, _ services: [Service]) {
    self.mode = mode
    self.flavour = flavour
    self.services = services
  }

  /// Writes the rules of a node, for both families.
  public func apply(to node: Namespace, named name: String) throws {
    for isIPv6 in [false, true] {
      switch mode {
      case .iptables:
        let program = isIPv6 ? "ip6tables-restore" : "iptables-restore"
        let rules = iptablesRules(isIPv6: isIPv6, node: name)
        try node.execute(program, [], input: Array(rules.utf8)).mustSucceed()
      case .nftables:
        let rules = nftablesRules(isIPv6: isIPv6, node: name)
        try node.execute("nft", ["-f", "-"], input: Array(rules.utf8)).mustSucceed()
      }
    }
  }

  /// The cluster's pod network, which the test's pods are not in.
  func clusterCIDR(isIPv6: Bool) -> String { isIPv6 ? "fd00:244::/56" : "10.244.0.0/16" }
}
