package import Addressing
package import CNI
package import Netlink

/// What a pod has to have of one attachment, by what ADD answered. CHECK, `trace` and `doctor` compare with it.
package struct AttachmentExpectation: Sendable {
  /// The addresses of the interface, with their gateways.
  package let addresses: [AddressAssignment]
  private let routes: [NewRoute]

  /// Reads what was answered for the interface of that name.
  package init(_ result: CNIResult, ifname: String) {
    self.init(result, interface: result.position(of: ifname))
  }

  /// Reads what was answered for the interface at a position of the result.
  init(_ result: CNIResult, interface position: Int?) {
    addresses = result.addresses(ofInterface: position, andUnassigned: true)
    routes = result.routes.map { AttachmentPlan.route($0, result.ips.map { $0.assignment }) }
  }

  /// A route that is not there, or is another one.
  package struct UnmetRoute: Sendable {
    /// The route.
    package let route: NewRoute
    /// The address whose subnet the route is; the kernel makes it with the address. `nil` for any other route.
    package let connected: CIDR?
    /// How the pod differs, as a clause.
    package let clause: String
  }

  /// All routes of the attachment.
  package var allRoutes: [UnmetRoute] { expected(addresses.map { $0.address }) }

  /// The routes that a pod lacks.
  ///
  /// - Parameter present: the addresses that the interface has; the subnets of others are not expected.
  /// - Throws: ``NetlinkError`` when a table cannot be read.
  package func unmetRoutes(
    with present: [InterfaceAddress], through pod: inout NetlinkSocket
  ) throws(NetlinkError) -> [UnmetRoute] {
    let hosts = Set(present.map { $0.address })
    var comparison = RouteComparison()
    var unmet: [UnmetRoute] = []
    for expected in expected(addresses.map({ $0.address }).filter(hosts.contains)) {
      guard let clause = try comparison.difference(expected.route.route, through: &pod) else { continue }
      unmet.append(UnmetRoute(route: expected.route, connected: expected.connected, clause: clause))
    }
    return unmet
  }

  private func expected(_ addresses: [CIDR]) -> [UnmetRoute] {
    let subnets = addresses.filter { !$0.isHost }.map { address in
      UnmetRoute(
        route: NewRoute(IPRoute(destination: address.network)), connected: address, clause: "")
    }
    return subnets + routes.map { UnmetRoute(route: $0, connected: nil, clause: "") }
  }
}
