internal import Addressing
internal import IPVLAN
internal import Netlink
internal import Platform

/// A namespace that is listened to, and its ipvlan links as last seen.
final class WatchedNamespace {
  let place: NamespacePlace
  private var events: EventSocket
  private var links: [Int32: Link] = [:]

  init(_ place: NamespacePlace, _ events: consuming EventSocket) {
    self.place = place
    self.events = events
  }

  /// For poll(2).
  var descriptor: FileDescriptor { events.descriptor }

  /// What was seen at once.
  struct Changes {
    var events: [WatchEvent] = []
    /// The kernel tells of a link when another one is put on it, in whatever namespace that is.
    var areMastersTouched = false
  }

  /// What has changed since the last call.
  func changes(host: borrowing NetworkNamespace) -> Changes {
    var seen = Changes()
    while true {
      do throws(NetlinkError) {
        let received = try events.receive()
        if received.isEmpty { return seen }
        seen.events += received.compactMap(note)
        seen.areMastersTouched = seen.areMastersTouched || received.contains(where: \.isOfMaster)
      } catch  where error.errno == .noBufferSpace {
        seen.events.append(event(.lost, "namespace", "too many changes at once; looking again"))
        seen.events += present(host: host)
        seen.areMastersTouched = true
      } catch {
        return seen
      }
    }
  }

  /// The links that are there, and those that went unseen.
  func present(host: borrowing NetworkNamespace) -> [WatchEvent] {
    guard let namespace = try? NetworkNamespace(path: place.path),
      var socket = try? namespace.openSocket(returningTo: host), let found = try? socket.ipvlanLinks()
    else { return [] }
    let gone = links.values.filter { known in !found.contains { $0.index == known.index } }
    links = Dictionary(found.map { ($0.index, $0) }) { first, _ in first }
    var seen = gone.map { event(.removed, "link", Self.text($0)) }
    for link in found {
      seen.append(event(.present, "link", Self.text(link)))
      let addresses = (try? socket.addresses(ofLink: link.index)) ?? []
      seen += addresses.map { event(.present, "address", "\($0.address) on \(link.name)") }
    }
    return seen
  }

  /// The namespace is gone, and its links with it.
  func farewell() -> [WatchEvent] { links.values.map { event(.removed, "link", Self.text($0)) } }

  private func note(_ change: NetworkEvent) -> WatchEvent? {
    switch change {
    case .link(let link):
      guard link.isIPVLAN else { return nil }
      let known = links.updateValue(link, forKey: link.index)
      guard let known else { return event(.added, "link", Self.text(link)) }
      return Self.text(known) == Self.text(link) ? nil : event(.changed, "link", Self.text(link))
    case .linkRemoved(let link):
      guard let known = links.removeValue(forKey: link.index) else { return nil }
      return event(.removed, "link", Self.text(known))
    case .address(let address): return self.event(.added, address)
    case .addressRemoved(let address): return self.event(.removed, address)
    case .route(let route): return self.event(.added, route)
    case .routeRemoved(let route): return self.event(.removed, route)
    }
  }

  private func event(_ change: WatchEvent.Change, _ address: InterfaceAddress) -> WatchEvent? {
    guard let link = links[address.linkIndex] else { return nil }
    return event(change, "address", "\(address.address) on \(link.name)")
  }

  private func event(_ change: WatchEvent.Change, _ route: Route) -> WatchEvent? {
    guard route.isUnicast, let link = route.linkIndex.flatMap({ links[$0] }),
      !route.destination.address.isMulticast
    else { return nil }
    let destination = route.destination.isDefaultRoute ? "default" : "\(route.destination)"
    return event(
      change, "route", "\(destination)\(route.gateway.map { " via \($0)" } ?? "") dev \(link.name)")
  }

  private func event(_ change: WatchEvent.Change, _ object: String, _ text: String) -> WatchEvent {
    WatchEvent(time: .now(), change: change, object: object, place: place.shortName, text: text)
  }

  private static func text(_ link: Link) -> String {
    let owner = LinkIdentity.attachment(of: link).map { ", \($0)" } ?? ""
    return "\(link.name) \(link.ipvlanMode?.description ?? "?") MTU \(link.mtu) \(link.state)\(owner)"
  }
}

extension NetworkEvent {
  /// Whether it tells of a link that slaves may stand on.
  fileprivate var isOfMaster: Bool {
    guard case .link(let link) = self else { return false }
    return !link.isIPVLAN
  }
}
