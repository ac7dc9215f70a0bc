public import Addressing

/// Addresses that no pod can have, whatever a pool says.
public enum UnusableAddresses {
  /// Those of a subnet, each range with what it is.
  ///
  /// The network and the broadcast address are the subnet's own, except in a /31 or /32 (RFC 3021); in IPv6 the first
  /// address is that of the subnet's routers (RFC 4291, section 2.6.1), except in a /127 or /128 (RFC 6164).
  public static func all(in subnet: CIDR) -> [(range: IPRange, reason: String)] {
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

  private static let always: [(range: IPRange, reason: String)] = [
    ("0.0.0.0/8", "an address of this network (RFC 1122)"),
    ("127.0.0.0/8", "a loopback address"),
    ("169.254.0.0/16", "a link-local address, as the metadata service's"),
    ("224.0.0.0/4", "a multicast address"),
    ("255.255.255.255/32", "the broadcast address"),
    ("::/96", "unspecified, loopback, or deprecated (RFC 4291)"),
    ("fd00:ec2::/32", "an address of Amazon's own services, as the metadata service's"),
    ("fe80::/10", "a link-local address"),
    ("ff00::/8", "a multicast address"),
  ].compactMap { text, reason in
    CIDR(text).flatMap { IPRange($0.firstAddress, $0.lastAddress) }.map { ($0, reason) }
  }
}
