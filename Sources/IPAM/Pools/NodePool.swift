public import Addressing

/// Addresses that a node's NIC owns, and who may have them: a SpiderIPPool document, read and checked.
public struct NodePool: Sendable, Hashable {
  /// Where a document was read.
  public struct Source: Sendable, Hashable, CustomStringConvertible {
    /// The path of the file.
    public let file: String
    /// The document's position in the file, counted from 1.
    public let document: Int
    /// The line on which it starts.
    public let line: Int

    /// A place in a file.
    public init(file: String, document: Int, line: Int) {
      self.file = file
      self.document = document
      self.line = line
    }

    /// As editors take it: `/etc/cni/ippool.d/aws.yaml:12`.
    public var description: String { "\(file):\(line)" }
  }

  /// `metadata.name`.
  public let name: String
  /// Where it was read.
  public let source: Source
  /// The subnet of the NIC, with whose prefix length addresses are given.
  public let subnet: CIDR
  /// The addresses that can be given: `ips` without `excludeIPs` and reserved ones.
  public internal(set) var addresses: AddressSet
  /// `excludeIPs`.
  public let excluded: AddressSet
  /// The subnet's gateway; with one the default route is given too.
  public let gateway: IPAddress?
  /// Further routes.
  public let routes: [IPRoute]
  /// Whether it serves those who name no pool.
  public let isDefault: Bool
  /// Whether nothing is given from it any more.
  public let isDisabled: Bool
  /// Why it is disabled, in the words of the program that wrote the document; `nil` when a person wrote it.
  public let withheld: String?
  /// What this node has of a pool that several nodes share; `nil` when nobody has cut its part out.
  public let sharing: Sharing?
  /// The nodes that it is for; empty: all.
  public let nodeNames: [String]
  /// The namespaces that it is for; empty: all.
  public let namespaceNames: [String]
  /// The networks that it is for, as `namespace/name` or `name`; empty: all.
  public let multusNames: [String]
  /// Labels of the node; counts when `nodeNames` is empty.
  public let nodeAffinity: LabelSelector?
  /// Labels of the namespace; counts when `namespaceNames` is empty.
  public let namespaceAffinity: LabelSelector?
  /// Labels of the pod.
  public let podAffinity: LabelSelector?

  /// The annotation with the reason for `disable` (``withheld``).
  public static let withheldAnnotation = "ipvlan-cni.dev/withheld"

  /// The annotation of ``sharing``.
  public static let sharingAnnotation = "ipvlan-cni.dev/shared"

  /// The node's part of a pool that several nodes share: the document has only addresses that this node has claimed.
  public enum Sharing: String, Sendable, Hashable {
    /// Others are left that no node has claimed.
    case more
    /// Every address has been claimed by some node.
    case none
  }

  /// Whether several nodes may have it. Labels move from node to node, and new nodes come: only a single name says that
  /// no other node gives from it.
  public var isShared: Bool { nodeNames.isEmpty || nodeNames.contains { $0 != nodeNames.first } }

  /// Why nobody gives from it: each node that reads the document would give out the same addresses. `nil` for a pool of
  /// one node, and for one out of which somebody has cut this node's part.
  public var sharingObjection: String? {
    guard isShared, sharing == nil else { return nil }
    return
      "several nodes would share it, and each would give out the same addresses: write one name into spec.nodeName,"
      + " or let ipvlan-agent divide it; \"singleNode\": true in ipam says that there is no other node"
  }

  /// The family of its addresses.
  public var family: IPFamily { subnet.family }

  /// Whether it is for pods or namespaces with certain labels: who has these cannot be told by names.
  public var asksForLabels: Bool {
    if podAffinity != nil { return true }
    guard let namespaceAffinity, namespaceNames.isEmpty else { return false }
    return namespaceAffinity.asksBeyond(PoolQuery.namespaceNameLabel)
  }

  /// How narrowly it is meant: of pools that serve everybody, those for fewer come first.
  var specificity: [Bool] {
    [
      podAffinity != nil, !nodeNames.isEmpty, nodeAffinity != nil, !namespaceNames.isEmpty,
      namespaceAffinity != nil, !multusNames.isEmpty,
    ]
  }

  /// What an attachment gets with one of its addresses.
  func assignment(_ address: IPAddress) -> AddressAssignment? {
    CIDR(address: address, prefixLength: subnet.prefixLength).map {
      AddressAssignment(address: $0, gateway: gateway)
    }
  }

  /// The default route, when there is a gateway, and the pool's own.
  var allRoutes: [IPRoute] {
    guard let gateway else { return routes }
    return [IPRoute(destination: .defaultRoute(of: family), gateway: gateway)] + routes
  }
}
