public import Addressing

/// Addresses that no pod can have, whatever a pool says.
public enum UnusableAddresses {
  /// Addresses, and what they are.
  public typealias Entry = (range: IPRange, reason: String)

  /// Those of a subnet, each range with what it is.
  ///
  /// The network and the broadcast address are the subnet's own, except in a /31 or /32 (RFC 3021); in IPv6 the first
  /// address is that of the subnet's routers (RFC 4291, section 2.6.1), except in a /127 or /128 (RFC 6164).
  public static func all(in subnet: CIDR) -> [Entry] {
    var all = always.filter { $0.range.family == subnet.family }
    let hostBits = subnet.family.bitWidth - subnet.prefixLength
    guard hostBits > 1 else { return all }
    let isV4 = subnet.family == .v4
    all.append(
      (
        IPRange(subnet.firstAddress),
        isV4 ? "the network address of \(subnet)" : "the routers' anycast address of \(subnet)"
      ))
    if isV4 { all.append((IPRange(subnet.lastAddress), "the broadcast address of \(subnet)")) }
    return all
  }

  /// As numbers: each ADD reads its pools, and a text takes longer to parse than all else that is done with it.
  private static let always: [Entry] = [
    (.v4, 0, 8, "an address of this network (RFC 1122)"),
    (.v4, 127 << 24, 8, "a loopback address"),
    (.v4, 169 << 24 | 254 << 16, 16, "a link-local address, as the metadata service's"),
    (.v4, 224 << 24, 4, "a multicast address"),
    (.v4, 0xFFFF_FFFF, 32, "the broadcast address"),
    (.v6, 0, 96, "unspecified, loopback, or deprecated (RFC 4291)"),
    (.v6, 0xFFFF << 32, 96, "an IPv4 address in IPv6's form, which no link carries"),
    (.v6, 0xFD00_0EC2 << 96, 32, "an address of Amazon's own services, as the metadata service's"),
    (.v6, 0xFE80 << 112, 10, "a link-local address"),
    (.v6, 0xFF << 120, 8, "a multicast address"),
  ].compactMap { (entry: (IPFamily, UInt128, Int, String)) in
    CIDR(address: IPAddress(family: entry.0, value: entry.1), prefixLength: entry.2)
      .map { (IPRange($0), entry.3) }
  }
}
