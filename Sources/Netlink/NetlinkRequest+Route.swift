internal import Addressing
internal import CNetlink

/// The requests about routes.
extension NetlinkRequest {
  /// Adds a route out of a link.
  ///
  /// - Parameter isOnLink: the gateway is reached on the link although no prefix covers it (RTNH_F_ONLINK).
  static func addRoute(_ route: IPRoute, outOf index: Int32, isOnLink: Bool = false) -> NetlinkRequest {
    self.route(
      NodeRoute(route, outOf: index, isOnLink: isOnLink), routeProtocol: UInt8(RTPROT_BOOT),
      "add", RTM_NEWROUTE, flags: NLM_F_CREATE | NLM_F_EXCL)
  }

  /// Adds a route with its maker's protocol number; it takes the place of one to the same destination.
  static func addRoute(_ route: NodeRoute, routeProtocol: UInt8) -> NetlinkRequest {
    self.route(
      route, routeProtocol: routeProtocol, "add", RTM_NEWROUTE, flags: NLM_F_CREATE | NLM_F_REPLACE)
  }

  /// Deletes a route that has this protocol number; ESRCH when there is none.
  static func deleteRoute(_ route: NodeRoute, routeProtocol: UInt8) -> NetlinkRequest {
    self.route(route, routeProtocol: routeProtocol, "delete", RTM_DELROUTE, flags: 0)
  }

  private static func route(
    _ nodeRoute: NodeRoute, routeProtocol: UInt8, _ verb: String, _ type: Int, flags: Int32
  ) -> NetlinkRequest {
    let route = nodeRoute.route
    var header = rtmsg()
    header.rtm_family = route.destination.family.socketFamily
    header.rtm_dst_len = UInt8(route.destination.prefixLength)
    header.rtm_table = UInt8(RT_TABLE_UNSPEC.rawValue)
    header.rtm_protocol = routeProtocol
    header.rtm_type = UInt8(nodeRoute.isLocal ? RTN_LOCAL : RTN_UNICAST)
    // IPv4 wants the scope of the destination: on the link when there is no gateway; IPv6 ignores it.
    let scope =
      nodeRoute.isLocal ? RT_SCOPE_HOST : route.gateway == nil ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE
    header.rtm_scope = route.scope ?? UInt8(scope.rawValue)
    if nodeRoute.isOnLink { header.rtm_flags = UInt32(RTNH_F_ONLINK) }
    return NetlinkRequest("\(verb) route \(route)", type: type, flags: flags, header: header) { message in
      if !route.destination.isDefaultRoute {
        message.put(Int(RTA_DST.rawValue), route.destination.firstAddress)
      }
      if let gateway = route.gateway { message.put(Int(RTA_GATEWAY.rawValue), gateway) }
      message.put(Int(RTA_OIF.rawValue), nodeRoute.linkIndex)
      message.put(Int(RTA_TABLE.rawValue), route.table ?? Route.mainTable)
      if let priority = route.priority { message.put(Int(RTA_PRIORITY.rawValue), priority) }
      guard route.mtu != nil || route.advertisedMSS != nil else { return }
      message.nest(Int(RTA_METRICS.rawValue)) { message in
        if let mtu = route.mtu { message.put(Int(RTAX_MTU), mtu) }
        if let size = route.advertisedMSS { message.put(Int(RTAX_ADVMSS), size) }
      }
    }
  }

  /// Asks for routes of a family, filtered by table and by link where the kernel can (Linux 4.20).
  static func routes(_ family: IPFamily, table: UInt32? = nil, outOf index: Int32? = nil) -> NetlinkRequest {
    var header = rtmsg()
    header.rtm_family = family.socketFamily
    return NetlinkRequest("list the routes", type: RTM_GETROUTE, flags: NLM_F_DUMP, header: header) {
      message in
      if let table { message.put(Int(RTA_TABLE.rawValue), table) }
      if let index { message.put(Int(RTA_OIF.rawValue), index) }
    }
  }
}
