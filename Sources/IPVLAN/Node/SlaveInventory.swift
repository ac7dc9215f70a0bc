package import Addressing
package import Netlink
internal import Platform

/// An ipvlan link somewhere on the machine, and the namespace that it lies in.
package struct IPVLANSlave: Sendable {
  /// Where the link's parent lies.
  package enum Parent: Sendable, Hashable {
    /// In the namespace whose masters are asked for: the node's, as a rule.
    case inMastersNamespace
    /// Beside the link, in a namespace that is not that of the masters (`linkInContainer`). Whether the pod is of this node
    /// the kernel does not tell.
    case besideTheLink
    /// In some other namespace: a machine can hold several nodes, each in a namespace.
    case elsewhere
  }

  /// The link as its namespace describes it.
  package let link: Link
  /// The addresses that it has.
  package let addresses: [IPAddress]
  /// A path that opens its namespace.
  package let namespace: String
  /// What tells its namespace apart.
  package let namespaceID: NetworkNamespace.Identity
  /// Where its parent lies.
  package let parent: Parent

  /// Whether the link can belong to this node: enough to spare what it uses, not to remove it.
  package var mayBeOfNode: Bool { parent != .elsewhere }

  /// Deletes the link. A link that is gone already is no error.
  /// - Throws: ``NetlinkError`` when the kernel refuses, or the namespace cannot be entered any more.
  func remove(host: borrowing NetworkNamespace) throws(NetlinkError) {
    guard let opened = try open() else { return }
    var socket = try opened.openSocket(returningTo: host)
    try socket.deleteLink(link)
  }

  /// The link's namespace; `nil` when it is gone, or the path leads to another one.
  private func open() throws(NetlinkError) -> NetworkNamespace? {
    try NetworkNamespace.open(namespace, identity: namespaceID)
  }
}

/// What an inventory reads in each namespace.
package struct NamespaceContents: Sendable {
  /// The ipvlan links, or all links.
  package let links: [Link]
  /// The addresses, where there are ipvlan links.
  package let addresses: [InterfaceAddress]
  /// The number by which the namespace knows that of the masters; `nil` when it has none for it.
  let mastersNumber: Int32?

  /// Reads a namespace.
  ///
  /// - Parameter withAllLinks: also links of other kinds, and all counters.
  init(
    _ socket: inout NetlinkSocket, masters: borrowing NetworkNamespace, withAllLinks: Bool
  ) throws(NetlinkError) {
    links = try withAllLinks ? socket.links(withStatistics: true) : socket.ipvlanLinks()
    let slaves = links.filter { $0.isIPVLAN }
    addresses = slaves.isEmpty ? [] : try socket.addresses()
    mastersNumber =
      slaves.contains { $0.parentNamespaceID != nil } ? try socket.namespaceID(of: masters) : nil
  }
}

/// The ipvlan links of every namespace of this machine, as far as the namespaces could be read.
///
/// It tells what is there. What is not there only ``complete()`` tells.
package struct SlaveInventory: Sendable {
  /// The links that were found.
  package let slaves: [IPVLANSlave]
  /// The namespaces that could not be read.
  package let unread: [UnreadNamespace]
  /// The inodes of the namespaces in which processes live.
  let occupied: Set<UInt>

  /// Visits every namespace; the thread is back in `host` afterwards.
  ///
  /// - Parameter masters: the namespace of the masters that are asked for.
  /// - Throws: ``NetlinkError`` when the namespaces cannot be listed.
  init(masters: borrowing NetworkNamespace, host: borrowing NetworkNamespace) throws(NetlinkError) {
    self.init(try Self.walk(masters: masters, host: host), masters: try masters.checkedIdentity())
  }

  /// As ``init(masters:host:)``, for the masters in `host`.
  init(host: borrowing NetworkNamespace) throws(NetlinkError) { try self.init(masters: host, host: host) }

  /// Takes what a walk has found.
  ///
  /// - Parameter masters: the identity of the namespace of the masters.
  package init(_ walk: NamespaceWalk<NamespaceContents>, masters: NetworkNamespace.Identity) {
    unread = walk.unread
    occupied = walk.occupied
    slaves = walk.visits.flatMap { visit in
      visit.found.links.filter { $0.isIPVLAN }.map { link in
        let parent: IPVLANSlave.Parent =
          switch link.parentNamespaceID {
          // A parent in the same namespace carries no number.
          case nil: visit.identity == masters ? .inMastersNamespace : .besideTheLink
          case let number: number == visit.found.mastersNumber ? .inMastersNamespace : .elsewhere
          }
        return IPVLANSlave(
          link: link,
          addresses: visit.found.addresses.filter { $0.linkIndex == link.index }.map { $0.address.address },
          namespace: visit.path, namespaceID: visit.identity, parent: parent)
      }
    }
  }

  /// Visits every namespace; the thread is back in `host` after each.
  package static func walk(
    masters: borrowing NetworkNamespace, host: borrowing NetworkNamespace, withAllLinks: Bool = false
  ) throws(NetlinkError) -> NamespaceWalk<NamespaceContents> {
    let homeIdentity = try host.checkedIdentity()
    return try NamespaceWalk { namespace, identity throws(NetlinkError) in
      // Without root no namespace can be entered, not even the own one, and none need be to look at that.
      var socket = try identity == homeIdentity ? NetlinkSocket() : namespace.openSocket(returningTo: host)
      return try NamespaceContents(&socket, masters: masters, withAllLinks: withAllLinks)
    }
  }

  /// The slaves of a master in the namespace of the masters.
  func slaves(of master: Link) -> [IPVLANSlave] {
    slaves.filter { $0.parent == .inMastersNamespace && $0.link.parentIndex == master.index }
  }

  /// The inventory as one that tells what is not there.
  /// - Throws: ``NetlinkError`` that names a namespace that could not be read.
  package func complete() throws(NetlinkError) -> CompleteInventory { try CompleteInventory(self) }
}

/// The ipvlan links of every namespace of this machine. All of them: a link that is not in it is not there, and an address
/// that none of them has is on no pod.
///
/// Whatever frees, sweeps, or decides on a mode that slaves share takes this type, so that it cannot act on a partial view.
package struct CompleteInventory: Sendable {
  /// The links.
  package let slaves: [IPVLANSlave]
  /// The inodes of the namespaces in which processes live.
  let occupied: Set<UInt>

  fileprivate init(_ inventory: SlaveInventory) throws(NetlinkError) {
    guard let unread = inventory.unread.first else {
      slaves = inventory.slaves
      occupied = inventory.occupied
      return
    }
    let others = inventory.unread.count - 1
    throw NetlinkError(
      operation: "read network namespace \(unread.path)" + (others > 0 ? " and \(others) more" : "")
        + ", which may hold pods' links", errno: unread.errno)
  }

  /// Whether a process lives in the namespace of a link.
  func isOccupied(_ slave: IPVLANSlave) -> Bool { occupied.contains(slave.namespaceID.inode) }

  /// The addresses of the ipvlan links that can be this node's.
  var addresses: Set<IPAddress> { Set(slaves.filter { $0.mayBeOfNode }.flatMap { $0.addresses }) }
}

extension NetworkNamespace {
  /// The namespace's identity.
  /// - Throws: ``NetlinkError`` with the `errno` of fstat(2).
  package func checkedIdentity() throws(NetlinkError) -> Identity {
    do throws(Errno) { return try identity() } catch {
      throw NetlinkError(operation: "identify a network namespace", errno: error)
    }
  }
}
