public import Addressing
internal import CNetlink
internal import Platform
internal import SystemPackage

/// A socket that sends Ethernet frames in the network namespace in which it was opened.
public struct PacketSocket: ~Copyable {
  private let descriptor: OwnedDescriptor

  /// Opens a socket in the thread's current network namespace.
  /// - Throws: ``NetlinkError`` when the kernel refuses it.
  public init() throws(NetlinkError) {
    let number = cnetlink_packet_socket()
    guard number >= 0 else {
      throw NetlinkError(operation: "open a packet socket", errno: Errno(rawValue: -number))
    }
    descriptor = OwnedDescriptor(owning: FileDescriptor(rawValue: number))
  }

  /// Tells the neighbours on a link that `address` is at `mac`.
  /// - Throws: ``NetlinkError`` when the frame cannot be sent.
  public func announce(
    _ address: IPAddress, at mac: MACAddress, outOf index: Int32
  ) throws(NetlinkError) {
    let frame = Announcement(address, at: mac)
    let status = unsafe frame.payload.withUnsafeBytes { payload in
      unsafe cnetlink_send_frame(
        descriptor.descriptor.rawValue, index, frame.etherType, frame.destination, payload.baseAddress,
        UInt(payload.count))
    }
    guard status == 0 else {
      throw NetlinkError(operation: "announce \(address)", errno: Errno(rawValue: -status))
    }
  }
}
