internal import Addressing
internal import CNI
internal import IPAM
internal import Netlink

/// Everything that an ADD is going to make in the kernel, decided before the first change.
///
/// Steps adapt to what they find: routes by source are for pods that have a default route already, and what belongs to
/// a master (``HostAccess``) is made by its first pod.
struct AttachmentPlan: Sendable {
  /// One change, with what takes it back.
  enum Step: Sendable, Hashable {
    /// Holds the mode of the master's slaves. Undone by giving it up.
    case holdMode
    /// Makes the link in the pod, down. Undone by deleting the link, with its addresses and routes.
    case createLink
    /// Switches IPv6 on for the link, and prepares its announcements. Gone with the link.
    case prepareIPv6
    /// Names the link, gives it its addresses, sets it up and adds its routes. Gone with the link.
    case setUpLink
    /// Adds routes by source, where another network has the pod's default route. Undone by removing the rules of this
    /// link. The other network keeps its own, which lead where its packets went before.
    case routeBySource
    /// Announces the IPv6 addresses to neighbours. Nothing to undo.
    case announce
    /// Records the link as the slave that shows the master's mode, and gives the mode up. Nothing to undo: a slave that
    /// is gone is not asked.
    case releaseMode
    /// Lets node and pod reach each other; what a fenced pod before has left of its addresses is taken out of the fence.
    /// Undone by removing the pod's routes and its entries in the filter; what belongs to the master stays.
    case openHostAccess
    /// Puts the pod behind the fence, and closes a way that a pod before has left. A pod works without it, so that this
    /// step never fails. Undone by taking it out.
    case fence
  }

  /// Names and note of the link.
  let identity: LinkIdentity
  /// The link as it is made.
  let link: NewIPVLANLink
  /// The link that it stands on.
  let master: Link
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
  /// How pod and node stand to each other afterwards.
  let nodeAccess: PluginConfiguration.NodeAccess

  /// Plans an attachment to `master` with what the allocator gave.
  init(
    _ identity: LinkIdentity, on master: Link, configuration: PluginConfiguration, allocation: Allocation
  ) {
    self.identity = identity
    self.master = master
    link = NewIPVLANLink(
      group: identity.birthGroup, on: master, mode: configuration.mode, flag: configuration.flag,
      mtu: configuration.mtu)
    mtu = configuration.mtu ?? master.mtu
    addresses = allocation.assignments
    // Without known addresses there is nothing to check sources against.
    sourceGuard =
      configuration.checksSources && !addresses.isEmpty
      ? SourceGuard(addresses: addresses.map { $0.address.address }) : nil
    allocatedRoutes = allocation.routes
    routes = allocation.routes.map { Self.route($0, allocation.assignments) }
    nodeAccess = configuration.nodeAccess
  }

  /// The changes, in their order. They are undone in the opposite order when one fails.
  var steps: [Step] { Self.steps(hasIPv6: has(.v6), announces: announces, nodeAccess) }

  /// The changes of an attachment with these properties.
  static func steps(
    hasIPv6: Bool, announces: Bool, _ nodeAccess: PluginConfiguration.NodeAccess
  ) -> [Step] {
    var steps: [Step] = [.holdMode, .createLink]
    if hasIPv6 { steps.append(.prepareIPv6) }
    steps += [.setUpLink, .routeBySource]
    if hasIPv6, announces { steps.append(.announce) }
    steps.append(.releaseMode)
    switch nodeAccess {
    case .open: steps.append(.openHostAccess)
    case .fenced: steps.append(.fence)
    case .separate: break
    }
    return steps
  }

  /// Whether neighbours must learn where the addresses are; in the other modes pods have none.
  var announces: Bool { link.mode == .l2 }

  /// Whether the link gets an address of a family.
  func has(_ family: IPFamily) -> Bool { addresses.contains { $0.address.family == family } }

  /// The link's name, alias, addresses and routes, as the kernel gets them.
  var setup: LinkSetup {
    LinkSetup(
      name: identity.name, alias: identity.alias, addresses: addresses.map { $0.address }, routes: routes,
      announcesIPv4: announces && has(.v4), sourceGuard: sourceGuard)
  }

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
