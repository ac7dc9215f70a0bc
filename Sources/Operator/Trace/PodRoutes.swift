internal import Addressing
internal import CNI
internal import Netlink
internal import Platform

/// The routes and neighbours of an attachment, in its pod.
struct PodRoutes {
  private let entry: NodeLink
  private let cached: CachedAttachment?
  private var routes: [Route] = []
  /// The families in which the pod has a default route, out of whatever link.
  private var families: Set<IPFamily> = []
  private var neighbors: [Neighbor] = []

  init(_ entry: NodeLink, _ cached: CachedAttachment?) {
    self.entry = entry
    self.cached = cached
    guard let home = try? NetworkNamespace.home(),
      let namespace = try? NetworkNamespace(path: entry.place.path),
      var socket = try? namespace.openSocket(returningTo: home)
    else { return }
    for family in IPFamily.allCases {
      let all = (try? socket.routes(family)) ?? []
      if all.contains(where: \.destination.isDefaultRoute) { families.insert(family) }
      routes += all.filter { route in
        route.linkIndex == entry.link.index && route.isUnicast && !route.destination.address.isMulticast
          && !route.destination.address.isLinkLocal
      }
    }
    neighbors = (try? socket.neighbors(ofLink: entry.link.index)) ?? []
  }

  var stops: [TraceStop] { [routeStop, neighborStop] }

  private var routeStop: TraceStop {
    let text = routes.map { route in
      Self.text(route.destination, route.gateway)
        + (route.table == PolicyRule.mainTable ? "" : " in table \(route.table)")
    }.joined(separator: ", ")
    // A pod's second network leaves the default route to the first.
    let missing = (cached?.result?.routes ?? []).filter { wanted in
      wanted.destination.isDefaultRoute
        ? !families.contains(wanted.destination.family)
        : !routes.contains { $0.destination == wanted.destination }
    }
    guard let first = missing.first else {
      return text.isEmpty ? .neutral("routes", "none") : .fine("routes", text)
    }
    return .wrong(
      "routes",
      "\(text.isEmpty ? "none" : text); missing: "
        + missing.map { Self.text($0.destination, $0.gateway) }.joined(separator: ", "),
      run: "\(entry.place.prefix)ip route add \(words: Self.words(first)) dev \(entry.link.name)")
  }

  /// As arguments of ip(8).
  private static func words(_ route: IPRoute) -> [String] {
    [route.destination.isDefaultRoute ? "default" : "\(route.destination)"]
      + (route.gateway.map { ["via", "\($0)"] } ?? [])
  }

  /// As ip(8) writes it.
  private static func text(_ destination: CIDR, _ gateway: IPAddress?) -> String {
    (destination.isDefaultRoute ? "default" : "\(destination)") + (gateway.map { " via \($0)" } ?? "")
  }

  private var neighborStop: TraceStop {
    guard entry.link.ipvlanMode == .l2 else {
      return .neutral(
        "neighbours", "mode \(entry.link.ipvlanMode?.description ?? "?") leaves them to the master")
    }
    let text = neighbors.map { neighbor in
      "\(neighbor.address) " + (neighbor.mac.map { "at \($0)" } ?? "does not answer")
    }.joined(separator: ", ")
    let gateways = Set(routes.compactMap(\.gateway))
    if let silent = neighbors.first(where: { gateways.contains($0.address) && $0.isUnanswered }) {
      return .wrong(
        "neighbours", "gateway \(silent.address) does not answer",
        run:
          "\(entry.place.prefix)ping -c 1 \(silent.address); tcpdump -ni \(entry.master?.name ?? "any") arp or icmp6"
      )
    }
    return text.isEmpty ? .neutral("neighbours", "none yet") : .fine("neighbours", text)
  }
}
