internal import Addressing
internal import JSON

extension NodePool {
  /// Reads a SpiderIPPool and checks it by itself; what concerns other pools is checked by ``PoolCatalog``.
  /// - Throws: ``JSONFieldError`` with the path and the value of the member that is wrong.
  init(_ document: JSONFields, source: Source) throws(JSONFieldError) {
    self.source = source
    name = try Self.name(document)
    let spec = try document.required("spec", document.fields("spec"))
    subnet = try Self.subnet(spec)
    let ips = try AddressSet(Self.ranges(spec, "ips", inside: subnet))
    excluded = try AddressSet(Self.ranges(spec, "excludeIPs", inside: subnet))
    addresses = ips.subtracting(excluded)
    gateway = try Self.gateway(spec, subnet)
    if let gateway, addresses.contains(gateway) {
      throw spec.error("gateway", "must not be one of spec.ips; list it in spec.excludeIPs")
    }
    routes = try Self.routes(spec, subnet)
    isDefault = try spec.bool("default") ?? false
    isDisabled = try spec.bool("disable") ?? false
    nodeNames = try spec.strings("nodeName") ?? []
    namespaceNames = try spec.strings("namespaceName") ?? []
    multusNames = try spec.strings("multusName") ?? []
    nodeAffinity = try Self.selector(spec, "nodeAffinity")
    namespaceAffinity = try Self.selector(spec, "namespaceAffinity")
    podAffinity = try Self.selector(spec, "podAffinity")
    try Self.refuseUnknownKeys(spec, known: Self.keys)
  }

  /// `vlan` is of releases before 0.9, and says nothing to a node.
  private static let keys = [
    "ipVersion", "subnet", "ips", "excludeIPs", "gateway", "routes", "default", "disable", "nodeName",
    "nodeAffinity", "namespaceName", "namespaceAffinity", "podAffinity", "multusName", "vlan",
  ]

  /// A mistyped `excludeIPs` or `nodeName` would let addresses out that are somebody else's.
  static func refuseUnknownKeys(_ spec: JSONFields, known: [String]) throws(JSONFieldError) {
    for (key, _) in spec.object.members where !known.contains(key) {
      throw spec.error(key, "is not known; the keys are: \(known.joined(separator: ", "))")
    }
  }

  /// `metadata.name`, as Kubernetes takes it (RFC 1123 subdomain).
  static func name(_ document: JSONFields) throws(JSONFieldError) -> String {
    let metadata = try document.required("metadata", document.fields("metadata"))
    let name = try metadata.required("name", metadata.string("name"))
    let isName =
      (1...253).contains(name.utf8.count) && name.first != "." && name.first != "-"
      && name.utf8.allSatisfy { byte in
        (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || byte == 0x2D || byte == 0x2E
      }
    guard isName else {
      throw metadata.error("name", "must consist of lower case letters, digits, '-' and '.'")
    }
    return name
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
    if let version = try spec.int("ipVersion", in: 4...6), version != subnet.family.rawValue {
      throw spec.error("ipVersion", "does not agree with subnet \(subnet)")
    }
    return subnet
  }

  /// In the subnet, or an IPv6 link-local address: that is where AWS has its IPv6 gateways.
  private static func gateway(_ spec: JSONFields, _ subnet: CIDR) throws(JSONFieldError) -> IPAddress? {
    guard let gateway = try spec.parsed("gateway", "an IP address", IPAddress.init) else { return nil }
    guard isNextHop(gateway, subnet) else { throw spec.error("gateway", "must lie in subnet \(subnet)") }
    return gateway
  }

  private static func routes(_ spec: JSONFields, _ subnet: CIDR) throws(JSONFieldError) -> [IPRoute] {
    var routes: [IPRoute] = []
    for entry in try spec.objects("routes") ?? [] {
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
