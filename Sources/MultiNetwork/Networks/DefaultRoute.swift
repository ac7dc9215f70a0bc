internal import Addressing
internal import CNI
internal import JSON
internal import Netlink
internal import Platform

/// Which network has the pod's default route, where a network asks for it: the others lose theirs, as with Multus.
///
/// Without such a wish nothing is changed: the default network has it.
struct DefaultRoute {
  /// `RTPROT_BOOT`: as ip(8) makes routes.
  private static let routeProtocol: UInt8 = 3
  /// `RTPROT_UNSPEC`: whoever made the route.
  private static let anyProtocol: UInt8 = 0

  private let networks: [PodNetwork]
  private let netns: String

  /// `nil` when no network asks for it.
  init?(_ networks: [PodNetwork], netns: String) {
    guard networks.contains(where: { $0.defaultRoute != nil }) else { return nil }
    self.networks = networks
    self.netns = netns
  }

  /// Moves the default routes, in the pod and in the results.
  /// - Throws: ``CNIError`` with code 7 when the network has no gateway, else 5.
  func move(_ results: inout [JSONObject]) throws(CNIError) {
    for (position, network) in networks.enumerated() {
      guard let requested = network.defaultRoute else { continue }
      let own = try Self.read(results[position], network)
      let gateways = requested.isEmpty ? Self.gateways(own) : requested
      guard !gateways.isEmpty else {
        throw CNIError(
          code: .invalidConfiguration,
          message: "\(network.subject) is to have the pod's default route, and has no gateway",
          details: "name one: \"default-route\": [\"172.31.16.1\"]")
      }
      for gateway in gateways {
        do throws(NetlinkError) {
          try move(to: gateway, of: network, on: own.ips.map { $0.assignment.address })
        } catch {
          throw CNIError(
            code: .ioFailure, message: "\(network.subject) cannot have the pod's default route by \(gateway)",
            details: "\(error)")
        }
        let route = IPRoute(destination: CIDR.defaultRoute(of: gateway.family), gateway: gateway)
        for other in results.indices {
          results[other] = Self.removing(
            gateway.family, from: results[other], adding: other == position ? route : nil)
        }
      }
    }
  }

  private static func read(_ result: JSONObject, _ network: PodNetwork) throws(CNIError) -> CNIResult {
    do throws(JSONFieldError) { return try CNIResult(JSONFields(result, ignoringCase: true)) } catch {
      throw CNIError(error)
    }
  }

  /// Where a network itself would send what is for nobody else.
  private static func gateways(_ result: CNIResult) -> [IPAddress] {
    IPFamily.allCases.compactMap { family in
      result.routes.first { $0.destination.isDefaultRoute && $0.gateway?.family == family }?.gateway
        ?? result.ips.first { $0.assignment.gateway?.family == family }?.assignment.gateway
    }
  }

  private func move(
    to gateway: IPAddress, of network: PodNetwork, on addresses: [CIDR]
  ) throws(NetlinkError) {
    let host = try NetworkNamespace.host()
    let namespace: NetworkNamespace
    do throws(Errno) { namespace = try NetworkNamespace(path: netns) } catch {
      throw NetlinkError(operation: "open network namespace \(netns)", errno: error)
    }
    var pod = try namespace.openSocket(returningTo: host)
    for other in networks {
      guard let link = try pod.link(exactlyNamed: other.interface) else { continue }
      let routes = try pod.routes(gateway.family, table: Route.mainTable, outOf: link.index)
        .filter { $0.destination.isDefaultRoute && $0.isUnicast }
      try pod.remove(
        routes.map { route in
          var gone = IPRoute(destination: route.destination, gateway: route.gateway)
          gone.priority = route.priority
          return NodeRoute(gone, outOf: link.index)
        }, routeProtocol: Self.anyProtocol)
    }
    guard let link = try pod.link(exactlyNamed: network.interface) else { return }
    try pod.install(
      [
        NodeRoute(
          IPRoute(destination: CIDR.defaultRoute(of: gateway.family), gateway: gateway), outOf: link.index,
          isOnLink: gateway.isOnLink(beside: addresses))
      ], [], routeProtocol: Self.routeProtocol)
  }

  /// A result without the default routes of a family, in the shape that it has.
  private static func removing(
    _ family: IPFamily, from result: JSONObject, adding route: IPRoute?
  ) -> JSONObject {
    var result = result
    let added = route.map { [$0.json(attributes: false)] } ?? []
    let legacy = family == .v4 ? "ip4" : "ip6"
    if var part = result[legacy]?.object {
      part["routes"] = .array(kept(part["routes"], family) + added)
      result[legacy] = .object(part)
    } else if result["routes"] != nil || !added.isEmpty {
      result["routes"] = .array(kept(result["routes"], family) + added)
    }
    return result
  }

  private static func kept(_ routes: JSONValue?, _ family: IPFamily) -> [JSONValue] {
    (routes?.array ?? []).filter { route in
      guard let destination = route.object?["dst"]?.string.flatMap({ CIDR($0) }) else { return true }
      return !(destination.isDefaultRoute && destination.family == family)
    }
  }
}
