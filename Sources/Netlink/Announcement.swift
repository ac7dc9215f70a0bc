internal import Addressing
internal import CNetlink

/// The frame by which a host tells its neighbours which MAC address an IP address has now.
struct Announcement: Hashable {
  /// The `ETH_P_` number.
  let etherType: UInt16
  /// Broadcast, or the multicast address of all IPv6 nodes.
  let destination: [UInt8]
  /// What follows the Ethernet header.
  let payload: [UInt8]

  /// Gratuitous ARP (RFC 5227 section 3), or an unsolicited neighbour advertisement (RFC 4861 section 7.2.6).
  init(_ address: IPAddress, at mac: MACAddress) {
    switch address.family {
    case .v4:
      etherType = UInt16(ETH_P_ARP)
      destination = [UInt8](repeating: 0xFF, count: 6)
      payload = Self.arp(address, mac)
    case .v6:
      etherType = UInt16(ETH_P_IPV6)
      destination = [0x33, 0x33, 0, 0, 0, 1]
      payload = Self.ipv6(address, mac)
    }
  }

  /// A request for the sender's own address, which nobody answers and everybody learns from.
  private static func arp(_ address: IPAddress, _ mac: MACAddress) -> [UInt8] {
    // Hardware Ethernet, protocol IPv4, their lengths, operation request.
    [0, 1, 8, 0, 6, 4, 0, 1] + mac.bytes + address.bytes + [UInt8](repeating: 0, count: 6) + address.bytes
  }

  private static func ipv6(_ address: IPAddress, _ mac: MACAddress) -> [UInt8] {
    let allNodes: [UInt8] = [0xFF, 0x02] + [UInt8](repeating: 0, count: 13) + [1]
    // Type 136, flags: override what the neighbours know. The option carries the MAC address.
    let body = [0x20, 0, 0, 0] + address.bytes + [2, 1] + mac.bytes
    let length = UInt16(4 + body.count)
    // The pseudo header that the checksum covers (RFC 8200 section 8.1).
    let pseudo = address.bytes + allNodes + [0, 0, UInt8(length >> 8), UInt8(length & 0xFF), 0, 0, 0, 58]
    let sum = checksum(pseudo + [136, 0, 0, 0] + body)
    let header: [UInt8] = [0x60, 0, 0, 0, UInt8(length >> 8), UInt8(length & 0xFF), 58, 255]
    return header + address.bytes + allNodes + [136, 0, UInt8(sum >> 8), UInt8(sum & 0xFF)] + body
  }

  /// The Internet checksum (RFC 1071) of an even number of bytes.
  private static func checksum(_ bytes: [UInt8]) -> UInt16 {
    var sum: UInt32 = 0
    for index in stride(from: 0, to: bytes.count - 1, by: 2) {
      sum += UInt32(bytes[index]) << 8 | UInt32(bytes[index + 1])
    }
    while sum > 0xFFFF { sum = sum & 0xFFFF + sum >> 16 }
    return ~UInt16(sum)
  }
}
