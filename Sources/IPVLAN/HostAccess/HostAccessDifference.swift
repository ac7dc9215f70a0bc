internal import Addressing
internal import Netlink

/// How a master's table and rules differ from what they have to be. ADD and repair carry it out; CHECK, `trace` and
/// `doctor` tell it.
struct HostAccessDifference: Sendable, Hashable {
  /// Routes that the master's table lacks.
  private(set) var missingRoutes: [NodeRoute] = []
  /// Routes of ours in it that lead where nothing is any more.
  private(set) var staleRoutes: [NodeRoute] = []
  /// Rules that are not there.
  private(set) var missingRules: [PolicyRule] = []
  /// Rules that lead into the table for addresses that the master has not, or has no more.
  private(set) var staleRules: [PolicyRule] = []

  /// Whether everything is as it has to be.
  var isEmpty: Bool {
    missingRoutes.isEmpty && staleRoutes.isEmpty && missingRules.isEmpty && staleRules.isEmpty
  }

  /// Asks the kernel.
  ///
  /// - Parameters:
  ///   - families: those that have a way out.
  ///   - gateways: the next hops of the default routes; a family without one may have any, or none.
  /// - Throws: ``NetlinkError`` when the kernel refuses to say.
  init(
    from plan: HostAccessPlan, _ families: Set<IPFamily>, gateways: [IPAddress],
    _ node: inout NetlinkSocket
  ) throws(NetlinkError) {
    let own = try Self.addresses(of: plan.master, &node)
    let routes = plan.routes(own, gateways: gateways)
    for family in families.sorted() {
      let present = try node.routes(family, table: plan.table)
      let wanted = routes.filter { $0.route.destination.family == family }
      missingRoutes += wanted.filter { route in !present.contains { route.isMet(by: $0) } }
      let isOpen = !gateways.contains { $0.family == family }
      staleRoutes += present.filter { route in
        route.routeProtocol == HostAccessNumbers.routeProtocol
          && !wanted.contains { $0.route.destination == route.destination && $0.isLocal == !route.isUnicast }
          && !(isOpen && route.destination.isDefaultRoute)
      }.compactMap { $0.asNodeRoute }

      let rules = try node.rules(family)
      let wantedRules = plan.rules([family]) + plan.sourceRules(own.filter { $0.address.family == family })
      missingRules += wantedRules.filter { !rules.contains($0) }
      staleRules += rules.filter { $0.table == plan.table && !wantedRules.contains($0) }
    }
  }

  /// The master's own addresses that others can know.
  private static func addresses(
    of master: Link, _ node: inout NetlinkSocket
  ) throws(NetlinkError) -> [CIDR] {
    try node.addresses(ofLink: master.index).map { $0.address }
      .filter { !$0.address.isLinkLocal && !$0.address.isLoopback }.sorted()
  }

  /// The same without rules for these addresses.
  func without(_ strangers: Set<IPAddress>) -> HostAccessDifference {
    var difference = self
    difference.missingRules.removeAll { rule in rule.source.map { strangers.contains($0.address) } ?? false }
    return difference
  }

  /// Makes it so.
  /// - Throws: ``NetlinkError`` of the first part that the kernel refused.
  func carryOut(_ node: inout NetlinkSocket) throws(NetlinkError) {
    if !(missingRoutes.isEmpty && missingRules.isEmpty) {
      try node.install(missingRoutes, missingRules, routeProtocol: HostAccessNumbers.routeProtocol)
    }
    guard !(staleRoutes.isEmpty && staleRules.isEmpty) else { return }
    try node.remove(staleRoutes, staleRules, routeProtocol: HostAccessNumbers.routeProtocol)
  }

  /// In words, a clause for each kind of difference.
  func clauses(_ plan: HostAccessPlan) -> [String] {
    let table = "table \(plan.table) of master \(plan.master.name)"
    var clauses = missingRules.map { "rule \"\($0)\" is missing" }
    clauses += staleRules.map { rule in
      "rule \"\(rule)\" is left over: \(plan.master.name) has \(rule.source.map { "\($0.address)" } ?? "it") no more"
    }
    if !missingRoutes.isEmpty {
      clauses.append("\(table) lacks routes to \(Self.words(missingRoutes))")
    }
    if !staleRoutes.isEmpty {
      clauses.append("\(table) has routes that are left over: \(Self.words(staleRoutes))")
    }
    return clauses
  }

  private static func words(_ routes: [NodeRoute]) -> String {
    routes.map { entry in
      let destination = entry.route.destination
      let name =
        destination.isDefaultRoute
        ? "default" : destination.isHost ? "\(destination.address)" : "\(destination)"
      return (entry.isLocal ? "local " : "") + name + (entry.route.gateway.map { " via \($0)" } ?? "")
    }.joined(separator: ", ")
  }
}

extension NodeRoute {
  /// Whether a route that is there does what this one is for.
  fileprivate func isMet(by present: Route) -> Bool {
    present.isUnicast && present.destination == route.destination && present.linkIndex == linkIndex
      && present.gateway == route.gateway
  }
}

extension Route {
  /// The route as it can be named for removal; `nil` for one that leads nowhere.
  var asNodeRoute: NodeRoute? {
    guard let linkIndex else { return nil }
    var route = IPRoute(destination: destination, gateway: gateway)
    route.table = table
    return NodeRoute(route, outOf: linkIndex, isLocal: !isUnicast)
  }
}
