internal import Addressing
internal import Netlink
internal import Platform

/// What a master's table repeats of the node itself, since the routes of pods' packets are looked up there.
struct NodeAddressing: Sendable, Hashable {
  /// The master's own addresses, with their subnets.
  let own: [CIDR]
  /// All of the node's addresses, in order.
  let all: [IPAddress]

  /// Asks the kernel.
  /// - Throws: ``NetlinkError`` when it refuses.
  init(
    of master: Link, _ families: Set<IPFamily>, _ node: inout NetlinkSocket
  ) throws(NetlinkError) {
    // kube-proxy's IPVS mode puts every Service's address on this link.
    let services = try node.link(exactlyNamed: "kube-ipvs0")?.index
    let addresses = try node.addresses().filter { address in
      let ip = address.address.address
      // IPv4 addresses of the kind are used across links: cluster DNS caches answer at 169.254.20.10.
      let isOfOneLink = ip.family == .v6 && ip.isLinkLocal
      return families.contains(ip.family) && !isOfOneLink && !ip.isLoopback && address.linkIndex != services
    }
    own = addresses.filter { $0.linkIndex == master.index }.map(\.address).sorted()
    all = Set(addresses.map(\.address.address)).sorted()
  }

  private init(own: [CIDR], all: [IPAddress]) {
    self.own = own
    self.all = all
  }

  /// Without addresses that are pods': one that sits on the node too would be delivered there.
  func without(_ pods: Set<IPAddress>) -> NodeAddressing {
    NodeAddressing(
      own: own.filter { !pods.contains($0.address) }, all: all.filter { !pods.contains($0) })
  }

  /// Tells whether a table was made for other addresses: eight digits.
  var digest: String {
    let text = (own.map(\.description) + all.map(\.description)).joined(separator: " ")
    return String(String(StableHash.fnv1a(text) | 1 << 63, radix: 16).suffix(8))
  }
}
