internal import Addressing
internal import IPAM
package import JSON
internal import Netlink

/// The ipvlan links of a node.
package struct LinksReport: Report {
  private let links: [NodeLink]
  package let remarks: [String]

  package init(_ inventory: NodeInventory, master: String? = nil) {
    links = inventory.slaves.filter { master == nil || $0.master?.name == master }
    remarks =
      inventory.remarks + inventory.unread.map { "namespace \($0.path) is passed over: \($0.errno)" }
  }

  package func text(for screen: Screen) -> ScreenText {
    var table = Table(
      [
        .init("NAME"), .init("MASTER"), .init("MODE"), .init("NETNS", dispensability: 3),
        .init("POD", dispensability: 1), .init("CONTAINER", dispensability: 2), .init("ADDRESSES"),
        .init("MTU", isNumber: true, dispensability: 5), .init("STATE"),
        .init("RX", isNumber: true, dispensability: 7), .init("TX", isNumber: true, dispensability: 7),
        .init("MAC", dispensability: 9),
      ], empty: "no ipvlan links on this node")
    for link in links { table.append(Self.row(link)) }
    return table.text(for: screen)
  }

  package var json: JSONValue { .array(links.map(Self.json)) }

  private static func row(_ entry: NodeLink) -> [Table.Cell] {
    let link = entry.link
    let mode = link.ipvlanMode?.description ?? "-"
    let flag = link.ipvlanFlag.flatMap { $0 == .bridge ? nil : "/\($0)" } ?? ""
    return [
      .init(link.name), .init(entry.master?.name), .init(mode + flag), .init(entry.place.shortName),
      .init(entry.isHostLink ? "(host access)" : entry.pod),
      .init(entry.attachment?.shortContainerID),
      .init(
        lines: entry.addresses.filter { !$0.address.address.isLinkLocal }
          .map { "\($0.address)" }),
      .init("\(link.mtu)"), .init(link.state, link.state == "up" ? .good : .bad),
      .init(link.statistics.map { Quantity.bytes($0.received.bytes) }),
      .init(link.statistics.map { Quantity.bytes($0.sent.bytes) }), .init(link.mac?.description),
    ]
  }

  static func json(_ entry: NodeLink) -> JSONValue {
    let link = entry.link
    var object: JSONObject = ["name": .string(link.name), "index": .int(Int(link.index))]
    object["master"] = entry.master.map { .string($0.name) }
    object["masterNetns"] = entry.masterPlace.map { .string($0.path) }
    object["mode"] = link.ipvlanMode.map { .string("\($0)") }
    object["flag"] = link.ipvlanFlag.map { .string("\($0)") }
    object["netns"] = .string(entry.place.path)
    object["isOnNode"] = .bool(entry.place.isHostNamespace)
    object["isHostAccess"] = .bool(entry.isHostLink)
    object["network"] = entry.attachment.map { .string($0.network) }
    object["containerID"] = entry.attachment.map { .string($0.containerID) }
    object["ifname"] = entry.attachment.map { .string($0.ifname) }
    object["pod"] = entry.pod.map(JSONValue.string)
    object["addresses"] = .list(entry.addresses.map(\.address))
    object["mac"] = link.mac.map { .string("\($0)") }
    object["mtu"] = .int(Int(link.mtu))
    object["state"] = .string(link.state)
    if let statistics = link.statistics {
      object["received"] = json(statistics.received)
      object["sent"] = json(statistics.sent)
    }
    return .object(object)
  }

  private static func json(_ counters: LinkStatistics.Counters) -> JSONValue {
    .object([
      "packets": .int(Int(clamping: counters.packets)), "bytes": .int(Int(clamping: counters.bytes)),
      "errors": .int(Int(clamping: counters.errors)), "dropped": .int(Int(clamping: counters.dropped)),
    ])
  }
}

extension Link {
  /// In a word: up, down, or up and without a carrier.
  var state: String { !isUp ? "down" : hasCarrier ? "up" : "no-carrier" }
}
