internal import Addressing
internal import IPAM
internal import Netlink
internal import Platform

/// Keeps the networks of a pod apart: what a pod sends from an address leaves by the interface that has it.
///
/// A pod with one network needs none of it. With a second one, each interface gets a table with its own way
/// out, and a rule for each of its addresses; the main table, and with it the default route of packets that have
/// no source yet, stays with the first. The table's number follows from the interface's name, so that DEL finds
/// rules that outlive their interface, in whatever order the networks go.
enum SourceRouting {
  /// The table of an interface: 2,147,483,648 and up, where nobody numbers by hand.
  static func table(of interface: String) -> UInt32 {
    UInt32(truncatingIfNeeded: StableHash.fnv1a(interface)) | 1 << 31
  }

  /// The place of its rules.
  static let priority: UInt32 = 500

  /// Gives an interface that was just made, and those that were alone before, tables of their own. The default route of the
  /// first one stays.
  ///
  /// - Parameter gateways: those of the new interface.
  /// - Throws: ``NetlinkError`` when the kernel refuses.
  static func add(
    for link: Link, named name: String, gateways: [IPAddress], in pod: inout NetlinkSocket
  ) throws(NetlinkError) {
    try install(link, name, gateways, &pod)
    for other in try pod.ipvlanLinks() where other.index != link.index {
      guard let attachment = LinkIdentity.attachment(of: other) else { continue }
      var gateways: [IPAddress] = []
      for family in IPFamily.allCases {
        gateways += try pod.routes(family, table: Route.mainTable, outOf: other.index)
          .filter { $0.destination.isDefaultRoute }.compactMap { $0.gateway }
      }
      // Without a default route it got its table when it was made.
      guard !gateways.isEmpty else { continue }
      try install(other, attachment.ifname, gateways, &pod)
    }
  }

  /// Removes the rules of an interface; its routes go with it.
  /// - Throws: ``NetlinkError`` when the kernel refuses.
  static func removeRules(of interface: String, in pod: inout NetlinkSocket) throws(NetlinkError) {
    let table = table(of: interface)
    for family in IPFamily.allCases {
      let rules = try pod.rules(family).filter { $0.table == table }
      try pod.remove([], rules, routeProtocol: HostAccessNumbers.routeProtocol)
    }
  }

  private static func install(
    _ link: Link, _ name: String, _ gateways: [IPAddress], _ pod: inout NetlinkSocket
  ) throws(NetlinkError) {
    let table = table(of: name)
    let addresses = try pod.addresses(ofLink: link.index).map { $0.address }
      .filter { !$0.address.isLinkLocal }
    let subnets = addresses.filter { !$0.isHost }.map { IPRoute(destination: $0.network) }
    let defaults = gateways.map { IPRoute(destination: .defaultRoute(of: $0.family), gateway: $0) }
    try pod.install(
      (subnets + defaults).map { route in
        var route = route
        route.table = table
        return NodeRoute(route, outOf: link.index, isOnLink: route.gateway != nil)
      },
      addresses.map {
        PolicyRule($0.family, priority: priority, table: table, source: CIDR(host: $0.address))
      },
      routeProtocol: HostAccessNumbers.routeProtocol)
  }
}
