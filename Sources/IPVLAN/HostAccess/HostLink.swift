internal import Addressing
package import Netlink
internal import Platform

/// The slave that a master has in the node's own namespace: the door between the node and the pods.
package enum HostLink {
  /// The name of the host-side slave of a master, which its nftables table has too.
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

  /// Whether a name is that of a host-side slave, or of its nftables table.
  static func isName(_ name: String) -> Bool { name.hasPrefix(prefix) }

  /// Whether a link is a host-side slave that this plugin made.
  package static func isHostLink(_ link: Link) -> Bool {
    link.isIPVLAN && isName(link.name) && link.alias.map(Note.isNote) ?? true
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
    /// Whether the nftables table stands.
    var hasFilter: Bool
    /// ``NodeAddressing/digest`` of what the routing table was made for.
    var addressing: String

    private static let heading = "ipvlan host access"

    /// Whether a text starts as a note does.
    static func isNote(_ text: String) -> Bool { text.hasPrefix(heading) }

    /// A note about a complete link.
    init(
      number: UInt32, mode: IPVLANMode, flag: IPVLANFlag, families: Set<IPFamily>, hasFilter: Bool,
      addressing: String
    ) {
      self.number = number
      self.mode = mode
      self.flag = flag
      self.families = families
      self.hasFilter = hasFilter
      self.addressing = addressing
    }

    /// Reads what `description` writes.
    init?(_ text: String) {
      guard Self.isNote(text) else { return nil }
      let words = text.fields(separatedBy: UInt8(ascii: " "), after: Self.heading)
      guard words.count >= 3, let number = UInt32(words[0]), HostAccessNumbers.range.contains(number),
        let mode = IPVLANMode(words[1]), let flag = IPVLANFlag(words[2])
      else { return nil }
      self.number = number
      self.mode = mode
      self.flag = flag
      families = Set(IPFamily.allCases.filter { words.contains("v\($0.rawValue)") })
      hasFilter = words.contains("nft")
      // Earlier versions wrote none: then the table is made anew once.
      addressing = words.last.flatMap { $0.first == "@" ? String($0.dropFirst()) : nil } ?? ""
    }

    /// `ipvlan host access 1 l3s bridge v4 v6 nft @0a1b2c3d`.
    var description: String {
      let words =
        families.sorted().map { "v\($0.rawValue)" } + (hasFilter ? ["nft"] : [])
        + (addressing.isEmpty ? [] : ["@\(addressing)"])
      return ([Self.heading, "\(number)", "\(mode)", "\(flag)"] + words).joined(separator: " ")
    }
  }
}
