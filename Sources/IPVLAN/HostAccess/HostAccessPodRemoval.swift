internal import Addressing
internal import CNI
internal import Netlink

/// What DEL has to take back on the node for one attachment. It is looked up while the pod's link still tells
/// its addresses and its master.
struct HostAccessPodRemoval {
  private let addresses: [IPAddress]
  private let hostLink: Link

  /// Looks for the way to an attachment's link; `nil` when there is none.
  ///
  /// - Parameter addresses: those that lead to it.
  /// - Throws: ``NetlinkError`` when the kernel refuses to say.
  init?(
    to link: Link, _ addresses: [IPAddress], _ session: inout NodeSession
  ) throws(NetlinkError) {
    guard let parent = link.parentIndex, let master = try session.node.link(index: parent),
      let hostLink = try session.node.link(exactlyNamed: HostLink.name(ofMaster: master.name)),
      HostLink.isHostLink(hostLink)
    else { return nil }
    self.addresses = addresses
    self.hostLink = hostLink
  }

  /// Closes the way.
  ///
  /// - Parameter isExpected: whether the pod should have it; else most often there is none.
  /// - Returns: what is to be kept until the link is removed.
  /// - Throws: ``NetlinkError`` when the kernel refuses.
  func carryOut(
    _ node: inout NetlinkSocket, isExpected: Bool
  ) throws(NetlinkError) -> NetfilterSocket? {
    try HostAccess.removePod(addresses, from: hostLink, isExpected: isExpected, &node)
  }
}
