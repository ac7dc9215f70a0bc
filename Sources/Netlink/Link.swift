public import Addressing
internal import CNetlink

/// A network interface as the kernel describes it (RTM_NEWLINK).
public struct Link: Sendable, Hashable {
  /// Its number in its namespace.
  public let index: Int32
  /// Its name in its namespace.
  public let name: String
  /// Its further names (Linux 5.5).
  public let altNames: [String]
  /// The kind of virtual link, `ipvlan` or `bridge`; `nil` for a physical NIC.
  public let kind: String?
  /// `ARPHRD_` number: 1 is Ethernet.
  public let hardwareType: UInt16
  /// `IFF_` bits.
  public let flags: UInt32
  /// The Ethernet address, when it has one.
  public let mac: MACAddress?
  /// The largest packet, in bytes.
  public let mtu: UInt32
  /// The link that this one stands on: the master of an ipvlan slave. The number counts in the namespace
  /// of that link.
  public let parentIndex: Int32?
  /// Set when the parent lies in another namespace: the number by which this one knows that.
  public let parentNamespaceID: Int32?
  /// The bridge or bond that this link is a port of.
  public let controllerIndex: Int32?
  /// A note that administrators and this plugin leave on a link.
  public let alias: String?
  /// The group that administrators put a link in; 0 unless they did.
  public let group: UInt32
  /// Mode of an ipvlan slave.
  public let ipvlanMode: IPVLANMode?
  /// Flag of an ipvlan slave.
  public let ipvlanFlag: IPVLANFlag?
  /// Whether IPv6 is switched off on it (`disable_ipv6`); `nil` when the kernel has no IPv6 for it.
  public let isIPv6Disabled: Bool?
  /// What it has carried; `nil` unless the request asked for it.
  public let statistics: LinkStatistics?

  /// Set up by the administrator; the C constant is `IFF_UP`.
  public var isUp: Bool { flags & IFF_UP.rawValue != 0 }
  /// With a carrier; the C constant is `IFF_LOWER_UP`.
  public var hasCarrier: Bool { flags & IFF_LOWER_UP.rawValue != 0 }
  /// The loopback interface; the C constant is `IFF_LOOPBACK`.
  public var isLoopback: Bool { flags & IFF_LOOPBACK.rawValue != 0 }
  /// An Ethernet device; the C constant is `ARPHRD_ETHER`.
  public var isEthernet: Bool { hardwareType == UInt16(ARPHRD_ETHER) }
  /// An ipvlan slave.
  public var isIPVLAN: Bool { kind == Link.ipvlanKind }

  /// `DEVCONF_DISABLE_IPV6` of linux/ipv6.h, a header that does not get along with glibc's.
  private static let disableIPv6 = 26

  /// `IFLA_INFO_KIND` of ipvlan links.
  public static let ipvlanKind = "ipvlan"
}

extension Link {
  /// Reads `struct ifinfomsg` and its attributes; `nil` for any other message.
  init?(_ message: ReceivedMessage) {
    let payload = message.payload
    guard message.type == UInt16(RTM_NEWLINK), let hardwareType = payload.number(at: 2, as: UInt16.self),
      let index = payload.number(at: 4, as: Int32.self), let flags = payload.number(at: 8, as: UInt32.self)
    else { return nil }
    let attributes = message.attributes(after: MemoryLayout<ifinfomsg>.size)
    self.index = index
    self.flags = flags
    self.hardwareType = hardwareType
    name = attributes.string(IFLA_IFNAME) ?? ""
    altNames = attributes.nest(IFLA_PROP_LIST).payloads.filter { $0.type == IFLA_ALT_IFNAME }
      .map { String(decoding: $0.payload.prefix { $0 != 0 }, as: UTF8.self) }
    mac = attributes[IFLA_ADDRESS].flatMap { MACAddress(bytes: Array($0)) }
    mtu = attributes.number(IFLA_MTU, as: UInt32.self) ?? 0
    parentIndex = attributes.number(IFLA_LINK, as: Int32.self)
    parentNamespaceID = attributes.number(IFLA_LINK_NETNSID, as: Int32.self)
    controllerIndex = attributes.number(IFLA_MASTER, as: Int32.self)
    alias = attributes.string(IFLA_IFALIAS)
    group = attributes.number(IFLA_GROUP, as: UInt32.self) ?? 0
    let info = attributes.nest(IFLA_LINKINFO)
    kind = info.string(IFLA_INFO_KIND)
    let data = kind == Link.ipvlanKind ? info.nest(IFLA_INFO_DATA) : Attributes([])
    ipvlanMode = data.number(IFLA_IPVLAN_MODE, as: UInt16.self).map(IPVLANMode.init)
    ipvlanFlag = data.number(IFLA_IPVLAN_FLAGS, as: UInt16.self).map(IPVLANFlag.init)
    // An array of 32-bit numbers, one for each setting of /proc/sys/net/ipv6/conf.
    let settings = attributes.nest(IFLA_AF_SPEC).nest(Int(AF_INET6))[IFLA_INET6_CONF]
    let isDisabled = settings?.number(at: 4 * Self.disableIPv6, as: UInt32.self)
    isIPv6Disabled = isDisabled.map { $0 != 0 }
    statistics = attributes[IFLA_STATS64].flatMap(LinkStatistics.init)
  }
}
