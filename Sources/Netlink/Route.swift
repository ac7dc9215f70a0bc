public import Addressing
internal import CNetlink

/// A route as the kernel describes it (RTM_NEWROUTE), with its first next hop.
public struct Route: Sendable, Hashable {
  /// The destination network.
  public let destination: CIDR
  /// The next hop's address; `nil` when the destination is on the link.
  public let gateway: IPAddress?
  /// The link that it leads out of; `nil` for blackhole and multipath routes.
  public let linkIndex: Int32?
  /// The routing table: 254 is main.
  public let table: UInt32
  /// `RTPROT_` number: who made the route.
  public let routeProtocol: UInt8
  /// `RT_SCOPE_` number.
  public let scope: UInt8
  /// `RTN_` number: 1 is unicast, 2 local.
  public let type: UInt8
  /// The priority, less first.
  public let priority: UInt32
  /// The path MTU in bytes, when the route sets one.
  public let mtu: UInt32?
  /// The advertised maximum segment size in bytes, when the route sets one.
  public let advertisedMSS: UInt32?
  /// The next hops of a multipath route; empty for any other.
  public let nextHops: [NextHop]
  /// How many links it spreads over: more than 1 for multipath routes.
  public var nextHopCount: Int { max(nextHops.count, 1) }

  /// One of the next hops of a multipath route (`struct rtnexthop`).
  public struct NextHop: Sendable, Hashable {
    /// The link that it leads out of.
    public let linkIndex: Int32
    /// Its address; `nil` when the destination is on the link.
    public let gateway: IPAddress?
  }

  /// The number of the main table; the C constant is `RT_TABLE_MAIN`.
  public static let mainTable: UInt32 = 254

  /// Forwards packets, as opposed to local, broadcast and blackhole routes.
  public var isUnicast: Bool { type == UInt8(RTN_UNICAST) }

  /// Reads `struct rtmsg` and its attributes; `nil` for any other message.
  init?(_ message: ReceivedMessage) {
    let payload = message.payload
    guard message.type == UInt16(RTM_NEWROUTE), let socketFamily = payload.number(at: 0, as: UInt8.self),
      let family = IPFamily.allCases.first(where: { $0.socketFamily == socketFamily }),
      let length = payload.number(at: 1, as: UInt8.self), let table = payload.number(at: 4, as: UInt8.self),
      let routeProtocol = payload.number(at: 5, as: UInt8.self),
      let scope = payload.number(at: 6, as: UInt8.self), let type = payload.number(at: 7, as: UInt8.self)
    else { return nil }
    let attributes = message.attributes(after: MemoryLayout<rtmsg>.size)
    let address = attributes.address(Int(RTA_DST.rawValue)) ?? .unspecified(family)
    guard let destination = CIDR(address: address, prefixLength: Int(length)) else { return nil }
    let metrics = attributes.nest(Int(RTA_METRICS.rawValue))
    let hops = Route.nextHops(attributes[Int(RTA_MULTIPATH.rawValue)] ?? [])
    self.destination = destination
    self.routeProtocol = routeProtocol
    self.scope = scope
    self.type = type
    gateway = attributes.address(Int(RTA_GATEWAY.rawValue)) ?? hops.first?.gateway
    linkIndex = attributes.number(Int(RTA_OIF.rawValue), as: Int32.self) ?? hops.first?.linkIndex
    self.table = attributes.number(Int(RTA_TABLE.rawValue), as: UInt32.self) ?? UInt32(table)
    priority = attributes.number(Int(RTA_PRIORITY.rawValue), as: UInt32.self) ?? 0
    mtu = metrics.number(Int(RTAX_MTU), as: UInt32.self)
    advertisedMSS = metrics.number(Int(RTAX_ADVMSS), as: UInt32.self)
    nextHops = hops
  }

  /// The `struct rtnexthop` list of a multipath route.
  private static func nextHops(_ bytes: ArraySlice<UInt8>) -> [NextHop] {
    var hops: [NextHop] = []
    var rest = bytes
    while let length = rest.number(at: 0, as: UInt16.self).map(Int.init), length >= 8, length <= rest.count,
      let index = rest.number(at: 4, as: Int32.self)
    {
      let attributes = Attributes(rest.dropFirst(8).prefix(length - 8))
      hops.append(NextHop(linkIndex: index, gateway: attributes.address(Int(RTA_GATEWAY.rawValue))))
      rest = rest.dropFirst((length + 3) & ~3)
    }
    return hops
  }
}
