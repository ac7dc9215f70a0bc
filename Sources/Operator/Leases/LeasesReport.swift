internal import IPAM
package import JSON
package import Platform

/// The leases of a node.
package struct LeasesReport: Report {
  private let entries: [LeaseBook.Entry]
  private let onlyOrphans: Bool
  private let now: Int
  package let remarks: [String]

  package init(_ book: LeaseBook, onlyOrphans: Bool, now: WallClock = .now()) {
    entries = book.entries.filter { !onlyOrphans || $0.isOrphan }
    self.onlyOrphans = onlyOrphans
    self.now = now.seconds
    remarks =
      book.faults
      + (entries.contains(where: \.isOrphan)
        ? ["orphans are leases whose pod is gone; free them: ipvlanctl gc"] : [])
  }

  /// Whether there is a lease that nobody holds any more.
  package var hasOrphans: Bool { entries.contains(where: \.isOrphan) }

  package func text(for screen: Screen) -> ScreenText {
    var table = Table(
      [
        .init("ADDRESS"), .init("STATE"), .init("POOL", dispensability: 3),
        .init("NETWORK", dispensability: 2), .init("POD", dispensability: 1), .init("CONTAINER"),
        .init("IFNAME"), .init("SINCE", isNumber: true, dispensability: 4),
      ], empty: onlyOrphans ? "no orphaned leases" : "no leases")
    for entry in entries {
      let (state, style) = Self.state(entry)
      table.append([
        .init("\(entry.address)"), .init(state, style), .init(entry.pool), .init(entry.attachment.network),
        .init(entry.pod), .init(entry.attachment.shortContainerID), .init(entry.attachment.ifname),
        .init(entry.since.map { Quantity.age(seconds: now - $0) }),
      ])
    }
    return table.text(for: screen)
  }

  private static func state(_ entry: LeaseBook.Entry) -> (String, Style) {
    if let rest = entry.cooldown { return ("cooling \(rest) s", .faint) }
    return entry.isOrphan ? ("orphan", .bad) : ("held", .good)
  }

  package var json: JSONValue {
    .array(
      entries.map { entry in
        var object: JSONObject = [
          "address": .string("\(entry.address)"),
          "state": .string(entry.cooldown == nil ? "held" : "cooling"),
          "isOrphan": .bool(entry.isOrphan), "network": .string(entry.attachment.network),
          "containerID": .string(entry.attachment.containerID), "ifname": .string(entry.attachment.ifname),
          "store": .string(entry.store),
        ]
        object["pool"] = entry.pool.map(JSONValue.string)
        object["pod"] = entry.pod.map(JSONValue.string)
        object["netns"] = entry.netns.map(JSONValue.string)
        object["since"] = entry.since.map { .string(WallClock(seconds: $0).description) }
        object["coolingSeconds"] = entry.cooldown.map(JSONValue.int)
        return .object(object)
      })
  }
}
