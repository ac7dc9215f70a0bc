internal import Addressing
package import Netlink
internal import Platform

/// The slave that a master has in the node's own namespace: the door between the node and the pods.
package enum HostLink {
  /// The name of the host-side slave of a master, with which the names of its sets and chains begin.
  ///
  /// `ih-` and the master's name; of one that does not fit into 15 bytes the beginning, and five digits that
  /// follow from all of it.
  package static func name(ofMaster master: String) -> String {
    let room = 15 - prefix.utf8.count
    guard master.utf8.count > room else { return prefix + master }
    return prefix + String(decoding: master.utf8.prefix(room - 5), as: UTF8.self)
      + String(StableHash.fnv1a(master) | 1 << 63, radix: 16).suffix(5)
  }

  private static let prefix = "ih-"

  /// Whether a name is that of a host-side slave, or begins with one.
  static func isName(_ name: String) -> Bool { name.hasPrefix(prefix) }

  /// Whether a link is a host-side slave: an ipvlan link under our name.
  ///
  /// Others may write their own note over ours; the name still tells. The link of an attachment never counts.
  package static func isHostLink(_ link: Link) -> Bool {
    link.isIPVLAN && isName(link.name) && LinkIdentity.attachment(of: link) == nil
  }

  /// What is written on the link once all that belongs to it stands; it goes with the link.
  struct Note: Sendable, Hashable {
    /// What tells the master apart in marks and tables: 1 to 31.
    var number: UInt32
    /// The mode that the rules were made for.
    var mode: IPVLANMode
    /// The flag that they were made for.
    var flag: IPVLANFlag
    /// The families that have a way out.
    var families: Set<IPFamily>
    /// Whether the nftables table of this version has the master.
    var hasFilter: Bool
    /// The next hops of the routing table's default routes, at most one a family.
    var gateways: [IPAddress]

    private static let heading = "ipvlan host access"
    /// Says that the nftables table has the master. Versions before 1.1 wrote `nft` for a table of the master's own: it is made
    /// anew.
    private static let filterWord = "nft3"

    /// A note about a complete link.
    init(
      number: UInt32, mode: IPVLANMode, flag: IPVLANFlag, families: Set<IPFamily>, hasFilter: Bool,
      gateways: [IPAddress]
    ) {
      self.number = number
      self.mode = mode
      self.flag = flag
      self.families = families
      self.hasFilter = hasFilter
      self.gateways = gateways
    }

    /// Reads what `description` writes.
    init?(_ text: String) {
      guard text.hasPrefix(Self.heading) else { return nil }
      let words = text.fields(separatedBy: UInt8(ascii: " "), after: Self.heading)
      guard words.count >= 3, let number = UInt32(words[0]), HostAccessNumbers.range.contains(number),
        let mode = IPVLANMode(words[1]), let flag = IPVLANFlag(words[2])
      else { return nil }
      self.number = number
      self.mode = mode
      self.flag = flag
      families = Set(IPFamily.allCases.filter { words.contains("v\($0.rawValue)") })
      hasFilter = words.contains { $0 == Self.filterWord }
      gateways = words.dropFirst(3).compactMap { IPAddress(String($0)) }
    }

    /// `ipvlan host access 1 l3s bridge v4 v6 nft2 via 172.31.16.1 via fe80:ec2::1`.
    var description: String {
      let words =
        families.sorted().map { "v\($0.rawValue)" } + (hasFilter ? [Self.filterWord] : [])
        + gateways.sorted().map { "via \($0)" }
      return ([Self.heading, "\(number)", "\(mode)", "\(flag)"] + words).joined(separator: " ")
    }
  }
}
