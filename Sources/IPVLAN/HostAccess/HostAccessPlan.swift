internal import Addressing
internal import Netlink

/// All that host access is made of for one master, as values: routes, rules, and its part of the ``HostAccessFilter``.
struct HostAccessPlan: Sendable {
  /// The master.
  let master: Link
  /// The number of the host-side slave.
  let linkIndex: Int32
  /// What tells the master apart.
  let number: UInt32
  /// The master's mode.
  let mode: IPVLANMode
  /// The master's flag.
  let flag: IPVLANFlag

  /// The name of the host-side slave.
  var linkName: String { HostLink.name(ofMaster: master.name) }

  // MARK: Of each pod

  /// The route by which the node reaches an address of a pod.
  func hostRoute(_ address: IPAddress) -> NodeRoute { Self.hostRoute(address, outOf: linkIndex) }

  /// The route by which the node reaches an address of a pod, through the host-side slave of that number.
  static func hostRoute(_ address: IPAddress, outOf linkIndex: Int32) -> NodeRoute {
    NodeRoute(IPRoute(destination: CIDR(host: address)), outOf: linkIndex)
  }

  /// The host routes, which are in the main table.
  ///
  /// - Parameter index: the host-side slave of one master; `nil` asks for those of all.
  /// - Throws: ``NetlinkError`` when the list cannot be had.
  static func hostRoutes(
    outOf index: Int32? = nil, through node: inout NetlinkSocket
  ) throws(NetlinkError) -> [Route] {
    var routes: [Route] = []
    for family in IPFamily.allCases {
      routes += try node.routes(family, table: Route.mainTable, outOf: index)
        .filter { $0.routeProtocol == HostAccessNumbers.routeProtocol && $0.destination.isHost }
    }
    return routes
  }

  /// The rule by which host routes, and nothing else of the main table, go before the masters' tables.
  static func hostRoutesRule(_ family: IPFamily) -> PolicyRule {
    PolicyRule(
      family, priority: HostAccessNumbers.Priority.hostRoutes, table: Route.mainTable,
      suppressedPrefixLength: UInt32(family.bitWidth - 1))
  }

  // MARK: Of the master

  /// The rules that do not depend on the master's addresses.
  func rules(_ families: Set<IPFamily>) -> [PolicyRule] {
    families.sorted().flatMap { family in
      let priorities = HostAccessNumbers.Priority.self
      return [
        Self.hostRoutesRule(family),
        PolicyRule(
          family, priority: priorities.mark, table: table, mark: HostAccessNumbers.mark(number)),
        PolicyRule(family, priority: priorities.master, table: table, outgoingLink: master.name),
      ]
    }
  }

  /// The rules by which the node answers from each of the master's addresses through the master.
  func sourceRules(_ addresses: [CIDR]) -> [PolicyRule] {
    addresses.map { address in
      PolicyRule(
        address.family, priority: HostAccessNumbers.Priority.source, table: table,
        source: CIDR(host: address.address))
    }
  }

  /// The content of the master's table.
  ///
  /// - Parameters:
  ///   - own: the master's own addresses.
  ///   - gateways: the next hop, per family.
  func routes(_ own: [CIDR], gateways: [IPAddress]) -> [NodeRoute] {
    let subnets = Set(own.filter { !$0.isHost && !$0.address.isLinkLocal }.map { $0.network }).sorted()
    return subnets.map { route(to: $0) }
      + gateways.map { route(to: .defaultRoute(of: $0.family), via: $0) }
  }

  /// The number of the master's table.
  var table: UInt32 { HostAccessNumbers.table(number) }

  private func route(to destination: CIDR, via gateway: IPAddress? = nil) -> NodeRoute {
    var route = IPRoute(destination: destination, gateway: gateway)
    route.table = table
    // A cloud's gateway need not lie in a subnet of the NIC.
    return NodeRoute(route, outOf: master.index, isOnLink: gateway != nil)
  }
}
