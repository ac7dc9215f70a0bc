internal import Addressing
package import JSON

extension CNIResult {
  /// The result in the shape of a version.
  package func json(version: SpecVersion) -> JSONValue {
    version < .v0_3_0 ? legacy(version) : current(version)
  }

  /// Up to 0.2.0: the first address of each family, and the routes of that family beside it.
  private func legacy(_ version: SpecVersion) -> JSONValue {
    var object: JSONObject = ["cniVersion": .string(version.rawValue)]
    for (key, family) in [("ip4", IPFamily.v4), ("ip6", .v6)] {
      guard let assignment = ips.first(where: { $0.assignment.address.family == family })?.assignment else {
        continue
      }
      var part: JSONObject = ["ip": .string("\(assignment.address)")]
      part["gateway"] = assignment.gateway.map { .string("\($0)") }
      let routes = routes.filter { $0.destination.family == family }
      if !routes.isEmpty { part["routes"] = .array(routes.map { $0.json(attributes: false) }) }
      object[key] = .object(part)
    }
    object["dns"] = dns.json
    return .object(object)
  }

  private func current(_ version: SpecVersion) -> JSONValue {
    var object: JSONObject = ["cniVersion": .string(version.rawValue)]
    if !interfaces.isEmpty { object["interfaces"] = .array(interfaces.map { $0.json(version) }) }
    if !ips.isEmpty { object["ips"] = .array(ips.map { $0.json(version) }) }
    if !routes.isEmpty {
      object["routes"] = .array(routes.map { $0.json(attributes: version >= .v1_1_0) })
    }
    // Before 1.0.0 the member was always there, and some readers count on it.
    if !dns.isEmpty || version < .v1_0_0 { object["dns"] = dns.json }
    return .object(object)
  }
}

extension CNIResult.Interface {
  fileprivate func json(_ version: SpecVersion) -> JSONValue {
    var object: JSONObject = ["name": .string(name)]
    object["mac"] = mac.map(JSONValue.string)
    if version >= .v1_1_0 {
      object["mtu"] = mtu.map(JSONValue.int)
      object["socketPath"] = socketPath.map(JSONValue.string)
      object["pciID"] = pciID.map(JSONValue.string)
    }
    object["sandbox"] = sandbox.map(JSONValue.string)
    return .object(object)
  }
}

extension CNIResult.IPConfiguration {
  fileprivate func json(_ version: SpecVersion) -> JSONValue {
    var object = JSONObject()
    if version < .v1_0_0 { object["version"] = .string(assignment.address.family == .v4 ? "4" : "6") }
    object["interface"] = interface.map(JSONValue.int)
    object["address"] = .string("\(assignment.address)")
    object["gateway"] = assignment.gateway.map { .string("\($0)") }
    return .object(object)
  }
}
