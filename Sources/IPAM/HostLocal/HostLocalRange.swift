internal import Addressing
internal import JSON

/// One range of addresses of a subnet, as host-local's configuration writes it, with its defaults filled in.
struct HostLocalRange: Sendable, Hashable {
  /// The subnet that the addresses get their prefix length from.
  let subnet: CIDR
  /// The addresses to give; the gateway may lie among them and is skipped.
  let addresses: IPRange
  /// The subnet's gateway.
  let gateway: IPAddress

  /// Reads `{"subnet", "rangeStart", "rangeEnd", "gateway"}`.
  ///
  /// The defaults are the reference's: the gateway and the start are the subnet's first address after
  /// the network's own, the end is the last one, in IPv4 the one before the broadcast address.
  /// - Throws: ``JSONFieldError`` with the path and the value of the member that is wrong.
  init(_ fields: JSONFields) throws(JSONFieldError) {
    let subnet = try fields.required("subnet", Self.subnet(fields))
    guard subnet.family == .v4 || subnet.firstAddress.value >> 32 != 0xFFFF else {
      throw fields.error("subnet", "is an IPv4 network in IPv6 notation; write it as IPv4")
    }
    guard subnet.prefixLength <= subnet.family.bitWidth - 2 else {
      throw fields.error("subnet", "is too small to give addresses from: it needs at least four")
    }
    guard subnet.isNetwork else {
      throw fields.error("subnet", "has host bits set; the network of that length is \(subnet.network)")
    }
    self.subnet = subnet
    let first = IPAddress(family: subnet.family, value: subnet.firstAddress.value + 1)
    let isBroadcast = subnet.family == .v4
    let last = IPAddress(
      family: subnet.family, value: subnet.lastAddress.value - (isBroadcast ? 1 : 0))
    let lower = try Self.address("rangeStart", fields, in: subnet) ?? first
    let upper = try Self.address("rangeEnd", fields, in: subnet) ?? last
    gateway = try Self.address("gateway", fields, in: subnet) ?? first
    guard let addresses = IPRange(lower, upper) else {
      let key = fields.value("rangeEnd") == nil ? "rangeStart" : "rangeEnd"
      throw fields.error(key, "makes an empty range: it would start at \(lower) and end at \(upper)")
    }
    self.addresses = addresses
  }

  /// The subnet alone, which tells whether an `ipam` object has a range in the old form.
  static func subnet(_ fields: JSONFields) throws(JSONFieldError) -> CIDR? {
    try fields.parsed("subnet", "a network such as 10.1.0.0/16", CIDR.init)
  }

  /// Reads the members that are ignored without a subnet, since the reference refuses what it cannot read.
  static func checkSyntax(_ fields: JSONFields) throws(JSONFieldError) {
    for key in ["rangeStart", "rangeEnd", "gateway"] {
      _ = try fields.parsed(key, "an IP address", IPAddress.init)
    }
  }

  /// How many addresses there are to give.
  var capacity: UInt128 { addresses.count - (addresses.contains(gateway) ? 1 : 0) }

  /// The assignment of one of the addresses.
  func assignment(of address: IPAddress) -> AddressAssignment {
    AddressAssignment(address: subnet.interfaceAddress(address), gateway: gateway)
  }

  private static func address(
    _ key: String, _ fields: JSONFields, in subnet: CIDR
  ) throws(JSONFieldError) -> IPAddress? {
    guard let address = try fields.parsed(key, "an IP address", IPAddress.init) else { return nil }
    guard subnet.contains(address) else { throw fields.error(key, "must lie in subnet \(subnet)") }
    return address
  }
}

extension HostLocalRange: CustomStringConvertible {
  /// The ends, as `10.1.0.1-10.1.255.254`.
  var description: String { "\(addresses)" }
}
