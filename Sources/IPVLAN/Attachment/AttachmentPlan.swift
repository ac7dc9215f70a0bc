internal import Addressing
internal import CNI
internal import IPPool
internal import Netlink

/// The link of one attachment, with its addresses and routes, as they are decided before the link is made. What depends on
/// the pod's other networks and on the node is not in it: routes by source, host access, the fence.
struct AttachmentPlan: Sendable {
  /// Names and note of the link.
  let identity: LinkIdentity
  /// The link as it is made.
  let link: NewIPVLANLink
  /// The master's Ethernet address, which every slave has.
  let mac: MACAddress?
  /// The MTU that the link will have, in bytes.
  let mtu: UInt32
  /// The addresses, in the allocator's order.
  let addresses: [AddressAssignment]
  /// Which source addresses may leave by the link.
  let sourceGuard: SourceGuard?
  /// The routes as the allocator wrote them, for the result.
  let allocatedRoutes: [IPRoute]
  /// The same routes, next hops filled in.
  let routes: [NewRoute]

  /// Plans an attachment to `master` with what the allocator gave.
  init(
    _ identity: LinkIdentity, on master: Link, configuration: PluginConfiguration, allocation: Allocation
  ) {
    self.identity = identity
    link = NewIPVLANLink(
      group: identity.birthGroup, on: master, mode: configuration.mode, flag: configuration.flag,
      mtu: configuration.mtu)
    mac = master.mac
    mtu = configuration.mtu ?? master.mtu
    addresses = allocation.assignments
    // Without known addresses there is nothing to check sources against.
    sourceGuard =
      configuration.checksSources && !addresses.isEmpty
      ? SourceGuard(addresses: addresses.map { $0.address.address }) : nil
    allocatedRoutes = allocation.routes
    routes = allocation.routes.map { Self.route($0, allocation.assignments) }
  }

  /// Whether neighbours must learn where the addresses are; in the other modes pods have none.
  var announces: Bool { link.mode == .l2 }

  /// Whether IPv4 must work on the link.
  var hasIPv4: Bool { addresses.contains { $0.address.family == .v4 } }

  /// Whether IPv6 must work on the link.
  var needsIPv6: Bool { addresses.contains { $0.address.family == .v6 } }

  /// A route with its next hop: its own, else the gateway of its family.
  static func route(_ route: IPRoute, _ addresses: [AddressAssignment]) -> NewRoute {
    var route = route
    let isLocal = route.scope.map { $0 >= linkScope } ?? false
    if route.gateway == nil, !isLocal {
      route.gateway = addresses.first { $0.gateway?.family == route.destination.family }?.gateway
    }
    guard let gateway = route.gateway else { return NewRoute(route) }
    return NewRoute(route, isOnLink: gateway.isOnLink(beside: addresses.map { $0.address }))
  }

  /// `RT_SCOPE_LINK`: destinations of this scope and narrower ones have no next hop.
  private static let linkScope: UInt8 = 253
}
