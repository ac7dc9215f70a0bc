public import Addressing
internal import CNetlink

/// An address of a link as the kernel describes it (RTM_NEWADDR).
public struct InterfaceAddress: Sendable, Hashable {
  /// The link that has it.
  public let linkIndex: Int32
  /// The address with its prefix length.
  public let address: CIDR
  /// `IFA_F_` bits.
  public let flags: UInt32
  /// `RT_SCOPE_` number: 0 is global, 253 the link.
  public let scope: UInt8
  /// The link's name, which the kernel tells with IPv4 addresses (`IFA_LABEL`, without the ending of an alias); `nil`
  /// otherwise.
  public let linkName: String?

  /// Another node answered for it; the C constant is `IFA_F_DADFAILED`.
  public var isDuplicate: Bool { flags & UInt32(IFA_F_DADFAILED) != 0 }

  /// Reads `struct ifaddrmsg` and its attributes; `nil` for any other message.
  init?(_ message: ReceivedMessage) {
    let payload = message.payload
    guard message.type == UInt16(RTM_NEWADDR), let length = payload.number(at: 1, as: UInt8.self),
      let shortFlags = payload.number(at: 2, as: UInt8.self),
      let scope = payload.number(at: 3, as: UInt8.self),
      let index = payload.number(at: 4, as: Int32.self)
    else { return nil }
    let attributes = message.attributes(after: MemoryLayout<ifaddrmsg>.size)
    // On a point-to-point link IFA_ADDRESS is the peer and IFA_LOCAL the address.
    guard let address = attributes.address(Int(IFA_LOCAL)) ?? attributes.address(Int(IFA_ADDRESS)),
      let prefix = CIDR(address: address, prefixLength: Int(length))
    else { return nil }
    linkIndex = index
    self.address = prefix
    self.scope = scope
    linkName = attributes[Int(IFA_LABEL)].map { label in
      String(decoding: label.prefix { $0 != 0 && $0 != UInt8(ascii: ":") }, as: UTF8.self)
    }
    flags = attributes.number(Int(IFA_FLAGS), as: UInt32.self) ?? UInt32(shortFlags)
  }
}

/// The requests about addresses.
extension NetlinkRequest {
  /// Adds an address to a link.
  ///
  /// IPv6 addresses are usable at once (IFA_F_NODAD): a second one on the same master is refused by ipvlan
  /// itself with EADDRINUSE, and waiting for duplicate detection takes 1 to 2 s.
  static func addAddress(_ address: CIDR, toLink index: Int32) -> NetlinkRequest {
    NetlinkRequest(
      "add address \(address)", type: RTM_NEWADDR, flags: NLM_F_CREATE | NLM_F_EXCL,
      header: header(address, index)
    ) { message in
      message.put(Int(IFA_LOCAL), address.address)
      message.put(Int(IFA_ADDRESS), address.address)
      if address.family == .v6 {
        message.put(Int(IFA_FLAGS), UInt32(IFA_F_NODAD))
      } else if address.prefixLength < 31 {
        message.put(Int(IFA_BROADCAST), address.lastAddress)
      }
    }
  }

  /// Asks for the addresses of a link, of both families.
  static func addresses(ofLink index: Int32) -> NetlinkRequest {
    // Kernels before 4.20 ignore the filter and list every link's.
    var header = ifaddrmsg()
    header.ifa_index = UInt32(index)
    return NetlinkRequest("list the addresses", type: RTM_GETADDR, flags: NLM_F_DUMP, header: header)
  }

  private static func header(_ address: CIDR, _ index: Int32) -> ifaddrmsg {
    var header = ifaddrmsg()
    header.ifa_family = address.family.socketFamily
    header.ifa_prefixlen = UInt8(address.prefixLength)
    header.ifa_index = UInt32(index)
    return header
  }
}

extension IPFamily {
  /// The family's number in socket calls and netlink messages.
  var socketFamily: UInt8 { self == .v4 ? UInt8(AF_INET) : UInt8(AF_INET6) }
}
