internal import Netlink

/// An ipvlan link somewhere on the node, and the namespace that it lies in.
struct IPVLANSlave: Sendable {
  /// The link as its namespace describes it.
  let link: Link
  /// A path that opens its namespace.
  let namespace: String

  /// The slaves of a master of the node, in the node's own namespace and in pods.
  ///
  /// Namespaces that die during the walk are left out.
  static func all(of master: Link, node: borrowing NetworkNamespace) -> [IPVLANSlave] {
    var slaves: [IPVLANSlave] = []
    for path in NamespaceInventory.paths() {
      guard let namespace = try? NetworkNamespace(path: path),
        let links = try? found(of: master, in: namespace, node: node)
      else { continue }
      slaves += links.map { IPVLANSlave(link: $0, namespace: path) }
    }
    return slaves
  }

  private static func found(
    of master: Link, in namespace: borrowing NetworkNamespace, node: borrowing NetworkNamespace
  ) throws(NetlinkError) -> [Link] {
    var socket = try namespace.run(returningTo: node) { () throws(NetlinkError) in try NetlinkSocket() }
    let links = try socket.ipvlanLinks().filter { $0.parentIndex == master.index }
    guard !links.isEmpty else { return [] }
    // A parent in the same namespace carries no number; elsewhere indexes of several nodes may be equal.
    let isNode = (try? namespace.identity()) == (try? node.identity())
    let number = isNode ? nil : try socket.namespaceID(of: node)
    return links.filter { $0.parentNamespaceID == number }
  }
}
