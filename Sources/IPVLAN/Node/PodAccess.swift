package import Addressing
package import Netlink

/// What the node has for pods, as the kernel tells it. It decides how a running pod and its node stand to each other: a
/// configuration may have been edited since the pod's ADD.
package struct PodAccess: Sendable {
  /// The addresses that the node has a host route to, or in the filter of a master.
  private let opened: Set<IPAddress>
  /// The addresses behind the fence.
  private let enclosed: Set<IPAddress>

  /// Reads it.
  /// - Throws: ``NetlinkError`` when one of the lists cannot be had.
  package init() throws(NetlinkError) {
    let entries = try NodeLeftovers()
    opened = entries.opened
    enclosed = entries.enclosed
  }

  /// How the node and the pod that has these addresses stand to each other; `nil` where that does not follow: the node has
  /// nothing for it any more, or has both.
  package func nodeAccess(of addresses: [IPAddress]) -> PluginConfiguration.NodeAccess? {
    switch (addresses.contains(where: opened.contains), addresses.contains(where: enclosed.contains)) {
    case (true, false): .open
    case (false, true): .fenced
    default: nil
    }
  }
}
