internal import CNetlink

/// The requests about links.
extension NetlinkRequest {
  /// Asks for one link by its number.
  static func link(index: Int32) -> NetlinkRequest {
    NetlinkRequest("find link number \(index)", type: RTM_GETLINK, header: header(index: index)) { message in
      message.put(IFLA_EXT_MASK, skipStatistics)
    }
  }

  /// Asks for one link by its name, or by one of its altnames when `isAltName`.
  static func link(named name: String, isAltName: Bool = false) -> NetlinkRequest {
    NetlinkRequest("find link \(name)", type: RTM_GETLINK, header: header()) { message in
      message.put(isAltName ? IFLA_ALT_IFNAME : IFLA_IFNAME, name)
      message.put(IFLA_EXT_MASK, skipStatistics)
    }
  }

  /// Asks for every link of the namespace.
  static func links(withStatistics: Bool = false) -> NetlinkRequest {
    NetlinkRequest("list the links", type: RTM_GETLINK, flags: NLM_F_DUMP, header: header()) { message in
      message.put(IFLA_EXT_MASK, withStatistics ? 0 : skipStatistics)
    }
  }

  /// Asks for the ipvlan links of the namespace; the kernel itself leaves the other kinds out.
  static func ipvlanLinks() -> NetlinkRequest {
    NetlinkRequest("list the ipvlan links", type: RTM_GETLINK, flags: NLM_F_DUMP, header: header()) {
      message in
      message.put(IFLA_EXT_MASK, skipStatistics)
      message.nest(IFLA_LINKINFO) { $0.put(IFLA_INFO_KIND, Link.ipvlanKind) }
    }
  }

  /// Asks by which number this namespace knows another one.
  static func namespaceID(of namespace: borrowing NetworkNamespace) -> NetlinkRequest {
    let descriptor = namespace.descriptorNumber
    return NetlinkRequest("find the number of a namespace", type: RTM_GETNSID, header: rtgenmsg()) {
      message in
      message.put(NETNSA_FD, descriptor)
    }
  }

  /// Makes an ipvlan link on `parent`; it is born in `namespace` when one is given, and down.
  ///
  /// The kernel answers EEXIST when a link of that name is there, EBUSY when the parent carries macvlan
  /// links or is a port of a bridge, EINVAL when it is not Ethernet. The mode and the flag become those
  /// of every slave of the parent.
  static func createIPVLAN(
    _ link: NewIPVLANLink, named name: String, in namespace: borrowing NetworkNamespace
  ) -> NetlinkRequest {
    let descriptor = namespace.descriptorNumber
    return NetlinkRequest(
      "create ipvlan link \(name) on \(link.parentName)", type: RTM_NEWLINK,
      flags: NLM_F_CREATE | NLM_F_EXCL, header: header()
    ) { message in
      message.put(IFLA_LINK, link.parentIndex)
      message.put(IFLA_IFNAME, name)
      if link.group != 0 { message.put(IFLA_GROUP, link.group) }
      if let mtu = link.mtu { message.put(IFLA_MTU, mtu) }
      message.put(IFLA_NET_NS_FD, descriptor)
      message.nest(IFLA_LINKINFO) { message in
        message.put(IFLA_INFO_KIND, Link.ipvlanKind)
        message.nest(IFLA_INFO_DATA) { message in
          message.put(IFLA_IPVLAN_MODE, link.mode.rawValue)
          message.put(IFLA_IPVLAN_FLAGS, link.flag.rawValue)
        }
      }
    }
  }

  /// Asks for an ipvlan link without a parent, which the kernel refuses: with EINVAL when it has ipvlan, with
  /// EOPNOTSUPP when it has not.
  static func probeIPVLAN() -> NetlinkRequest {
    NetlinkRequest("ask for ipvlan", type: RTM_NEWLINK, flags: NLM_F_CREATE | NLM_F_EXCL, header: header()) {
      message in
      message.nest(IFLA_LINKINFO) { $0.put(IFLA_INFO_KIND, Link.ipvlanKind) }
    }
  }

  /// Names a link that is down, leaves a note on it, puts it into the group of all links and sets it up, all in
  /// one message. The name that it has already costs nothing.
  static func bringUp(index: Int32, named name: String, alias: String) -> NetlinkRequest {
    NetlinkRequest(
      "name link \(index) \(name) and set it up", type: RTM_NEWLINK,
      header: header(index: index, setUp: true)
    ) { message in
      message.put(IFLA_IFNAME, name)
      message.put(IFLA_IFALIAS, alias)
      message.put(IFLA_GROUP, UInt32(0))
    }
  }

  /// Lets the kernel send gratuitous ARP for the addresses that a link has when it is set up (`arp_notify`).
  ///
  /// The same as writing to /proc/sys/net/ipv4/conf, where a look-up takes the longer the more namespaces there are
  /// with a link of that name.
  static func announceIPv4(index: Int32, name: String) -> NetlinkRequest {
    NetlinkRequest(
      "let link \(name) announce its IPv4 addresses", type: RTM_NEWLINK, header: header(index: index)
    ) {
      message in
      message.nest(IFLA_AF_SPEC) { message in
        message.nest(Int(AF_INET)) { message in
          message.nest(IFLA_INET_CONF) { $0.put(IPV4_DEVCONF_ARP_NOTIFY, UInt32(1)) }
        }
      }
    }
  }

  /// Sets a link up as it is.
  static func bringUp(index: Int32, name: String) -> NetlinkRequest {
    NetlinkRequest("set link \(name) up", type: RTM_NEWLINK, header: header(index: index, setUp: true))
  }

  /// Tells a link to make itself no IPv6 address when it is set up.
  static func withoutGeneratedAddress(index: Int32, name: String) -> NetlinkRequest {
    NetlinkRequest(
      "switch off IPv6 addresses of link \(name)", type: RTM_NEWLINK, header: header(index: index)
    ) {
      message in
      message.nest(IFLA_AF_SPEC) { message in
        message.nest(Int(AF_INET6)) { message in
          message.put(IFLA_INET6_ADDR_GEN_MODE, UInt8(IN6_ADDR_GEN_MODE_NONE.rawValue))
        }
      }
    }
  }

  /// Leaves a note on a link.
  static func annotate(index: Int32, name: String, alias: String) -> NetlinkRequest {
    NetlinkRequest("leave a note on link \(name)", type: RTM_NEWLINK, header: header(index: index)) {
      message in
      message.put(IFLA_IFALIAS, alias)
      message.put(IFLA_GROUP, UInt32(0))
    }
  }

  /// Deletes a link; the kernel answers ENODEV when it is gone.
  static func deleteLink(index: Int32, name: String) -> NetlinkRequest {
    NetlinkRequest("delete link \(name)", type: RTM_DELLINK, header: header(index: index))
  }

  /// Statistics are most of a link's description, and attachments do not need them (RTEXT_FILTER_SKIP_STATS).
  private static let skipStatistics = UInt32(1 << 3)

  private static func header(index: Int32 = 0, setUp: Bool = false) -> ifinfomsg {
    var header = ifinfomsg()
    header.ifi_index = index
    if setUp {
      header.ifi_flags = IFF_UP.rawValue
      header.ifi_change = IFF_UP.rawValue
    }
    return header
  }
}

/// An ipvlan link that is to be made.
public struct NewIPVLANLink: Sendable, Hashable {
  /// Its group at birth, by which administrators and this plugin find links; 0 is that of all links.
  public let group: UInt32
  /// The number of the parent in the namespace of the socket.
  public let parentIndex: Int32
  /// The parent's name, for messages.
  public let parentName: String
  /// Mode, of all slaves of the parent.
  public let mode: IPVLANMode
  /// Flag, of all slaves of the parent.
  public let flag: IPVLANFlag
  /// MTU in bytes; `nil` inherits the parent's.
  public let mtu: UInt32?

  /// Describes a link on `parent`.
  public init(group: UInt32 = 0, on parent: Link, mode: IPVLANMode, flag: IPVLANFlag, mtu: UInt32?) {
    self.group = group
    parentIndex = parent.index
    parentName = parent.name
    self.mode = mode
    self.flag = flag
    self.mtu = mtu
  }
}
