internal import Addressing
package import JSON

extension CNIResult {
  /// Reads the result of an IPAM plugin: it makes no interface, so that `interfaces`, and numbers of positions in
  /// it, which some write all the same, mean nothing (CNI SPEC 1.1.0, section 5).
  /// - Throws: ``JSONFieldError`` as the other.
  package init(ofIPAM fields: JSONFields) throws(JSONFieldError) {
    try self.init(fields, hasInterfaces: false)
  }

  /// Reads a result in the shape of any version; up to 0.2.0 it is told by `ip4` and `ip6`.
  /// - Throws: ``JSONFieldError`` with the path and the value of the member that is wrong.
  package init(_ fields: JSONFields) throws(JSONFieldError) {
    try self.init(fields, hasInterfaces: true)
  }

  private init(_ fields: JSONFields, hasInterfaces: Bool) throws(JSONFieldError) {
    self.init()
    if let settings = try fields.fields("dns") { dns = try DNSConfiguration(settings) }
    for key in ["ip4", "ip6"] {
      guard let family = try fields.fields(key) else { continue }
      ips.append(IPConfiguration(assignment: try Self.assignment(family, addressKey: "ip")))
      routes += try Self.routes(family)
    }
    if hasInterfaces {
      for entry in try fields.objects("interfaces") ?? [] { interfaces.append(try Interface(entry)) }
    }
    for entry in try fields.objects("ips") ?? [] {
      let assignment = try Self.assignment(entry, addressKey: "address")
      ips.append(IPConfiguration(interface: try position(entry), assignment: assignment))
    }
    routes += try Self.routes(fields)
  }

  /// The interface that an address names; without any interface the number means nothing.
  private func position(_ entry: JSONFields) throws(JSONFieldError) -> Int? {
    guard !interfaces.isEmpty else { return nil }
    // Plugins write -1 for "none"; anything else must name an interface of this result.
    let number = try entry.int("interface", in: -1...Int(Int32.max))
    guard let number, number >= 0 else { return nil }
    guard interfaces.indices.contains(number) else {
      throw entry.error("interface", "must be a position in \"interfaces\", which has \(interfaces.count)")
    }
    return number
  }

  private static func assignment(
    _ fields: JSONFields, addressKey key: String
  ) throws(JSONFieldError) -> AddressAssignment {
    let address = try fields.parsed(key, "an address with prefix length such as 10.0.0.5/24", CIDR.init)
    let gateway = try fields.string("gateway").flatMap { $0.isEmpty ? nil : $0 }
    let assignment = AddressAssignment(address: try fields.required(key, address))
    guard let gateway else { return assignment }
    guard let parsed = IPAddress(gateway), parsed.family == assignment.address.family else {
      throw fields.error("gateway", "must be an address of the family of \(assignment.address)")
    }
    return AddressAssignment(address: assignment.address, gateway: parsed)
  }

  private static func routes(_ fields: JSONFields) throws(JSONFieldError) -> [IPRoute] {
    var routes: [IPRoute] = []
    for entry in try fields.objects("routes") ?? [] { routes.append(try IPRoute(entry)) }
    return routes
  }
}

extension CNIResult.Interface {
  fileprivate init(_ fields: JSONFields) throws(JSONFieldError) {
    self.init(
      name: try fields.string("name") ?? "", mac: try fields.string("mac"),
      mtu: try fields.int("mtu", in: 0...Int(Int32.max)), sandbox: try fields.string("sandbox"))
    if sandbox?.isEmpty == true { sandbox = nil }
    socketPath = try fields.string("socketPath")
    pciID = try fields.string("pciID")
  }
}
