public import Addressing
internal import CNetlink
internal import Platform

/// What callers do with a socket: look up, make, change, delete.
extension NetlinkSocket {
  /// The link of that name or altname; `nil` when the namespace has none.
  /// As `ip link show dev NAME`.
  /// - Throws: ``NetlinkError`` for any other answer than "no such device".
  public mutating func link(named name: String) throws(NetlinkError) -> Link? {
    // Names of links are at most 15 bytes, so that a longer one can only be an altname.
    if name.utf8.count < IFNAMSIZ, let link = try find(.link(named: name)) { return link }
    do throws(NetlinkError) {
      return try find(.link(named: name, isAltName: true))
    } catch  where error.errno == .invalidArgument {
      // Before Linux 5.5 there are no altnames.
      return nil
    }
  }

  /// The link of that very name; altnames do not count.
  /// As `ip link show dev NAME`, but for altnames.
  /// - Throws: ``NetlinkError`` for any other answer than "no such device".
  public mutating func link(exactlyNamed name: String) throws(NetlinkError) -> Link? {
    try find(.link(named: name))
  }

  /// The link of that number; `nil` when the namespace has none.
  /// As the line of `ip link show` with that number.
  /// - Throws: ``NetlinkError`` for any other answer than "no such device".
  public mutating func link(index: Int32) throws(NetlinkError) -> Link? { try find(.link(index: index)) }

  /// Every link of the namespace.
  /// As `ip link show`, and with statistics `ip -statistics link show`.
  /// - Throws: ``NetlinkError`` when the list cannot be had.
  public mutating func links(withStatistics: Bool = false) throws(NetlinkError) -> [Link] {
    try list(.links(withStatistics: withStatistics)).compactMap(Link.init)
  }

  /// The ipvlan links of the namespace.
  /// As `ip link show type ipvlan`.
  /// - Throws: ``NetlinkError`` when the list cannot be had.
  public mutating func ipvlanLinks() throws(NetlinkError) -> [Link] {
    try list(.ipvlanLinks()).compactMap(Link.init).filter { $0.isIPVLAN }
  }

  /// The number by which the socket's namespace knows another one; `nil` when it has none for it.
  /// As `ip netns list` tells it, behind `id:`.
  /// - Throws: ``NetlinkError`` when the kernel refuses to say.
  public mutating func namespaceID(
    of namespace: borrowing NetworkNamespace
  ) throws(NetlinkError) -> Int32? {
    let outcome = try exchange([.namespaceID(of: namespace)])[0]
    if let error = outcome.error { throw error }
    let number = outcome.messages.first?.attributes(after: MemoryLayout<rtgenmsg>.size)
      .number(NETNSA_NSID, as: Int32.self)
    return number.flatMap { $0 < 0 ? nil : $0 }
  }

  /// The addresses of a link, of both families.
  /// As `ip address show dev LINK`.
  /// - Throws: ``NetlinkError`` when the list cannot be had.
  public mutating func addresses(ofLink index: Int32) throws(NetlinkError) -> [InterfaceAddress] {
    try list(.addresses(ofLink: index)).compactMap(InterfaceAddress.init).filter { $0.linkIndex == index }
  }

  /// The addresses of all links, of both families.
  /// As `ip address show`.
  /// - Throws: ``NetlinkError`` when the list cannot be had.
  public mutating func addresses() throws(NetlinkError) -> [InterfaceAddress] {
    // Link 0 is no link: the kernel does not filter.
    try list(.addresses(ofLink: 0)).compactMap(InterfaceAddress.init)
  }

  /// The routes of a family, in one table or in all, out of one link or out of any.
  /// As `ip -4 route show table TABLE dev LINK`, or `-6`; in all tables `table all`.
  /// - Throws: ``NetlinkError`` when the list cannot be had.
  public mutating func routes(
    _ family: IPFamily, table: UInt32? = nil, outOf index: Int32? = nil
  ) throws(NetlinkError) -> [Route] {
    do throws(NetlinkError) {
      return try list(.routes(family, table: table, outOf: index)).compactMap(Route.init).filter { route in
        (table == nil || route.table == table) && (index == nil || route.linkIndex == index)
      }
    } catch  where error.errno == .noSuchFileOrDirectory {
      // The table has never held a route.
      return []
    }
  }

  /// The number of the link that the main table's default route leaves by: IPv4's, else IPv6's.
  /// As the `dev` of `ip -4 route show default` with the least metric, else of `ip -6`.
  /// - Throws: ``NetlinkError`` when the routes cannot be listed.
  public mutating func defaultRouteLinkIndex() throws(NetlinkError) -> Int32? {
    for family in IPFamily.allCases {
      let defaults = try routes(family, table: Route.mainTable).filter { route in
        route.destination.isDefaultRoute && route.isUnicast && route.linkIndex != nil
      }
      if let best = defaults.min(by: { $0.priority < $1.priority }) { return best.linkIndex }
    }
    return nil
  }

  /// The gateways of the main table's default routes of a family, out of one link or out of any; multipath routes have
  /// several.
  /// As the `via` of `ip -4 route show default`, or `-6`, and its `nexthop` lines.
  /// - Throws: ``NetlinkError`` when the routes cannot be listed.
  public mutating func defaultGateways(
    _ family: IPFamily, outOf index: Int32? = nil
  ) throws(NetlinkError) -> [(gateway: IPAddress, linkIndex: Int32)] {
    var gateways: [(gateway: IPAddress, linkIndex: Int32)] = []
    // The kernel lists a multipath route when any of its links is asked for.
    for message in try list(.routes(family, table: Route.mainTable, outOf: index)) {
      // Each ADD comes here, and a node may have many routes: rtm_dst_len tells most of them apart.
      guard message.payload.number(at: 1, as: UInt8.self) == 0, let route = Route(message),
        route.destination.family == family, route.isUnicast, route.table == Route.mainTable
      else { continue }
      let hops =
        route.nextHops.isEmpty
        ? [Route.NextHop(linkIndex: route.linkIndex ?? 0, gateway: route.gateway)] : route.nextHops
      for hop in hops where index == nil || hop.linkIndex == index {
        if let gateway = hop.gateway { gateways.append((gateway: gateway, linkIndex: hop.linkIndex)) }
      }
    }
    return gateways
  }

  /// Makes an ipvlan link that is born, down, in `namespace`.
  /// As `ip link add link MASTER name NAME netns NAMESPACE type ipvlan mode MODE FLAG`, with `group` and `mtu` where
  /// they are given.
  /// - Throws: ``NetlinkError`` with the kernel's own text.
  public mutating func createIPVLAN(
    _ link: NewIPVLANLink, named name: String, in namespace: borrowing NetworkNamespace
  ) throws(NetlinkError) {
    try perform([.createIPVLAN(link, named: name, in: namespace)])
  }

  /// Asks whether the kernel has ipvlan, loading the module if need be, without making anything.
  /// As `ip link add type ipvlan`, which the kernel refuses in any case.
  /// - Throws: ``NetlinkError`` with EOPNOTSUPP when it has not.
  public mutating func probeIPVLAN() throws(NetlinkError) {
    do throws(NetlinkError) {
      try perform([.probeIPVLAN()])
    } catch  where error.errno == .invalidArgument {
      // It knows the kind and misses the parent.
    }
  }

  /// Deletes a link. A link that is gone already is no error.
  /// As `ip link delete dev LINK`.
  /// - Throws: ``NetlinkError`` for any other answer.
  public mutating func deleteLink(_ link: Link) throws(NetlinkError) {
    do throws(NetlinkError) {
      try perform([.deleteLink(index: link.index, name: link.name)])
    } catch  where error.errno == .noSuchAddressOrDevice || error.errno == .operationNotSupportedByDevice {}
  }

  /// Sets a link up as it is.
  /// As `ip link set dev LINK up`.
  /// - Throws: ``NetlinkError`` when the kernel refuses.
  public mutating func bringUp(index: Int32, name: String) throws(NetlinkError) {
    try perform([.bringUp(index: index, name: name)])
  }

  /// Sends requests that must all succeed.
  mutating func perform(_ requests: [NetlinkRequest]) throws(NetlinkError) {
    for outcome in try exchange(requests) {
      if let error = outcome.error { throw error }
    }
  }

  private mutating func find(_ request: NetlinkRequest) throws(NetlinkError) -> Link? {
    let outcome = try exchange([request])[0]
    if outcome.error?.errno == .operationNotSupportedByDevice { return nil }
    if let error = outcome.error { throw error }
    return outcome.messages.lazy.compactMap(Link.init).first
  }
}
