internal import Addressing
internal import CNI
internal import IPAM
package import IPVLAN
package import JSON
internal import Netlink

/// What no living attachment owns, and, unless it is only looked at, its removal.
package struct GarbageReport: Report {
  /// A thing that was freed, or would be.
  struct Item: Sendable {
    enum Kind: String, Sendable {
      case lease, hostRoute, link, hostAccess
    }

    let kind: Kind
    let name: String
    let reason: String
  }

  private var items: [Item] = []
  private let isDryRun: Bool
  package private(set) var remarks: [String]
  /// Whether something could not be looked at, or freed.
  package private(set) var hasFailed = false

  /// Frees what was found, unless `isDryRun`; goes on after a failure.
  ///
  /// - Parameters:
  ///   - all: also takes host access down, where no pod uses it.
  ///   - unread: what could not be looked at, and why.
  package init(_ garbage: Garbage, isDryRun: Bool, all: Bool, unread: [String] = []) {
    self.isDryRun = isDryRun
    hasFailed = !unread.isEmpty
    remarks =
      unread
      + garbage.strangers.map { slave in
        "link \(slave.link.name) in \(NamespacePlace.name(slave.namespace)) stays: it has "
          + slave.addresses.map(\.description).joined(separator: ", ")
          + ", and no attachment and no lease tells whose it is; see: ipvlanctl doctor"
      }
    if isDryRun {
      for link in garbage.links { take(.link(link)) }
      for holder in garbage.leases.flatMap(\.dead) { take(.lease(holder)) }
      for address in garbage.addresses { take(.address(address)) }
      for failure in garbage.failures { fail(failure) }
    } else {
      var collected: [Garbage.Collected] = []
      let failures = garbage.collect { collected.append($0) }
      for thing in collected { take(thing) }
      for failure in failures { fail(failure) }
    }
    if all { removeHostAccess() }
  }

  private mutating func fail(_ failure: CNIError) {
    hasFailed = true
    remarks.append(failure.text)
  }

  private mutating func take(_ collected: Garbage.Collected) {
    switch collected {
    case .link(let slave):
      items.append(
        Item(
          kind: .link, name: slave.link.name,
          reason: "an ADD that was killed left it in \(NamespacePlace.name(slave.namespace))"))
    case .lease(let holder):
      let attachment = holder.attachment
      items += holder.addresses.map { address in
        Item(
          kind: .lease, name: "\(address)",
          reason: "container \(attachment.shortContainerID), interface \(attachment.ifname) on "
            + "network \(attachment.network) is gone")
      }
    case .address(let address):
      items.append(Item(kind: .hostRoute, name: "\(address)", reason: "no pod has this address"))
    }
  }

  private mutating func removeHostAccess() {
    guard !isDryRun else {
      remarks.append("--all would take host access down as well, if no pod uses it")
      return
    }
    do throws(NetlinkError) {
      guard let links = try HostAccessTeardown.removeAll() else {
        remarks.append("host access stays: pods use it; see: ip route show proto 118")
        return
      }
      items += links.map { Item(kind: .hostAccess, name: $0, reason: "no pod uses it") }
    } catch {
      hasFailed = true
      remarks.append("host access cannot be taken down: \(error)")
    }
  }

  /// What would be freed, in words.
  var plan: [String] {
    items.map { item in
      let what =
        switch item.kind {
        case .lease: "the lease of"
        case .hostRoute: "the host route to"
        case .link: "link"
        case .hostAccess: "host access by"
        }
      return "remove \(what) \(item.name): \(item.reason)"
    }
  }

  package func text(for screen: Screen) -> ScreenText {
    var table = Table(
      [.init(isDryRun ? "WOULD FREE" : "FREED"), .init("KIND"), .init("WHY", isWhole: true)],
      empty: "nothing to free")
    for item in items { table.append([.init(item.name), .init(item.kind.rawValue), .init(item.reason)]) }
    return table.text(for: screen)
  }

  package var json: JSONValue {
    .array(
      items.map {
        .object([
          "kind": .string($0.kind.rawValue), "name": .string($0.name), "reason": .string($0.reason),
          "isFreed": .bool(!isDryRun),
        ])
      })
  }
}
