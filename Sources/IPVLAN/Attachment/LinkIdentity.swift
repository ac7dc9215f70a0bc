internal import CNI
internal import Netlink

/// The names by which a link is recognised as belonging to one attachment.
struct LinkIdentity: Sendable, Hashable {
  /// The name that the runtime asked for.
  let name: String
  /// The name at birth: the kernel refuses `eth0` in the pod when the node has an `eth0` (before Linux 6.15).
  /// It follows from the attachment, so that a second try finds what a killed first one left.
  let temporaryName: String
  /// The note on the link: which network and container it was made for.
  let alias: String

  init(network: String, containerID: String, ifname: String) {
    name = ifname
    alias = "cni:\(network)/\(containerID)/\(ifname)"
    // FNV-1a, 64 bits: short, and the same in every process, unlike Swift's Hasher.
    let hash = alias.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    // With the prefix 14 of the 15 bytes that a name can have.
    temporaryName = "ipv" + String(hash | 1 << 63, radix: 16).suffix(11)
  }

  /// The identity of the attachment that a request is about.
  init(_ request: Request) {
    self.init(
      network: request.configuration.name, containerID: request.containerID, ifname: request.ifname)
  }

  /// Whether DEL may remove `link`: it is an ipvlan link, and its note does not name another attachment.
  ///
  /// A link without a note was made by the reference plugin, from which nodes change over with pods running.
  func owns(_ link: Link) -> Bool { link.isIPVLAN && (link.alias == nil || link.alias == alias) }
}
