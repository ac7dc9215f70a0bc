internal import Addressing
internal import Netlink

/// An ipvlan link somewhere on the node, and the namespace that it lies in.
struct IPVLANSlave: Sendable {
  /// The link as its namespace describes it.
  let link: Link
  /// A path that opens its namespace.
  let namespace: String
  /// What tells its namespace apart.
  let namespaceID: NetworkNamespace.Identity

  /// Deletes the link; one that is gone already is fine.
  /// - Throws: ``NetlinkError`` when the kernel refuses.
  func remove(home: borrowing NetworkNamespace) throws(NetlinkError) {
    guard let namespace = try? NetworkNamespace(path: namespace), (try? namespace.identity()) == namespaceID
    else { return }
    var socket = try namespace.openSocket(returningTo: home)
    try socket.deleteLink(link)
  }

  /// The addresses of the link; none when its namespace is gone.
  func addresses(home: borrowing NetworkNamespace) -> [IPAddress] {
    guard let namespace = try? NetworkNamespace(path: namespace),
      var socket = try? namespace.openSocket(returningTo: home),
      let found = try? socket.addresses(ofLink: link.index)
    else { return [] }
    return found.map(\.address.address)
  }

  /// Whether the link stands on a NIC of the node: a machine can hold several nodes, each in a namespace.
  ///
  /// A link whose master lies beside it in the pod (`linkInContainer`) counts too.
  func isOfNode(_ home: borrowing NetworkNamespace) -> Bool {
    guard let number = link.parentNamespaceID else { return true }
    return (try? Self.number(of: home, in: namespace, home: home)) == number
  }

  /// The ipvlan links of every namespace of this machine.
  ///
  /// Namespaces that die during the walk are left out.
  static func all(home: borrowing NetworkNamespace) -> [IPVLANSlave] {
    walk(home: home) { socket throws(NetlinkError) in try socket.ipvlanLinks() }
  }

  /// The slaves of one master, which lies in the namespace `of`.
  static func all(
    of master: Link, in masterNamespace: borrowing NetworkNamespace, home: borrowing NetworkNamespace
  ) -> [IPVLANSlave] {
    let masterIdentity = try? masterNamespace.identity()
    return walk(home: home) { socket throws(NetlinkError) in
      try socket.ipvlanLinks().filter { $0.parentIndex == master.index }
    }.filter { slave in
      // A parent in the same namespace carries no number; elsewhere links of two namespaces may share one.
      guard let number = slave.link.parentNamespaceID else { return slave.namespaceID == masterIdentity }
      return (try? Self.number(of: masterNamespace, in: slave.namespace, home: home)) == number
    }
  }

  /// By which number the namespace at `path` knows another one.
  private static func number(
    of namespace: borrowing NetworkNamespace, in path: String, home: borrowing NetworkNamespace
  ) throws -> Int32? {
    var socket = try NetworkNamespace(path: path).openSocket(returningTo: home)
    return try socket.namespaceID(of: namespace)
  }

  private static func walk(
    home: borrowing NetworkNamespace, _ list: (inout NetlinkSocket) throws(NetlinkError) -> [Link]
  ) -> [IPVLANSlave] {
    var slaves: [IPVLANSlave] = []
    for path in NamespaceInventory.paths() {
      guard let namespace = try? NetworkNamespace(path: path), let identity = try? namespace.identity(),
        var socket = try? namespace.openSocket(returningTo: home), let links = try? list(&socket)
      else { continue }
      slaves += links.map { IPVLANSlave(link: $0, namespace: path, namespaceID: identity) }
    }
    return slaves
  }
}
