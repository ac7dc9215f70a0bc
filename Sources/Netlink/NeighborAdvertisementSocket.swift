public import Addressing
internal import CNetlink
internal import Platform

/// A socket that tells the IPv6 neighbours which MAC address an address has now.
///
/// The kernel does that for IPv4 when a link with `arp_notify` is set up; for addresses that skip duplicate
/// detection it does not. A packet socket could send both, but closing one waits for an RCU grace period,
/// which costs more than the whole attachment.
public struct NeighborAdvertisementSocket: ~Copyable {
  private let descriptor: OwnedDescriptor

  /// Opens a socket in the thread's current network namespace.
  /// - Throws: ``NetlinkError`` when the kernel refuses it.
  public init() throws(NetlinkError) {
    let number = cnetlink_icmpv6_socket()
    guard number >= 0 else {
      throw NetlinkError(operation: "open an ICMPv6 socket", errno: Errno(rawValue: -number))
    }
    descriptor = OwnedDescriptor(owning: FileDescriptor(rawValue: number))
  }

  /// Sends an unsolicited neighbour advertisement out of a link (RFC 4861 section 7.2.6).
  /// - Throws: ``NetlinkError`` when it cannot be sent.
  public func announce(
    _ address: IPAddress, at mac: MACAddress, outOf index: Int32
  ) throws(NetlinkError) {
    let message = Self.message(address, mac)
    let status = unsafe message.withUnsafeBytes { bytes in
      unsafe cnetlink_send_to_all_nodes(
        descriptor.descriptor.rawValue, index, bytes.baseAddress, UInt(bytes.count))
    }
    guard status == 0 else {
      throw NetlinkError(operation: "announce \(address)", errno: Errno(rawValue: -status))
    }
  }

  /// Type 136, checksum left to the kernel, flags: override what neighbours know; the target; option 2, one
  /// unit of eight bytes: the MAC address.
  static func message(_ address: IPAddress, _ mac: MACAddress) -> [UInt8] {
    [136, 0, 0, 0, 0x20, 0, 0, 0] + address.bytes + [2, 1] + mac.bytes
  }
}
