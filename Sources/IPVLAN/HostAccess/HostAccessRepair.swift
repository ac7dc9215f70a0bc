package import Addressing
package import Netlink
internal import Platform

/// Makes host access whole again for pods that are attached, as their ADD made it.
package enum HostAccessRepair {
  /// Restores the host-side slave, its table, rules and filter, and the ways to pods.
  ///
  /// - Parameters:
  ///   - gateways: next hops of the pods' pools.
  ///   - addresses: those of all pods that must be reached.
  /// - Throws: ``NetlinkError`` when the kernel refuses a part of it.
  package static func restore(
    on master: Link, mode: IPVLANMode, flag: IPVLANFlag, gateways: [IPAddress], addresses: [IPAddress]
  ) throws(NetlinkError) {
    let home = try NetworkNamespace.home()
    var node = try NetlinkSocket()
    var log = OperationLog(.none, start: .now())
    let families = Set(addresses.map(\.family))
    let plan = try HostAccessBuilder(master: master, mode: mode, flag: flag)
      .build(families, gateways: gateways, &node, home, log: &log)
    try node.install(
      addresses.map(plan.hostRoute), plan.rules(families), routeProtocol: HostAccessNumbers.routeProtocol)
    var filter = try NetfilterSocket()
    try HostAccessBuilder.replaceFilter(plan, &node, &filter)
  }
}
