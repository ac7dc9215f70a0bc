public import JSON

/// A route as CNI configurations, IPAM plugins and results write it (CNI SPEC 1.1.0, "Success").
public struct IPRoute: Sendable, Hashable {
  /// The destination network.
  public var destination: CIDR
  /// The next hop; `nil` when the destination is on the link, or when the address's gateway is meant.
  public var gateway: IPAddress?
  /// The path MTU in bytes; the corresponding C constant is `RTAX_MTU`.
  public var mtu: UInt32?
  /// The maximum segment size to advertise, in bytes; the corresponding C constant is `RTAX_ADVMSS`.
  public var advertisedMSS: UInt32?
  /// The priority, less first; the corresponding C constant is `RTA_PRIORITY`.
  public var priority: UInt32?
  /// The routing table; the corresponding C constant is `RTA_TABLE`.
  public var table: UInt32?
  /// The scope: 0 global, 253 link, 254 host; the corresponding C field is `rtm_scope`.
  public var scope: UInt8?

  /// A route without attributes.
  public init(destination: CIDR, gateway: IPAddress? = nil) {
    self.destination = destination
    self.gateway = gateway
  }
}

extension IPRoute: CustomStringConvertible {
  /// As `ip route` writes it: `0.0.0.0/0 via 172.31.16.1`.
  public var description: String { gateway.map { "\(destination) via \($0)" } ?? "\(destination)" }
}

extension IPRoute {
  private static let uint32 = 0...Int(UInt32.max)

  /// Reads `{"dst", "gw", "mtu", "advmss", "priority", "table", "scope"}`; other members are ignored.
  /// - Throws: ``JSONFieldError`` with the path and the value of the member that is wrong.
  public init(_ fields: JSONFields) throws(JSONFieldError) {
    let destination = try fields.parsed("dst", "a network such as 10.0.0.0/8", CIDR.init)
    self.destination = try fields.required("dst", destination).network
    gateway = try fields.parsed("gw", "an IP address", IPAddress.init)
    if let gateway, gateway.family != self.destination.family {
      throw fields.error("gw", "must be of the family of dst \(self.destination)")
    }
    mtu = try fields.int("mtu", in: Self.uint32).map(UInt32.init)
    advertisedMSS = try fields.int("advmss", in: Self.uint32).map(UInt32.init)
    priority = try fields.int("priority", in: Self.uint32).map(UInt32.init)
    table = try fields.int("table", in: Self.uint32).map(UInt32.init)
    scope = try fields.int("scope", in: 0...255).map(UInt8.init)
  }

  /// Writes what the constructor reads.
  ///
  /// - Parameter attributes: whether the members that CNI 1.1.0 added are written.
  public func json(attributes: Bool = true) -> JSONValue {
    var object: JSONObject = ["dst": .string("\(destination)")]
    object["gw"] = gateway.map { .string("\($0)") }
    if attributes {
      object["mtu"] = mtu.map { .int(Int($0)) }
      object["advmss"] = advertisedMSS.map { .int(Int($0)) }
      object["priority"] = priority.map { .int(Int($0)) }
      object["table"] = table.map { .int(Int($0)) }
      object["scope"] = scope.map { .int(Int($0)) }
    }
    return .object(object)
  }
}
