internal import Addressing
internal import IPAM
internal import Netlink

/// The addresses that are in use where a master lies: ipvlan gives each packet for such an address to the slave that has
/// it too, so that the node would lose it.
enum NodeAddresses {
  /// What a pod must not be given: the addresses of all links, and the gateways of the master's default routes.
  ///
  /// - Parameter master: of the IPv6 link-local addresses only its own count: the others are of other links. Without a
  ///   master, the gateways of all default routes count.
  /// - Throws: ``NetlinkError`` when the kernel refuses to say.
  static func occupied(
    by master: Link?, through socket: inout NetlinkSocket
  ) throws(NetlinkError) -> OccupiedAddresses {
    var names = LinkNames(master)
    var occupied = try onLinks(master, except: nil, &names, &socket)
    // Every node has link-local addresses, and no pool has a gateway of theirs.
    let families = IPFamily.allCases.filter { family in
      occupied.entries.contains { $0.address.family == family && !$0.address.isLinkLocal }
    }
    for family in families {
      for (gateway, index) in try socket.defaultGateways(family, outOf: master?.index) {
        let name = try names.name(of: index, &socket)
        occupied.note(gateway: gateway, "of the node's default route by \(name)")
      }
    }
    return occupied
  }

  /// The addresses of all links, whoever asks for them.
  ///
  /// - Parameter own: the number of a link whose addresses do not count, since they are the attachment's.
  /// - Throws: ``NetlinkError`` when the kernel refuses to say.
  static func onLinks(
    except own: Int32?, through socket: inout NetlinkSocket
  ) throws(NetlinkError) -> OccupiedAddresses {
    var names = LinkNames(nil)
    return try onLinks(nil, except: own, &names, &socket)
  }

  /// Asks once for all links' addresses.
  private static func onLinks(
    _ master: Link?, except own: Int32?, _ names: inout LinkNames, _ socket: inout NetlinkSocket
  ) throws(NetlinkError) -> OccupiedAddresses {
    var occupied = OccupiedAddresses()
    for entry in try socket.addresses() where entry.linkIndex != own {
      let address = entry.address.address
      // No pod is given one, and to ask for the link's name takes longer than all else here.
      guard !address.isLoopback else { continue }
      guard !address.isLinkLocal || entry.linkIndex == master?.index else { continue }
      occupied.note(address, on: try names.name(of: entry.linkIndex, told: entry.linkName, &socket))
    }
    return occupied
  }
}

/// The names of links, each asked for once.
private struct LinkNames {
  private var known: [(index: Int32, name: String)]

  init(_ master: Link?) { known = master.map { [(index: $0.index, name: $0.name)] } ?? [] }

  /// - Parameter told: the name, where the kernel has told it already.
  mutating func name(
    of index: Int32, told: String? = nil, _ socket: inout NetlinkSocket
  ) throws(NetlinkError) -> String {
    if let entry = known.first(where: { $0.index == index }) { return entry.name }
    let name =
      if let told { told } else {
        // A link may go meanwhile, and its addresses with it.
        try socket.link(index: index)?.name ?? "link \(index)"
      }
    known.append((index: index, name: name))
    return name
  }
}
