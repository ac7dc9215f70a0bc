internal import Addressing
package import IPPool
internal import IPVLAN
package import Netlink
internal import Platform
internal import SystemPackage

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
  /// What could not be seen, and why.
  package private(set) var remarks: [String] = []
  /// Whether the links of every namespace could be looked at.
  package private(set) var isComplete = true

  /// Walks the node.
  /// - Throws: ``NetlinkError`` when not even the node's own namespace can be looked at.
  package init(_ sources: NodeSources) throws(NetlinkError) {
    cache = AttachmentCache(directory: sources.cache)
    remarks = cache.faults
    let home = try NetworkNamespace.home()
    var walk = NamespaceWalk(home: home)
    try walk.run(home: home)
    nodeLinks = walk.homeLinks
    nodeAddresses = walk.homeAddresses
    if !Credentials.isRoot {
      isComplete = false
      remarks.append(
        "without root only the namespaces of your own processes can be looked into, links in others are not shown: "
          + "run as root (sudo ipvlanctl ...)")
    } else if !walk.forbidden.isEmpty {
      isComplete = false
      remarks.append(
        "\(walk.forbidden.count) network namespaces may not be looked into, so that their links are not shown: "
          + "run as root (sudo ipvlanctl ...)")
    }
    remarks += walk.failures
    if walk.hasUnread { isComplete = false }
    slaves = walk.slaves.sorted { left, right in
      (left.place.isHome ? 0 : 1, left.place.name, left.link.name)
        < (right.place.isHome ? 0 : 1, right.place.name, right.link.name)
    }
    for index in slaves.indices { identify(&slaves[index]) }
  }

  /// The masters in the node's own namespace that carry slaves, by name.
  package var masters: [Link] {
    let carriers = Set(slaves.filter { $0.masterPlace?.isHome ?? false }.compactMap(\.master?.index))
    return nodeLinks.filter { carriers.contains($0.index) }.sorted { $0.name < $1.name }
  }

  /// The slaves that stand on a link of the node.
  package func slaves(of master: Link) -> [NodeLink] {
    slaves.filter { ($0.masterPlace?.isHome ?? false) && $0.master?.index == master.index }
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
