package import Addressing

/// An elastic network interface of this instance, as the metadata service describes it.
package struct NetworkInterface: Sendable {
  /// The Ethernet address, by which the link is found.
  package let mac: MACAddress
  /// `eni-...`.
  package let id: String
  /// 0 for the first NIC.
  package let deviceNumber: Int
  /// The IPv4 subnet.
  package let subnet: CIDR?
  /// The IPv6 subnets.
  package let subnets6: [CIDR]
  /// The first address, which is the node's own.
  package let primary: IPAddress?
  /// What pods can have: secondary addresses and delegated prefixes of IPv4.
  package let podAddresses: [IPRange]
  /// As `podAddresses`, of IPv6.
  package let podAddresses6: [IPRange]

  /// All addresses that the fabric carries to it.
  package var owned: AddressSet {
    AddressSet([primary].compactMap(\.self).map { IPRange($0) } + podAddresses + podAddresses6)
  }

  /// Asks for one interface.
  ///
  /// - Returns: `nil` when the service lists the MAC address and knows nothing of it any more: it was detached.
  init?(_ mac: String, _ client: inout MetadataClient) throws(Refusal) {
    let base = "network/interfaces/macs/\(mac)"
    guard let address = MACAddress(mac), let id = try client.lines("\(base)/interface-id")?.first else {
      return nil
    }
    self.mac = address
    self.id = id
    deviceNumber = try client.lines("\(base)/device-number")?.first.flatMap { Int($0) } ?? 0
    subnet = try client.lines("\(base)/subnet-ipv4-cidr-block")?.first.flatMap { CIDR($0) }
    subnets6 = try (client.lines("\(base)/subnet-ipv6-cidr-blocks") ?? []).compactMap { CIDR($0) }
    let addresses = try (client.lines("\(base)/local-ipv4s") ?? []).compactMap { IPAddress($0) }
    primary = addresses.first
    let prefixes = try (client.lines("\(base)/ipv4-prefix") ?? []).compactMap { CIDR($0) }
    podAddresses = Self.ranges(addresses.dropFirst(), prefixes)
    let addresses6 = try (client.lines("\(base)/ipv6s") ?? []).compactMap { IPAddress($0) }
    let prefixes6 = try (client.lines("\(base)/ipv6-prefix") ?? []).compactMap { CIDR($0) }
    podAddresses6 = Self.ranges(addresses6[...], prefixes6)
  }

  /// All interfaces of the instance, and the MAC addresses of those that were detached.
  /// - Throws: ``Refusal`` when the service does not answer.
  package static func all(
    _ endpoint: MetadataEndpoint
  ) throws(Refusal) -> (interfaces: [NetworkInterface], detached: [String]) {
    var client = try MetadataClient.open(endpoint)
    guard let macs = try client.lines("network/interfaces/macs/") else {
      throw Refusal("the instance metadata service at \(endpoint) lists no network interfaces (status 404)")
    }
    var (interfaces, detached): ([NetworkInterface], [String]) = ([], [])
    for line in macs {
      let mac = line.hasSuffix("/") ? String(line.dropLast()) : line
      if let interface = try NetworkInterface(mac, &client) {
        interfaces.append(interface)
      } else {
        detached.append(mac)
      }
    }
    return (interfaces.sorted { $0.deviceNumber < $1.deviceNumber }, detached)
  }

  private static func ranges(_ addresses: ArraySlice<IPAddress>, _ prefixes: [CIDR]) -> [IPRange] {
    let whole = prefixes.compactMap { IPRange($0.firstAddress, $0.lastAddress) }
    return AddressSet(addresses.map { IPRange($0) } + whole).ranges
  }
}
