internal import Addressing
internal import Netlink
internal import Platform

/// What a master's table repeats of the node itself, since the routes of pods' packets are looked up there.
struct NodeAddressing: Sendable, Hashable {
  /// The master's own addresses, with their subnets.
  let own: [CIDR]
  /// All of the node's addresses, in order.
  let all: [IPAddress]
  /// Tells whether a table was made for other addresses: eight digits.
  let digest: String

  /// Asks the kernel.
  /// - Throws: ``NetlinkError`` when it refuses.
  init(
    of master: Link, _ families: Set<IPFamily>, _ node: inout NetlinkSocket
  ) throws(NetlinkError) {
    let listed = try Self.addresses(families, &node)
    // kube-proxy's IPVS mode puts every Service's address on this link.
    let services = try node.link(exactlyNamed: "kube-ipvs0")?.index
    let addresses = listed.filter { $0.linkIndex != services }
    own = addresses.filter { $0.linkIndex == master.index }.map(\.address)
    all = Set(addresses.map(\.address.address)).sorted()
    digest = Self.digest(of: listed)
  }

  private init(own: [CIDR], all: [IPAddress], digest: String) {
    self.own = own
    self.all = all
    self.digest = digest
  }

  /// Without addresses that are pods': one that sits on the node too would be delivered there.
  func without(_ pods: Set<IPAddress>) -> NodeAddressing {
    NodeAddressing(
      own: own.filter { !pods.contains($0.address) }, all: all.filter { !pods.contains($0) }, digest: digest)
  }

  /// The digest alone, for one question to the kernel.
  /// - Throws: ``NetlinkError`` when it refuses.
  static func digest(
    _ families: Set<IPFamily>, _ node: inout NetlinkSocket
  ) throws(NetlinkError) -> String { try digest(of: addresses(families, &node)) }

  /// In order, since the kernel lists them by links' hashes.
  private static func addresses(
    _ families: Set<IPFamily>, _ node: inout NetlinkSocket
  ) throws(NetlinkError) -> [InterfaceAddress] {
    try node.addresses().filter { address in
      let ip = address.address.address
      return families.contains(ip.family) && !ip.isLinkLocal && !ip.isLoopback
    }.sorted { ($0.address, $0.linkIndex) < ($1.address, $1.linkIndex) }
  }

  private static func digest(of addresses: [InterfaceAddress]) -> String {
    var bytes: [UInt8] = []
    for address in addresses {
      bytes += address.address.address.bytes
      bytes += [UInt8(address.address.prefixLength), UInt8(truncatingIfNeeded: address.linkIndex)]
    }
    return String(String(StableHash.fnv1a(bytes) | 1 << 63, radix: 16).suffix(8))
  }
}
