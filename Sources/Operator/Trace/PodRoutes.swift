internal import Addressing
internal import CNI
internal import Netlink
internal import Platform

/// The routes and neighbours of an attachment, in its pod.
struct PodRoutes {
  private let entry: NodeLink
  private let pod: PodInterface?
  private var routes: [Route] = []
  private var neighbors: [Neighbor] = []

  init(_ entry: NodeLink, _ pod: PodInterface?) {
    self.entry = entry
    self.pod = pod
    guard let host = try? NetworkNamespace.host(),
      let namespace = try? NetworkNamespace(path: entry.place.path),
      var socket = try? namespace.openSocket(returningTo: host)
    else { return }
    for family in IPFamily.allCases {
      let all = (try? socket.routes(family)) ?? []
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
        + (route.table == Route.mainTable ? "" : " in table \(route.table)")
    }.joined(separator: ", ")
    if let pod, !pod.unmetRoutes.isEmpty {
      return .wrong(
        "routes", "\(text.isEmpty ? "none" : text); missing: \(pod.routeWords)", run: pod.remedy)
    }
    return text.isEmpty ? .neutral("routes", "none") : .fine("routes", text)
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
