internal import IPVLAN
internal import Netlink
internal import SystemPackage

/// One walk through the namespaces of the machine; the thread is back home after each.
struct NamespaceWalk {
  /// The links of the node's own namespace.
  private(set) var homeLinks: [Link] = []
  /// The addresses of the node's own namespace.
  private(set) var homeAddresses: [InterfaceAddress] = []
  /// Paths of namespaces that may not be opened.
  private(set) var forbidden: [String] = []
  /// Namespaces that could not be read, each with the reason; those that died meanwhile among them.
  private(set) var failures: [String] = []
  /// Whether one that could not be read is still there, so that what it holds is not known.
  private(set) var hasUnread = false
  /// What was found.
  private(set) var slaves: [NodeLink] = []

  /// What one namespace holds, before the masters are known.
  private struct Finding {
    let place: NamespacePlace
    let links: [Link]
    let addresses: [InterfaceAddress]
  }

  private let homeIdentity: NetworkNamespace.Identity?
  private var findings: [Finding] = []

  init(home: borrowing NetworkNamespace) { homeIdentity = try? home.identity() }

  /// - Throws: ``NetlinkError`` when the node's own namespace cannot be read.
  mutating func run(home: borrowing NetworkNamespace) throws(NetlinkError) {
    var socket = try NetlinkSocket()
    homeLinks = try socket.links(withStatistics: true)
    homeAddresses = try socket.addresses()
    if let homeIdentity {
      findings.append(
        Finding(
          place: NamespacePlace(path: "/proc/self/ns/net", identity: homeIdentity, isHome: true),
          links: homeLinks, addresses: homeAddresses))
    }
    for path in NamespaceInventory.paths() { visit(path, home: home) }
    for finding in findings {
      for link in finding.links where link.isIPVLAN { take(link, of: finding, home: home) }
    }
  }

  private mutating func visit(_ path: String, home: borrowing NetworkNamespace) {
    do {
      let namespace = try NetworkNamespace(path: path)
      let identity = try namespace.identity()
      guard identity != homeIdentity else { return }
      var socket = try namespace.openSocket(returningTo: home)
      let links = try socket.links(withStatistics: true)
      // Masters in pods matter only where slaves are.
      findings.append(
        Finding(
          place: NamespacePlace(path: path, identity: identity, isHome: false), links: links,
          addresses: links.contains(where: \.isIPVLAN) ? try socket.addresses() : []))
    } catch {
      if error as? Errno == .notPermitted || error as? Errno == .permissionDenied
        || (error as? NetlinkError)?.errno == .notPermitted
      {
        forbidden.append(path)
      } else {
        failures.append("namespace \(path) is passed over: \(error)")
        if NetworkNamespace.exists(at: path) { hasUnread = true }
      }
    }
  }

  private mutating func take(_ link: Link, of finding: Finding, home: borrowing NetworkNamespace) {
    let carrier = carrier(of: link, in: finding, home: home)
    slaves.append(
      NodeLink(
        link: link, place: finding.place,
        addresses: finding.addresses.filter { $0.linkIndex == link.index },
        master: carrier?.links.first { $0.index == link.parentIndex }, masterPlace: carrier?.place,
        isHostLink: finding.place.isHome && HostLink.isHostLink(link)))
  }

  /// What the master's namespace holds: the link's own, or the one that the link's knows by that number.
  private func carrier(of link: Link, in finding: Finding, home: borrowing NetworkNamespace) -> Finding? {
    guard let number = link.parentNamespaceID else { return finding }
    return findings.first { candidate in
      guard candidate.place != finding.place,
        candidate.links.contains(where: { $0.index == link.parentIndex }),
        let other = try? NetworkNamespace(path: candidate.place.path),
        let namespace = try? NetworkNamespace(path: finding.place.path),
        var socket = try? namespace.openSocket(returningTo: home)
      else { return false }
      return (try? socket.namespaceID(of: other)) == number
    }
  }
}
