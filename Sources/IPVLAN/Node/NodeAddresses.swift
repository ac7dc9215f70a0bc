internal import Addressing
internal import CNI
internal import IPPool
internal import Netlink

/// The addresses that are in use where a master lies: ipvlan gives each packet for such an address to the slave that has
/// it too, so that the node would lose it.
enum NodeAddresses {
  /// Asks once for all links' addresses.
  ///
  /// - Parameters:
  ///   - master: of the IPv6 link-local addresses only its own count: the others are of other links.
  ///   - own: the number of a link whose addresses do not count, since they are the attachment's.
  /// - Throws: ``NetlinkError`` when the kernel refuses to say.
  static func occupied(
    by master: Link?, except own: Int32? = nil, through socket: inout NetlinkSocket
  ) throws(NetlinkError) -> OccupiedAddresses {
    var occupied = OccupiedAddresses()
    var names: [(index: Int32, name: String)] = master.map { [(index: $0.index, name: $0.name)] } ?? []
    for entry in try socket.addresses() where entry.linkIndex != own {
      let address = entry.address.address
      // No pod is given one, and to ask for the link's name takes longer than all else here.
      guard !address.isLoopback else { continue }
      let isOfOneLink = address.family == .v6 && address.isLinkLocal
      guard !isOfOneLink || entry.linkIndex == master?.index else { continue }
      let known = names.first { $0.index == entry.linkIndex }?.name
      let name =
        if let known { known } else {
          // A link may go meanwhile, and its addresses with it.
          try socket.link(index: entry.linkIndex)?.name ?? "link \(entry.linkIndex)"
        }
      if known == nil { names.append((entry.linkIndex, name)) }
      occupied.note(address, on: name)
    }
    return occupied
  }
}
