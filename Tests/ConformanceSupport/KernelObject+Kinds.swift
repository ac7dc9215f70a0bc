internal import Glibc

extension KernelObject.Kind {
  // Requests of linux/rtnetlink.h, whose anonymous enumerations Swift does not see.
  private static let getLink: Int32 = 18
  private static let getAddress: Int32 = 22
  private static let getRoute: Int32 = 26
  private static let getNeighbour: Int32 = 30
  private static let getRule: Int32 = 34

  /// `IFF_RUNNING`, `IFF_LOWER_UP`, `IFF_DORMANT`.
  private static let followingCarrier: UInt64 = 0x30040
  /// `RTNH_F_ONLINK`.
  private static let onLink: UInt64 = 4

  /// `struct ifinfomsg` and `IFLA_*`. Left out are the flags that follow the carrier, statistics, and `IFLA_AF_SPEC`,
  /// whose settings are read from /proc/sys.
  static let link = Self(
    title: "links", request: getLink, families: [AF_UNSPEC],
    header: [("", 4), ("index", 4), ("flags", 4), ("", 4)], flags: ~followingCarrier,
    attributes: [
      1: "address", 2: "broadcast", 3: "name", 4: "mtu", 5: "parent", 6: "qdisc", 10: "controller",
      13: "txqlen",
      18: "linkinfo", 20: "alias", 52: "altnames",
    ],
    volatile: [7, 16, 23, 26, 33, 35, 47, 48], addresses: [])

  /// `struct ifaddrmsg` and `IFA_*`. Left out is `IFA_CACHEINFO`, which has ages.
  static let address = Self(
    title: "addresses", request: getAddress, families: [AF_INET, AF_INET6],
    header: [("family", 1), ("prefix", 1), ("", 1), ("scope", 1), ("index", 4)], flags: .max,
    attributes: [
      1: "peer", 2: "local", 3: "label", 4: "broadcast", 8: "flags", 9: "priority", 11: "protocol",
    ],
    volatile: [6], addresses: [1, 2, 4])

  /// `struct rtmsg` and `RTA_*`. Of the flags counts that the gateway is on the link; left out is `RTA_CACHEINFO`.
  static let route = Self(
    title: "routes", request: getRoute, families: [AF_INET, AF_INET6],
    header: [
      ("family", 1), ("destination", 1), ("source", 1), ("tos", 1), ("", 1), ("protocol", 1), ("scope", 1),
      ("type", 1), ("flags", 4),
    ], flags: onLink,
    attributes: [
      1: "to", 2: "from", 4: "device", 5: "gateway", 6: "priority", 7: "source", 8: "metrics", 9: "multipath",
      15: "table", 18: "via",
    ],
    volatile: [12], addresses: [1, 2, 5, 7])

  /// `struct ndmsg` and `NDA_*`. Left out are ages and counts.
  static let neighbour = Self(
    title: "permanent neighbours", request: getNeighbour, families: [AF_INET, AF_INET6],
    header: [("family", 1), ("", 3), ("index", 4), ("state", 2), ("flags", 1), ("type", 1)],
    flags: .max,
    attributes: [1: "address", 2: "mac"], volatile: [3, 4], addresses: [1])

  /// `struct fib_rule_hdr` and `FRA_*`.
  static let rule = Self(
    title: "rules", request: getRule, families: [AF_INET, AF_INET6],
    header: [
      ("family", 1), ("destination", 1), ("source", 1), ("tos", 1), ("", 3), ("action", 1), ("flags", 4),
    ], flags: .max,
    attributes: [
      1: "to", 2: "from", 3: "in", 6: "priority", 10: "mark", 14: "suppress", 15: "table", 16: "markmask",
      17: "out",
      21: "protocol",
    ],
    volatile: [], addresses: [1, 2])

  /// Everything that a snapshot compares.
  static let compared = [link, address, route, neighbour, rule]
}

extension KernelObject {
  /// Whether the object comes and goes, or changes, by itself: neighbours that traffic makes known, the kernel's own
  /// link-local addresses with the routes to them and to multicast groups, which appear some time after the carrier,
  /// and the `local` route of an IPv6 address, which the kernel makes in the background (later than the address on
  /// Linux 6.15 and newer). Such routes go with the link or their address, which are compared.
  var isPassing: Bool {
    switch kind.title {
    case Kind.neighbour.title: field("state") != Self.permanent
    case Kind.address.title: attribute(named: "protocol") == Self.kernelLinkLocal
    case Kind.route.title:
      field("family") == UInt64(AF_INET6) && field("protocol") == Self.kernelRoute
        && (field("type") == Self.local
          || ["fe80:", "ff00:"].contains { attribute(named: "to")?.hasPrefix($0) == true })
    default: false
    }
  }

  /// `NUD_PERMANENT`.
  private static let permanent: UInt64 = 0x80
  /// `IFAPROT_KERNEL_LL`.
  private static let kernelLinkLocal = "3"
  /// `RTN_LOCAL`.
  private static let local: UInt64 = 2
  /// `RTPROT_KERNEL`.
  private static let kernelRoute: UInt64 = 2
}
