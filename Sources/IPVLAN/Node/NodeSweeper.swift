package import Addressing
public import Netlink
internal import Platform

/// Removes what a node has for pods that are gone, and host access whole when no pod has it.
public enum NodeSweeper {
  /// What the node has for addresses that no ipvlan link of it has.
  private struct Leftovers {
    var routes: [Route] = []
    var enclosed: [IPAddress] = []
    /// The addresses in the filters of masters, by the filters' names.
    var admitted: [String: [IPAddress]] = [:]

    var addresses: [IPAddress] {
      Set(routes.map(\.destination.address) + enclosed + admitted.values.joined()).sorted()
    }

    func without(_ living: Set<IPAddress>) -> Leftovers {
      Leftovers(
        routes: routes.filter { !living.contains($0.destination.address) },
        enclosed: enclosed.filter { !living.contains($0) },
        admitted: admitted.mapValues { $0.filter { !living.contains($0) } })
    }
  }

  /// Removes host routes, and places in the filters and behind the fence, of addresses that no ipvlan link of this node
  /// has.
  ///
  /// - Returns: the addresses.
  /// - Throws: ``NetlinkError`` when the kernel refuses.
  @discardableResult
  package static func sweep(home: borrowing NetworkNamespace) throws(NetlinkError) -> [IPAddress] {
    var node = try NetlinkSocket()
    let leftovers = try leftovers(&node, home: home)
    for (linkIndex, routes) in Dictionary(grouping: leftovers.routes, by: \.linkIndex) {
      guard let linkIndex, let link = try node.link(index: linkIndex) else { continue }
      try HostAccess.withdraw(routes.map(\.destination.address), from: link, &node)
    }
    if !leftovers.enclosed.isEmpty { try Fence.release(leftovers.enclosed, home: home) }
    for (table, addresses) in leftovers.admitted where !addresses.isEmpty {
      var filter = try NetfilterSocket()
      try filter.remove(addresses, from: HostAccessPlan.podSets, of: table)
    }
    return leftovers.addresses
  }

  /// The addresses of which ``sweep(home:)`` would remove something.
  /// - Throws: ``NetlinkError`` when the routes cannot be listed.
  package static func stale(home: borrowing NetworkNamespace) throws(NetlinkError) -> [IPAddress] {
    var node = try NetlinkSocket()
    return try leftovers(&node, home: home).addresses
  }

  private static func leftovers(
    _ node: inout NetlinkSocket, home: borrowing NetworkNamespace
  ) throws(NetlinkError) -> Leftovers {
    // The lists come first: an ADD gives the link its address before it makes the route.
    let all = Leftovers(
      routes: try hostRoutes(&node), enclosed: try Fence.enclosed(), admitted: try admitted())
    guard !all.addresses.isEmpty else { return all }
    var living: Set<IPAddress> = []
    for slave in IPVLANSlave.all(home: home) where slave.isOfNode(home) {
      living.formUnion(slave.addresses(home: home))
    }
    return all.without(living)
  }

  /// The addresses in the filters of all masters.
  private static func admitted() throws(NetlinkError) -> [String: [IPAddress]] {
    var admitted: [String: [IPAddress]] = [:]
    do throws(NetlinkError) {
      var filter = try NetfilterSocket()
      for name in try filter.tableNames() where HostLink.isName(name) {
        var addresses: [IPAddress] = []
        for set in HostAccessPlan.podSets { addresses += try filter.addresses(in: set, of: name) }
        admitted[name] = addresses
      }
    } catch  where error.errno == .protocolNotSupported || error.errno == .notSupported {
      // A kernel without nftables has none of ours.
    }
    return admitted
  }

  /// Removes host access whole: slaves, tables, rules and filters of every master, unless a pod still has a way.
  ///
  /// - Returns: the host-side slaves that were removed; `nil` when a pod still has a way.
  /// - Throws: ``NetlinkError`` when the kernel refuses.
  public static func removeAll() throws(NetlinkError) -> [String]? {
    try sweep(home: try NetworkNamespace.home())
    var node = try NetlinkSocket()
    guard try hostRoutes(&node).isEmpty else { return nil }
    let links = try node.ipvlanLinks().filter(HostLink.isHostLink)
    try removeFilters()
    for family in IPFamily.allCases {
      let rules = try node.rules(family).filter(isOwn)
      let routes = try node.routes(family)
        .filter { $0.routeProtocol == HostAccessNumbers.routeProtocol }
      try node.remove(
        routes.compactMap(\.asNodeRoute), rules, routeProtocol: HostAccessNumbers.routeProtocol)
    }
    for link in links { try node.deleteLink(link) }
    return links.map(\.name)
  }

  private static func hostRoutes(_ node: inout NetlinkSocket) throws(NetlinkError) -> [Route] {
    var routes: [Route] = []
    for family in IPFamily.allCases {
      routes += try node.routes(family, table: PolicyRule.mainTable)
        .filter { $0.routeProtocol == HostAccessNumbers.routeProtocol && $0.destination.isHost }
    }
    return routes
  }

  private static func isOwn(_ rule: PolicyRule) -> Bool {
    let hostRoutes = PolicyRule(
      rule.family, priority: HostAccessNumbers.Priority.hostRoutes, table: PolicyRule.mainTable,
      suppressedPrefixLength: UInt32(rule.family.bitWidth - 1))
    return rule == hostRoutes || HostAccessNumbers.number(ofTable: rule.table) != nil
  }

  /// Also those of masters that are gone.
  private static func removeFilters() throws(NetlinkError) {
    do throws(NetlinkError) {
      var filter = try NetfilterSocket()
      for name in try filter.tableNames() where HostLink.isName(name) { try filter.deleteTable(name) }
    } catch  where error.errno == .protocolNotSupported || error.errno == .notSupported {
      // A kernel without nftables has none of ours.
    }
  }
}
