package import Netlink
package import Platform

/// What takes all packets of a link, so that ipvlan cannot stand on it: the kernel has one receiver for each link
/// (`rx_handler`).
package struct MasterRival: Sendable, Hashable {
  /// What it is, as a clause: `it is a port of bridge br0`.
  package let description: String
  /// The command that ends it. What uses the rival loses its connection.
  package let remedy: ShellCommand

  /// Kinds of links whose ports have no receiver left; a VRF leaves it to others.
  private static let takingControllers: Set = ["bridge", "bond", "team", "openvswitch", "hsr"]
  private static let takingUppers: Set = ["macvlan", "macvtap"]

  /// Looks for one without changing anything.
  ///
  /// - Parameter host: the namespace of the master.
  /// - Throws: ``NetlinkError`` when that namespace's links cannot be listed.
  package static func find(
    of master: Link, host: borrowing NetworkNamespace
  ) throws(NetlinkError) -> MasterRival? {
    var socket = try host.openSocket(returningTo: host)
    let links = try socket.links()
    // The number of a parent in another namespace is that of another link.
    let beside = links.filter { $0.parentIndex == master.index && $0.parentNamespaceID == nil }
    if let rival = Self.beside(master, links) { return rival }
    // Who has the receiver shows in any of the slaves.
    if beside.contains(where: { $0.isIPVLAN }) { return nil }
    let walk = try NamespaceWalk<Link?> { namespace, _ throws(NetlinkError) in
      var socket = try namespace.openSocket(returningTo: host)
      let uppers = try socket.links().filter { stands($0, on: master) && $0.parentNamespaceID != nil }
      guard !uppers.isEmpty else { return nil }
      let number = try socket.namespaceID(of: host)
      return uppers.first { $0.parentNamespaceID == number }
    }
    for visit in walk.visits {
      guard let upper = visit.found else { continue }
      return MasterRival(
        description: "\(upper.kind ?? "device") link \(upper.name) in \(visit.path) stands on it",
        remedy: "nsenter --net=\(visit.path) ip link delete dev \(upper.name)")
    }
    return nil
  }

  /// One that the links of the master's own namespace show.
  static func beside(_ master: Link, _ links: [Link]) -> MasterRival? {
    if let controller = links.first(where: { $0.index == master.controllerIndex }),
      let kind = controller.kind,
      takingControllers.contains(kind)
    {
      return MasterRival(
        description: "it is a port of \(kind) \(controller.name)",
        remedy: "ip link set dev \(master.name) nomaster")
    }
    let upper = links.first { stands($0, on: master) && $0.parentNamespaceID == nil }
    return upper.map { upper in
      MasterRival(
        description: "\(upper.kind ?? "device") link \(upper.name) stands on it",
        remedy: "ip link delete dev \(upper.name)")
    }
  }

  private static func stands(_ link: Link, on master: Link) -> Bool {
    link.parentIndex == master.index && link.index != master.index
      && takingUppers.contains(link.kind ?? "")
  }
}
