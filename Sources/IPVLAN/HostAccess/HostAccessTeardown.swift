internal import Addressing
package import Netlink

/// Takes host access down whole, when no pod uses it.
package enum HostAccessTeardown {
  /// Removes slaves, tables, rules and filters of every master, unless a pod still has a way.
  ///
  /// - Returns: the host-side slaves that were removed; `nil` when a pod still has a way.
  /// - Throws: ``NetlinkError`` when something cannot be read, or removed.
  package static func removeAll() throws(NetlinkError) -> [String]? {
    let host = try NetworkNamespace.host()
    let lock = try NodeLock(HostAccess.lockName, host: host)
    let removed = try removeAll(under: lock)
    return removed
  }

  private static func removeAll(under _: borrowing NodeLock) throws(NetlinkError) -> [String]? {
    // The kernel drops the routes to pods when a host-side slave goes down; the filter still knows the pods.
    guard try NodeLeftovers().opened.isEmpty else { return nil }
    var node = try NetlinkSocket()
    let links = try node.ipvlanLinks().filter(HostLink.isHostLink)
    try removeFilters()
    for family in IPFamily.allCases {
      let rules = try node.rules(family).filter(isOwn)
      let routes = try node.routes(family)
        .filter { $0.routeProtocol == HostAccessNumbers.routeProtocol }
      try node.remove(
        routes.compactMap { $0.asNodeRoute }, rules, routeProtocol: HostAccessNumbers.routeProtocol)
    }
    for link in links { try node.deleteLink(link) }
    return links.map { $0.name }
  }

  private static func isOwn(_ rule: PolicyRule) -> Bool {
    rule == HostAccessPlan.hostRoutesRule(rule.family) || HostAccessNumbers.number(ofTable: rule.table) != nil
  }

  /// Also those of masters that are gone.
  private static func removeFilters() throws(NetlinkError) {
    try NetfilterSocket.wherePresent { (filter: consuming NetfilterSocket) throws(NetlinkError) in
      // Before version 1.1 each master had a table of its own.
      for name in try filter.tableNames() where name == HostAccessFilter.tableName || HostLink.isName(name) {
        try filter.deleteTable(name)
      }
    }
  }
}
