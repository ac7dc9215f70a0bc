internal import Addressing
package import Netlink
internal import Platform

extension HostAccessShortfall {
  /// What the tool's own repair mends.
  static func mendable(_ problem: String) -> HostAccessShortfall {
    HostAccessShortfall(problem: problem, remedy: repair)
  }

  private static let repair: ShellCommand = "ipvlanctl doctor --fix"

  /// Whether ``HostAccessRepair`` mends it.
  package var isMendable: Bool { remedy == Self.repair }

  /// What keeps host access from being made on a master: something that is not ours to remove.
  /// - Throws: ``NetlinkError`` when the kernel refuses to say.
  package static func obstacle(
    to master: Link, _ node: inout NetlinkSocket
  ) throws(NetlinkError) -> HostAccessShortfall? {
    let name = HostLink.name(ofMaster: master.name)
    guard let link = try node.link(exactlyNamed: name) else { return try lackOfNumbers(master, &node) }
    guard !HostLink.isHostLink(link) || link.parentIndex != master.index else { return nil }
    let kind = link.isIPVLAN ? "an ipvlan link on another master" : "a link of kind \(link.kind ?? "device")"
    let other = "ex\(name.dropFirst(2))"
    return HostAccessShortfall(
      problem: "host access of master \(master.name) needs the name \(name), which \(kind) has",
      remedy: "ip link set dev \(name) down; ip link set dev \(name) name \(other) && \(repair)")
  }

  /// Marks have room for 31 masters.
  private static func lackOfNumbers(
    _ master: Link, _ node: inout NetlinkSocket
  ) throws(NetlinkError) -> HostAccessShortfall? {
    guard try HostAccessNumbers.number(for: master, &node) == nil else { return nil }
    return HostAccessShortfall(
      problem: "\(HostAccessNumbers.range.count) masters have host access already, which is all that fits: "
        + "master \(master.name) can have none", remedy: "ipvlanctl gc --all")
  }
}

extension HostAccessNumbers {
  /// The number that a master's rules already use, else the lowest free one; `nil` when all are taken.
  /// - Throws: ``NetlinkError`` when the kernel refuses to say.
  static func number(for master: Link, _ node: inout NetlinkSocket) throws(NetlinkError) -> UInt32? {
    let rules = try rules(&node)
    return rules.first { $0.link == master.name }?.number
      ?? range.first { number in !rules.contains { $0.number == number } }
  }

  /// The number that a master's rules use; `nil` when it has none.
  /// - Throws: ``NetlinkError`` when the kernel refuses to say.
  static func known(for master: Link, _ node: inout NetlinkSocket) throws(NetlinkError) -> UInt32? {
    try rules(&node).first { $0.link == master.name }?.number
  }

  /// The rules that lead to a master's table, with the link by which the packets leave, where they name one.
  private static func rules(
    _ node: inout NetlinkSocket
  ) throws(NetlinkError) -> [(number: UInt32, link: String?)] {
    var found: [(number: UInt32, link: String?)] = []
    for family in IPFamily.allCases {
      for rule in try node.rules(family) {
        if let number = number(ofTable: rule.table) {
          found.append((number: number, link: rule.outgoingLink))
        }
      }
    }
    return found
  }
}
