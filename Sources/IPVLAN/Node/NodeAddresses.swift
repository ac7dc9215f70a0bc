internal import Addressing
internal import CNI
internal import IPAM
internal import Netlink

/// The addresses that are in use where a master lies: ipvlan gives each packet for such an address to the slave that has
/// it too, so that the node would lose it.
enum NodeAddresses {
  /// Asks once for all links' addresses.
  ///
  /// - Parameters:
  ///   - master: of the IPv6 link-local addresses only its own count: the others are of other links.
  ///   - own: the number of a link whose addresses do not count, since they are the attachment's.
  /// - Throws: ``NetlinkError`` when the kernel refuses to say.
  static func occupied(
    by master: Link?, except own: Int32? = nil, through socket: inout NetlinkSocket
  ) throws(NetlinkError) -> OccupiedAddresses {
    var occupied = OccupiedAddresses()
    var names: [(index: Int32, name: String)] = master.map { [(index: $0.index, name: $0.name)] } ?? []
    for entry in try socket.addresses() where entry.linkIndex != own {
      let address = entry.address.address
      // No pod is given one, and to ask for the link's name takes longer than all else here.
      guard !address.isLoopback else { continue }
      guard !address.isLinkLocal || entry.linkIndex == master?.index else { continue }
      if let known = names.first(where: { $0.index == entry.linkIndex }) {
        occupied.note(address, on: known.name)
        continue
      }
      let name =
        if let told = entry.linkName { told } else {
          // A link may go meanwhile, and its addresses with it.
          try socket.link(index: entry.linkIndex)?.name ?? "link \(entry.linkIndex)"
        }
      names.append((entry.linkIndex, name))
      occupied.note(address, on: name)
    }
    return occupied
  }

  /// Refuses an address that its own gateway has: nobody on the link would reach the gateway any more.
  ///
  /// An address that comes without a gateway is compared with that of the master's default route.
  /// - Throws: ``CNIError`` with code 103 that names the gateway, or 5 when the kernel does not list the routes.
  static func refuseGateways(
    _ allocation: Allocation, on master: Link, through socket: inout NetlinkSocket
  ) throws(CNIError) {
    let named = allocation.assignments.compactMap { $0.gateway } + allocation.routes.compactMap { $0.gateway }
    for assignment in allocation.assignments {
      let address = assignment.address.address
      if named.contains(address) { throw gatewayRefusal(address, "of the pod's own routes") }
      guard assignment.gateway == nil else { continue }
      let routes: [Route]
      do throws(NetlinkError) {
        routes = try socket.routes(address.family, table: Route.mainTable, outOf: master.index)
      } catch {
        throw CNIError(.ioFailure, "cannot list the routes by master \(master.name)", error)
      }
      if routes.contains(where: { $0.destination.isDefaultRoute && $0.gateway == address }) {
        throw gatewayRefusal(address, "of the node's default route by \(master.name)")
      }
    }
  }

  private static func gatewayRefusal(_ address: IPAddress, _ whose: String) -> CNIError {
    CNIError(
      code: .addressInUse, message: "address \(address) is in use: it is the gateway \(whose)",
      details: "give the pod another address of the subnet")
  }
}
