internal import Addressing
internal import CNI
internal import Netlink

/// What DEL has to take back on the node for one attachment. It is looked up while the pod's link still tells
/// its addresses and its master.
struct HostAccessWithdrawal {
  private let addresses: [IPAddress]
  private let hostLink: Link

  /// Looks at the link of an attachment in its pod; `nil` when there is no such link, or no way to it.
  ///
  /// - Parameter told: the addresses that ADD gave, as far as the runtime says them: somebody may have taken them off
  ///   the link since.
  /// - Throws: ``NetlinkError`` when the kernel refuses to say.
  init?(
    _ identity: LinkIdentity, told: [IPAddress], _ session: inout NodeSession
  ) throws(NetlinkError) {
    guard let link = try session.pod.link(exactlyNamed: identity.name), identity.owns(link),
      let parent = link.parentIndex, let master = try session.node.link(index: parent),
      let hostLink = try session.node.link(exactlyNamed: HostLink.name(ofMaster: master.name)),
      HostLink.isHostLink(hostLink)
    else { return nil }
    let present = try session.pod.addresses(ofLink: link.index).map(\.address.address)
      .filter { !$0.isLinkLocal }
    addresses = present + told.filter { !present.contains($0) }
    self.hostLink = hostLink
  }

  /// Closes the way.
  ///
  /// - Returns: what is to be kept until the link is removed.
  /// - Throws: ``NetlinkError`` when the kernel refuses.
  func carryOut(_ node: inout NetlinkSocket) throws(NetlinkError) -> NetfilterSocket? {
    try HostAccess.withdraw(addresses, from: hostLink, &node)
  }
}
