internal import Addressing
internal import JSON
internal import YAML

extension NodePool {
  /// Reads a SpiderIPPool and checks it by itself; what concerns other pools is checked by ``PoolCatalog``.
  /// - Throws: ``JSONFieldError`` with the path and the value of the member that is wrong.
  init(_ object: KubernetesObject, source: Source) throws(JSONFieldError) {
    self.source = source
    name = try object.name()
    try object.refuseUnknownKeys()
    let spec = try object.fields.required("spec", object.fields.fields("spec"))
    subnet = try Self.subnet(spec)
    let ips = try AddressSet(Self.ranges(spec, "ips", inside: subnet))
    excluded = try AddressSet(Self.ranges(spec, "excludeIPs", inside: subnet))
    let usable = ips.subtracting(excluded)
    let unusable = UnusableAddresses.all(in: subnet)
    try Self.refuseUnusable(spec, usable, unusable)
    gateway = try Self.gateway(spec, subnet, unusable)
    if let gateway, usable.contains(gateway) {
      throw spec.error("gateway", "must not be one of spec.ips; list it in spec.excludeIPs")
    }
    routes = try Self.routes(spec, subnet)
    // A pod with the address of a route's gateway would take it from the others.
    addresses = usable.subtracting(AddressSet(routes.compactMap { $0.gateway.map { IPRange($0) } }))
    isDefault = try spec.flag("default") ?? false
    isDisabled = try spec.flag("disable") ?? false
    withheld = isDisabled ? try object.annotation(Self.withheldAnnotation) : nil
    sharing = try object.annotation(Self.sharingAnnotation).flatMap(Sharing.init)
    nodeNames = try spec.strings("nodeName") ?? []
    namespaceNames = try spec.strings("namespaceName") ?? []
    multusNames = try Self.networkNames(spec)
    nodeAffinity = try Self.selector(spec, "nodeAffinity")
    namespaceAffinity = try Self.selector(spec, "namespaceAffinity")
    podAffinity = try Self.selector(spec, "podAffinity")
    try spec.refuseUnknownKeys(known: Self.keys)
  }

  /// A mistyped `excludeIPs` or `nodeName` would let addresses out that are somebody else's. `vlan` is of releases
  /// before 0.9, and says nothing to a node.
  private static let keys = [
    "ipVersion", "subnet", "ips", "excludeIPs", "gateway", "routes", "default", "disable", "nodeName",
    "nodeAffinity", "namespaceName", "namespaceAffinity", "podAffinity", "multusName", "vlan",
  ]

  /// `ipVersion`, which may be left out.
  static func version(_ spec: JSONFields) throws(JSONFieldError) -> IPFamily? {
    guard let value = spec.value("ipVersion") else { return nil }
    guard let family = value.int.flatMap({ UInt8(exactly: $0) }).flatMap(IPFamily.init) else {
      throw spec.error("ipVersion", "must be 4 or 6, as a number")
    }
    return family
  }

  /// `multusName`: names of networks, each with its namespace or without.
  private static func networkNames(_ spec: JSONFields) throws(JSONFieldError) -> [String] {
    let names = try spec.strings("multusName") ?? []
    for (index, name) in names.enumerated() {
      let parts = name.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
      guard parts.count > 2 || parts.contains(where: { $0.isEmpty }) else { continue }
      throw JSONFieldError(
        path: "\(spec.path(of: "multusName"))[\(index)]", value: .string(name),
        problem: "must be a network's name, or its namespace and its name with a '/' between them")
    }
    return names
  }

  /// Tells of the entry that has an address which a pod cannot have.
  private static func refuseUnusable(
    _ spec: JSONFields, _ addresses: AddressSet, _ unusable: [UnusableAddresses.Entry]
  ) throws(JSONFieldError) {
    for (range, reason) in unusable where addresses.overlaps(range) {
      let entries = (spec.value("ips")?.array ?? []).compactMap { $0.string }
      let index = entries.firstIndex { IPRange($0)?.overlaps(range) ?? false } ?? 0
      let first = AddressSet([range]).intersection(addresses).ranges.first?.lower
      throw JSONFieldError(
        path: "\(spec.path(of: "ips"))[\(index)]", value: .string(entries[index]),
        problem:
          "has \(first ?? range.lower), which no pod can have: it is \(reason); leave it out, or list it in "
          + "spec.excludeIPs")
    }
  }

  /// A list of `a` and `a-b` of one family, no two of which overlap.
  static func ranges(
    _ fields: JSONFields, _ key: String, inside subnet: CIDR? = nil, family: IPFamily? = nil
  ) throws(JSONFieldError) -> [IPRange] {
    var ranges: [IPRange] = []
    for (position, text) in (try fields.strings(key) ?? []).enumerated() {
      let fault = { (problem: String) in
        JSONFieldError(path: "\(fields.path(of: key))[\(position)]", value: .string(text), problem: problem)
      }
      guard let range = IPRange(text) else {
        throw fault("must be an address, or a range such as 10.0.0.4-10.0.0.8 with the lower end first")
      }
      if let subnet, !subnet.contains(range.lower) || !subnet.contains(range.upper) {
        throw fault("must lie in subnet \(subnet)")
      }
      if let family, range.family != family { throw fault("must be of ipVersion \(family.rawValue)") }
      if let other = ranges.first(where: range.overlaps) { throw fault("overlaps with \(other)") }
      ranges.append(range)
    }
    return ranges
  }

  private static func subnet(_ spec: JSONFields) throws(JSONFieldError) -> CIDR {
    let text = "a network such as 172.31.16.0/20"
    let subnet = try spec.required("subnet", spec.parsed("subnet", text, CIDR.init))
    guard subnet.isNetwork else { throw spec.error("subnet", "must be written as \(subnet.network)") }
    if let version = try version(spec), version != subnet.family {
      throw spec.error("ipVersion", "does not agree with subnet \(subnet)")
    }
    return subnet
  }

  /// In the subnet, or an IPv6 link-local address: that is where AWS has its IPv6 gateways.
  private static func gateway(
    _ spec: JSONFields, _ subnet: CIDR, _ unusable: [UnusableAddresses.Entry]
  ) throws(JSONFieldError) -> IPAddress? {
    guard let gateway = try spec.parsed("gateway", "an IP address", IPAddress.init) else { return nil }
    guard isNextHop(gateway, subnet) else { throw spec.error("gateway", "must lie in subnet \(subnet)") }
    // An IPv6 gateway may be link-local, or the routers' anycast address.
    if gateway.family == .v4,
      let reason = unusable.first(where: { $0.range.contains(gateway) })?.reason
    {
      throw spec.error("gateway", "cannot be a gateway: it is \(reason)")
    }
    return gateway
  }

  private static func routes(
    _ spec: JSONFields, _ subnet: CIDR
  ) throws(JSONFieldError) -> [IPRoute] {
    var routes: [IPRoute] = []
    for entry in try spec.objects("routes") ?? [] {
      try entry.refuseUnknownKeys(known: ["dst", "gw", "mtu", "advmss", "priority", "table", "scope"])
      let route = try IPRoute(entry)
      if route.destination.isDefaultRoute {
        throw entry.error("dst", "must not be the default route: set gateway")
      }
      if routes.contains(where: { $0.destination == route.destination }) {
        throw entry.error("dst", "occurs twice")
      }
      let gateway = try entry.required("gw", route.gateway)
      guard isNextHop(gateway, subnet) else { throw entry.error("gw", "must lie in subnet \(subnet)") }
      routes.append(route)
    }
    return routes
  }

  private static func isNextHop(_ gateway: IPAddress, _ subnet: CIDR) -> Bool {
    subnet.contains(gateway) || (subnet.family == .v6 && gateway.isLinkLocal)
  }

  private static func selector(_ spec: JSONFields, _ key: String) throws(JSONFieldError) -> LabelSelector? {
    guard let fields = try spec.fields(key) else { return nil }
    return try LabelSelector(fields)
  }
}
