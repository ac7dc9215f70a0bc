internal import Addressing
internal import IPPool
internal import IPVLAN
package import JSON
internal import Netlink
internal import Platform

/// What no live attachment owns, and, unless it is only looked at, its removal.
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
  package private(set) var remarks: [String] = []
  /// Whether something could not be freed.
  package private(set) var hasFailed = false

  /// Looks, and frees unless `isDryRun`; goes on after a failure.
  ///
  /// - Parameter all: also takes host access down, where no pod uses it.
  package init(_ networks: NetworkDirectory, _ inventory: NodeInventory, isDryRun: Bool, all: Bool) {
    self.isDryRun = isDryRun
    remarks = inventory.remarks
    guard inventory.isComplete else {
      fail("nothing is freed, since not every namespace can be looked at")
      return
    }
    freeLeases(LeaseBook(networks, inventory), inventory)
    removeHalfMadeLinks(inventory)
    removeHostRoutes()
    if all { removeHostAccess() }
  }

  private mutating func fail(_ text: String) {
    hasFailed = true
    remarks.append(text)
  }

  private mutating func freeLeases(_ book: LeaseBook, _ inventory: NodeInventory) {
    for fault in book.faults { fail(fault) }
    let (living, isDryRun) = (inventory.living, isDryRun)
    for store in book.poolStores {
      attempt { () throws(AllocationError) in
        let dead = try store.holders().filter { !living.isAlive($0) }
        return isDryRun ? dead : try store.free(dead)
      }
    }
    for store in book.hostLocalStores {
      let orphans = Set(
        book.entries.filter { $0.isOrphan && $0.store == store.leaseDirectory }.map(\.attachment))
      attempt { () throws(AllocationError) in
        isDryRun
          ? try store.holders().filter { orphans.contains($0.attachment) }
          : try store.collectGarbage { !orphans.contains($0.attachment) }
      }
    }
  }

  private mutating func attempt(_ free: () throws(AllocationError) -> [LeaseHolder]) {
    do throws(AllocationError) {
      for holder in try free() {
        items += holder.addresses.map { address in
          Item(
            kind: .lease, name: "\(address)",
            reason:
              "container \(holder.attachment.shortContainerID), interface \(holder.attachment.ifname) on "
              + "network \(holder.attachment.network) is gone")
        }
      }
    } catch {
      fail("\(error.message); \(error.details)")
    }
  }

  /// Links that an ADD made and never finished, since it was killed. One that is at work needs milliseconds.
  private mutating func removeHalfMadeLinks(_ inventory: NodeInventory) {
    let suspects = inventory.slaves.filter { $0.isHalfMade && ($0.masterPlace?.isHome ?? false) }
    guard !suspects.isEmpty, let home = try? NetworkNamespace.home() else { return }
    pause(milliseconds: 1000)
    for suspect in suspects {
      do {
        var socket = try NetworkNamespace(path: suspect.place.path).openSocket(returningTo: home)
        guard let link = try socket.link(index: suspect.link.index), link.name == suspect.link.name,
          link.alias == nil, !link.isUp
        else { continue }
        if !isDryRun { try socket.deleteLink(link) }
        items.append(
          Item(
            kind: .link, name: link.name, reason: "an ADD that was killed left it in \(suspect.place.name)"))
      } catch {
        fail("link \(suspect.link.name) in \(suspect.place.name) cannot be removed: \(error)")
      }
    }
  }

  private mutating func removeHostRoutes() {
    do throws(NetlinkError) {
      let home = try NetworkNamespace.home()
      let stale = try isDryRun ? NodeSweeper.stale(home: home) : NodeSweeper.sweep(home: home)
      items += stale.map { Item(kind: .hostRoute, name: "\($0)", reason: "no pod has this address") }
    } catch {
      fail("host routes cannot be removed: \(error)")
    }
  }

  private mutating func removeHostAccess() {
    guard !isDryRun else {
      remarks.append("--all would take host access down as well, if no pod uses it")
      return
    }
    do throws(NetlinkError) {
      guard let links = try NodeSweeper.removeAll() else {
        remarks.append("host access stays: pods use it; see: ip route show proto 118")
        return
      }
      items += links.map { Item(kind: .hostAccess, name: $0, reason: "no pod uses it") }
    } catch {
      fail("host access cannot be taken down: \(error)")
    }
  }

  package func text(for screen: Screen) -> ScreenText {
    var table = Table(
      [.init(isDryRun ? "WOULD FREE" : "FREED"), .init("KIND"), .init("WHY", isSentence: true)],
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

extension NodeLink {
  /// Its name is one that links have only while an ADD is at work: `ipv` and eleven digits.
  var isHalfMade: Bool {
    link.name.hasPrefix("ipv") && link.name.utf8.count == 14 && link.alias == nil && !link.isUp
      && link.name.dropFirst(3).allSatisfy { $0.isHexDigit && !$0.isUppercase }
  }
}
