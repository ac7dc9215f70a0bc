public import JSON

/// Configurations as the tests use them.
public enum Configuration {
  /// A network on a master, with the plugin's keys as given.
  public static func ipvlan(
    master: String? = "ens5", mode: String? = nil, flag: String? = nil, version: String = "1.1.0",
    name: String = "ipvlan-ens5", ipam: JSONObject? = nil
  ) -> JSONObject {
    var configuration: JSONObject = [
      "cniVersion": .string(version), "name": .string(name), "type": "ipvlan",
    ]
    configuration["master"] = master.map(JSONValue.string)
    configuration["mode"] = mode.map(JSONValue.string)
    configuration["flag"] = flag.map(JSONValue.string)
    configuration["ipam"] = ipam.map(JSONValue.object)
    return configuration
  }

  /// IPAM `static` with addresses `172.31.16.4/20` or `172.31.16.4/20 via 172.31.16.1`, and default routes
  /// for the families that have a gateway.
  public static func staticIPAM(_ addresses: String..., routes: [JSONObject]? = nil) -> JSONObject {
    staticIPAM(addresses, routes: routes)
  }

  /// As above.
  public static func staticIPAM(_ addresses: [String], routes: [JSONObject]? = nil) -> JSONObject {
    var entries: [JSONValue] = []
    var defaults: [JSONObject] = []
    for text in addresses {
      let words = text.split(separator: " ").map(String.init)
      var entry: JSONObject = ["address": .string(words[0])]
      if let gateway = words.count == 3 ? words[2] : nil {
        entry["gateway"] = .string(gateway)
        let destination: JSONObject = ["dst": gateway.contains(":") ? "::/0" : "0.0.0.0/0"]
        if !defaults.contains(destination) { defaults.append(destination) }
      }
      entries.append(.object(entry))
    }
    var ipam: JSONObject = ["type": "static", "addresses": .array(entries)]
    let routes = routes ?? defaults
    if !routes.isEmpty { ipam["routes"] = .array(routes.map(JSONValue.object)) }
    return ipam
  }
}

extension JSONValue: ExpressibleByUnicodeScalarLiteral {}
extension JSONValue: ExpressibleByExtendedGraphemeClusterLiteral {}
extension JSONValue: ExpressibleByStringLiteral {
  /// Configurations read better without `.string`.
  public init(stringLiteral value: String) { self = .string(value) }
}
extension JSONValue: ExpressibleByBooleanLiteral {
  /// As above.
  public init(booleanLiteral value: Bool) { self = .bool(value) }
}
extension JSONValue: ExpressibleByIntegerLiteral {
  /// As above.
  public init(integerLiteral value: Int) { self = .int(value) }
}
extension JSONValue: ExpressibleByArrayLiteral {
  /// As above.
  public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
}
extension JSONValue: ExpressibleByDictionaryLiteral {
  /// As above.
  public init(dictionaryLiteral elements: (String, JSONValue)...) {
    var object = JSONObject()
    for (name, value) in elements { object[name] = value }
    self = .object(object)
  }
}
