internal import Addressing
package import IPAM
internal import IPVLAN
package import Netlink
internal import Platform

/// What is on this node, found without changing anything: its links, the ipvlan links of every namespace, and
/// the attachments that libcni knows.
package struct NodeInventory: Sendable {
  /// The links of the node's own namespace.
  package private(set) var nodeLinks: [Link] = []
  /// The addresses of the node's own namespace.
  package private(set) var nodeAddresses: [InterfaceAddress] = []
  /// The ipvlan links of all namespaces: the node's own first, then by namespace and name.
  package internal(set) var slaves: [NodeLink] = []
  /// The attachments that libcni knows.
  package let cache: AttachmentCache
  /// What could not be seen, and why; but for ``unread``.
  package private(set) var remarks: [String] = []
  /// The namespaces that are there and cannot be read, but for those that take root.
  package let unread: [UnreadNamespace]
  /// Whether the links of every namespace could be looked at.
  package private(set) var isComplete = true

  /// Walks the node.
  /// - Throws: ``NetlinkError`` when not even the node's own namespace can be looked at.
  package init(_ cache: AttachmentCache) throws(NetlinkError) {
    self.cache = cache
    remarks = cache.faults
    let host = try NetworkNamespace.host()
    var socket = try NetlinkSocket()
    nodeLinks = try socket.links(withStatistics: true)
    nodeAddresses = try socket.addresses()
    let homeIdentity = try host.checkedIdentity()
    let walk = try SlaveInventory.walk(masters: host, host: host, withAllLinks: true)
    if Credentials.isRoot {
      unread = walk.unread
    } else {
      unread = walk.unread.filter { !$0.isForbidden }
      remarks.append(
        "without root only the namespaces of your own processes can be looked into, links in others are not shown: "
          + "run as root (sudo ipvlanctl ...)")
    }
    isComplete = walk.unread.isEmpty && Credentials.isRoot
    for slave in SlaveInventory(walk, masters: homeIdentity).slaves {
      slaves.append(Self.link(slave, walk, homeIdentity, host: host))
    }
    slaves.sort { left, right in
      (left.place.isHostNamespace ? 0 : 1, left.place.name, left.link.name)
        < (right.place.isHostNamespace ? 0 : 1, right.place.name, right.link.name)
    }
    for index in slaves.indices { identify(&slaves[index]) }
  }

  private typealias Visit = NamespaceWalk<NamespaceContents>.Visit

  private static func link(
    _ slave: IPVLANSlave, _ walk: NamespaceWalk<NamespaceContents>, _ homeIdentity: NetworkNamespace.Identity,
    host: borrowing NetworkNamespace
  ) -> NodeLink {
    let place = { (visit: Visit) in
      let isHostNamespace = visit.identity == homeIdentity
      return NamespacePlace(
        path: isHostNamespace ? "/proc/self/ns/net" : visit.path, identity: visit.identity,
        isHostNamespace: isHostNamespace)
    }
    let own = walk.visits.first { $0.identity == slave.namespaceID }
    let carrier: Visit? =
      switch slave.parent {
      case .inMastersNamespace: walk.visits.first { $0.identity == homeIdentity }
      case .besideTheLink: own
      case .elsewhere: walk.visits.first { isParent($0, of: slave, host: host) }
      }
    return NodeLink(
      link: slave.link,
      place: own.map(place)
        ?? NamespacePlace(path: slave.namespace, identity: slave.namespaceID, isHostNamespace: false),
      addresses: own?.found.addresses.filter { $0.linkIndex == slave.link.index } ?? [],
      master: carrier?.found.links.first { $0.index == slave.link.parentIndex },
      masterPlace: carrier.map(place),
      isHostLink: slave.namespaceID == homeIdentity && HostLink.isHostLink(slave.link))
  }

  /// Whether the namespace that the link's own one knows by the parent's number is this one.
  private static func isParent(
    _ visit: Visit, of slave: IPVLANSlave, host: borrowing NetworkNamespace
  ) -> Bool {
    guard visit.identity != slave.namespaceID,
      visit.found.links.contains(where: { $0.index == slave.link.parentIndex }),
      let other = try? NetworkNamespace(path: visit.path),
      let namespace = try? NetworkNamespace(path: slave.namespace),
      var socket = try? namespace.openSocket(returningTo: host)
    else { return false }
    return (try? socket.namespaceID(of: other)) == slave.link.parentNamespaceID
  }

  /// The masters in the node's own namespace that carry slaves, by name.
  package var masters: [Link] {
    let carriers = Set(slaves.filter { $0.masterPlace?.isHostNamespace ?? false }.compactMap(\.master?.index))
    return nodeLinks.filter { carriers.contains($0.index) }.sorted { $0.name < $1.name }
  }

  /// The slaves that stand on a link of the node.
  package func slaves(of master: Link) -> [NodeLink] {
    slaves.filter { ($0.masterPlace?.isHostNamespace ?? false) && $0.master?.index == master.index }
  }

  /// The link of an attachment; `nil` when it has none.
  package func slave(of attachment: AttachmentID) -> NodeLink? {
    slaves.first { $0.attachment == attachment || $0.attachment == attachment.noted }
  }

  /// Whose link it is: by its note, else by what libcni has written down about this namespace and name, which is
  /// how links of the reference plugin are known.
  private func identify(_ slave: inout NodeLink) {
    guard !slave.isHostLink else { return }
    let noted = LinkIdentity.attachment(of: slave.link)
    let cached = cache.attachments.first { entry in
      if let noted { return entry.id.noted == noted }
      guard entry.id.ifname == slave.link.name, let path = entry.netns,
        let namespace = try? NetworkNamespace(path: path)
      else { return false }
      return (try? namespace.identity()) == slave.place.identity
    }
    slave.attachment = cached?.id ?? noted
    slave.cached = cached
    slave.pod = cached?.pod
  }
}
