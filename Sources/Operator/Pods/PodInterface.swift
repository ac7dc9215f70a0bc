internal import Addressing
internal import IPVLAN
internal import Netlink
internal import Platform

/// An attachment's interface in its pod, beside what ADD answered, and the commands that make it so again.
struct PodInterface {
  /// The addresses that are not on the link.
  let missingAddresses: [CIDR]
  /// The routes that are not there, or are others.
  let unmetRoutes: [AttachmentExpectation.UnmetRoute]
  /// The name that the link has lost; `nil` when it has its own.
  let lostName: String?

  private let entry: NodeLink
  private let expectation: AttachmentExpectation

  /// Looks into the pod; `nil` when nobody has written down what ADD answered, or the pod is gone.
  /// - Throws: ``NetlinkError`` when it is there and cannot be looked into.
  init?(_ entry: NodeLink) throws(NetlinkError) {
    guard let cached = entry.cached, let result = cached.result,
      let namespace = try entry.place.open()
    else { return nil }
    var pod = try namespace.openSocket(returningTo: NetworkNamespace.host())
    self.entry = entry
    let ifname = cached.id.ifname
    let isFree = try pod.link(exactlyNamed: ifname) == nil
    lostName = entry.link.name != ifname && isFree ? ifname : nil
    expectation = AttachmentExpectation(result, ifname: ifname)
    let present = Set(entry.addresses.map(\.address.address))
    missingAddresses = expectation.addresses.map(\.address).filter { !present.contains($0.address) }
    unmetRoutes = try expectation.unmetRoutes(with: entry.addresses, through: &pod)
  }

  /// Whether it is as ADD made it.
  var isWhole: Bool {
    missingAddresses.isEmpty && unmetRoutes.isEmpty && lostName == nil && entry.link.isUp
  }

  /// The routes that are not there, in words.
  var routeWords: String {
    unmetRoutes.map { route in
      Self.words(route.route.route).joined(separator: " ")
    }.joined(separator: ", ")
  }

  /// One command line that makes it so again.
  var remedy: ShellCommand {
    let commands = self.commands
    guard let first = commands.first else { return "ipvlanctl doctor" }
    let all = commands.dropFirst().reduce(first) { "\($0) && \($1)" }
    guard commands.count > 1, !entry.place.isHostNamespace else { return "\(entry.place.prefix)\(all)" }
    return "\(entry.place.prefix)sh -c \(all.description)"
  }

  private var commands: [ShellCommand] {
    let name = lostName ?? entry.link.name
    var commands: [ShellCommand] = []
    if let lostName {
      let present = entry.link.name
      commands += ["ip link set dev \(present) down", "ip link set dev \(present) name \(lostName)"]
    }
    // A link that is down has no routes and no IPv6 addresses, and one without its addresses no routes of theirs.
    let wasDown = lostName != nil || !entry.link.isUp
    if wasDown { commands.append("ip link set dev \(name) up") }
    commands += expectation.addresses.map(\.address).compactMap { address in
      let isIPv6 = address.address.family == .v6
      let isMissing = missingAddresses.contains(address)
      guard isMissing || wasDown && isIPv6 else { return nil }
      let verb = isMissing ? "add" : "replace"
      let isWithoutDetection: ShellCommand = isIPv6 ? " nodad" : ""
      return "ip address \(verb) \(address) dev \(name)\(isWithoutDetection)"
    }
    let routes = wasDown || !missingAddresses.isEmpty ? expectation.allRoutes : unmetRoutes
    return commands + routes.map { Self.command($0, name) }
  }

  private static func command(_ unmet: AttachmentExpectation.UnmetRoute, _ name: String) -> ShellCommand {
    let route = unmet.route.route
    var words = ["ip", "route", "replace"] + words(route) + ["dev", name]
    if let address = unmet.connected {
      words += ["proto", "kernel"]
      words +=
        address.address.family == .v4 ? ["scope", "link", "src", "\(address.address)"] : ["metric", "256"]
    }
    if unmet.route.isOnLink { words.append("onlink") }
    for (key, value) in [
      ("table", route.table), ("metric", route.priority), ("mtu", route.mtu), ("advmss", route.advertisedMSS),
      ("scope", route.scope.map(UInt32.init)),
    ] {
      if let value { words += [key, "\(value)"] }
    }
    return "\(words: words)"
  }

  /// As ip(8) writes it.
  private static func words(_ route: IPRoute) -> [String] {
    // It takes "default" for IPv4's.
    let destination = route.destination
    let name = destination.isDefaultRoute && destination.family == .v4 ? "default" : "\(destination)"
    return [name] + (route.gateway.map { ["via", "\($0)"] } ?? [])
  }
}
