internal import Addressing
internal import Netlink

/// Expected routes against those of a namespace, whose tables are read once; further ones are fine.
struct RouteComparison {
  private var tables: [Table: [Route]] = [:]

  /// What differs, as a clause for people; `nil` when the route is there.
  /// - Throws: ``NetlinkError`` when a table cannot be read.
  mutating func difference(
    _ route: IPRoute, through socket: inout NetlinkSocket
  ) throws(NetlinkError) -> String? {
    let table = Table(family: route.destination.family, number: route.table ?? Route.mainTable)
    if tables[table] == nil { tables[table] = try socket.routes(table.family, table: table.number) }
    guard let difference = Self.difference(route, tables[table] ?? []) else { return nil }
    return try Self.wasMoved(route, through: &socket) ? nil : difference
  }

  private struct Table: Hashable {
    let family: IPFamily
    let number: UInt32
  }

  /// What the kernel takes for an IPv6 route that names no priority (`IP6_RT_PRIO_USER`).
  private static let defaultPriorityV6: UInt32 = 1024

  /// A chained plugin such as sbr takes routes into a table of its own, with a rule that leads there; ADD's result
  /// goes on naming no table.
  private static func wasMoved(
    _ route: IPRoute, through socket: inout NetlinkSocket
  ) throws(NetlinkError) -> Bool {
    guard route.table == nil else { return false }
    let elsewhere = try socket.routes(route.destination.family).filter { $0.table != Route.mainTable }
    return difference(route, elsewhere) == nil
  }

  private static func difference(_ route: IPRoute, _ present: [Route]) -> String? {
    let sameDestination = present.filter { $0.destination == route.destination && $0.isUnicast }
    guard !sameDestination.isEmpty else { return "route \(route) is missing" }
    let clauses = sameDestination.map { attributes(of: $0, unlike: route) }
    guard let best = clauses.min(by: { $0.count < $1.count }), !best.isEmpty else { return nil }
    return "route \(route) has \(best.joined(separator: ", "))"
  }

  private static func attributes(of found: Route, unlike route: IPRoute) -> [String] {
    var clauses: [String] = []
    let differ = { (name: String, found: UInt32?, expected: UInt32?) in
      guard let expected, found != expected else { return }
      clauses.append("\(name) \(found.map { "\($0)" } ?? "none") instead of \(expected)")
    }
    if let gateway = route.gateway, found.gateway != gateway {
      clauses.append("gateway \(found.gateway?.description ?? "none") instead of \(gateway)")
    }
    differ("mtu", found.mtu, route.mtu)
    differ("advmss", found.advertisedMSS, route.advertisedMSS)
    let unset = route.destination.family == .v6 ? defaultPriorityV6 : 0
    differ("priority", found.priority, route.priority.map { $0 == 0 ? unset : $0 })
    // IPv6 routes have no scope of their own.
    if found.destination.family == .v4 { differ("scope", UInt32(found.scope), route.scope.map(UInt32.init)) }
    return clauses
  }
}
