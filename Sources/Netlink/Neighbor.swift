public import Addressing
internal import CNetlink
internal import Platform

/// A neighbour as the kernel knows it (RTM_NEWNEIGH): which MAC address an address has on a link.
public struct Neighbor: Sendable, Hashable {
  /// The link on which it is.
  public let linkIndex: Int32
  /// Its address.
  public let address: IPAddress
  /// Its Ethernet address; `nil` while it is asked for, or when it did not answer.
  public let mac: MACAddress?
  /// `NUD_` bits.
  public let state: UInt16

  /// It was asked for and did not answer; the C constants are `NUD_FAILED` and `NUD_INCOMPLETE`.
  public var isUnanswered: Bool { state & UInt16(NUD_FAILED | NUD_INCOMPLETE) != 0 }

  /// Reads `struct ndmsg` and its attributes; `nil` for any other message, and for entries that no protocol
  /// made, such as those of loopback.
  init?(_ message: ReceivedMessage) {
    let payload = message.payload
    guard message.type == UInt16(RTM_NEWNEIGH), let index = payload.number(at: 4, as: Int32.self),
      let state = payload.number(at: 8, as: UInt16.self), state & UInt16(NUD_NOARP) == 0
    else { return nil }
    let attributes = message.attributes(after: MemoryLayout<ndmsg>.size)
    guard let address = attributes.address(Int(NDA_DST)) else { return nil }
    linkIndex = index
    self.address = address
    self.state = state
    mac = attributes[Int(NDA_LLADDR)].flatMap { MACAddress(bytes: Array($0)) }
  }
}

extension NetlinkRequest {
  /// Asks for the neighbours of a family.
  static func neighbors(_ family: IPFamily) -> NetlinkRequest {
    var header = ndmsg()
    header.ndm_family = family.socketFamily
    return NetlinkRequest("list the neighbours", type: RTM_GETNEIGH, flags: NLM_F_DUMP, header: header)
  }
}

extension NetlinkSocket {
  /// The neighbours on a link, of both families.
  /// As `ip neighbour show dev LINK`.
  /// - Throws: ``NetlinkError`` when the list cannot be had.
  public mutating func neighbors(ofLink index: Int32) throws(NetlinkError) -> [Neighbor] {
    var neighbors: [Neighbor] = []
    for family in IPFamily.allCases {
      neighbors += try list(.neighbors(family)).compactMap(Neighbor.init).filter { $0.linkIndex == index }
    }
    return neighbors
  }
}
