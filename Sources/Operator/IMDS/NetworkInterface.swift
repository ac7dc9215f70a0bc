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

  /// What the service says of the interfaces: it is consistent in the end only.
  package struct Listing: Sendable {
    /// Those that it describes, by device number.
    package fileprivate(set) var interfaces: [NetworkInterface] = []
    /// The MAC addresses that it lists and knows nothing of: they were detached a moment ago.
    package fileprivate(set) var detached: [String] = []
    /// Those that it describes in part: what they own is not known.
    package fileprivate(set) var partial: [String] = []
  }

  /// Asks for one interface.
  ///
  /// - Returns: `nil` when the service lists the MAC address and knows nothing of it.
  private init?(_ mac: MACAddress, _ base: String, _ client: inout MetadataClient) throws(UserError) {
    guard let id = try client.lines("\(base)/interface-id")?.first else { return nil }
    self.mac = mac
    self.id = id
    deviceNumber = try client.values("\(base)/device-number") { Int($0) }.first ?? 0
    subnet = try client.values("\(base)/subnet-ipv4-cidr-block") { CIDR($0)?.network }.first
    subnets6 = try client.values("\(base)/subnet-ipv6-cidr-blocks") { CIDR($0)?.network }
    let addresses = try client.values("\(base)/local-ipv4s") { IPAddress($0) }
    primary = addresses.first
    let prefixes = try client.values("\(base)/ipv4-prefix") { CIDR($0) }
    podAddresses = Self.ranges(addresses.dropFirst(), prefixes)
    let addresses6 = try client.values("\(base)/ipv6s") { IPAddress($0) }
    let prefixes6 = try client.values("\(base)/ipv6-prefix") { CIDR($0) }
    podAddresses6 = Self.ranges(addresses6[...], prefixes6)
  }

  /// A NIC has a first address of every family that it has a subnet of, and no address outside of its subnets.
  private var isWhole: Bool {
    (subnet == nil) == (primary == nil) && (podAddresses.isEmpty || subnet != nil)
      && podAddresses6.allSatisfy { range in subnets6.contains { $0.contains(range.lower) } }
  }

  /// All interfaces of the instance.
  /// - Throws: ``UserError`` when the service does not answer, or answers what cannot be read.
  package static func all(_ endpoint: MetadataEndpoint) throws(UserError) -> Listing {
    var client = try MetadataClient.open(endpoint)
    guard let macs = try client.lines("network/interfaces/macs/") else {
      throw UserError("the instance metadata service at \(endpoint) lists no network interfaces (status 404)")
    }
    var listing = Listing()
    for line in macs {
      let text = line.hasSuffix("/") ? String(line.dropLast()) : line
      guard let mac = MACAddress(text) else {
        throw UserError(
          "the instance metadata service at \(endpoint) lists \"\(text)\", which is no MAC address")
      }
      let base = "network/interfaces/macs/\(text)"
      guard let interface = try NetworkInterface(mac, base, &client) else {
        listing.detached.append(text)
        continue
      }
      if interface.isWhole {
        listing.interfaces.append(interface)
      } else {
        listing.partial.append("\(interface.id) (\(text))")
      }
    }
    listing.interfaces.sort { $0.deviceNumber < $1.deviceNumber }
    return listing
  }

  private static func ranges(_ addresses: ArraySlice<IPAddress>, _ prefixes: [CIDR]) -> [IPRange] {
    AddressSet(addresses.map { IPRange($0) } + prefixes.map { IPRange($0) }).ranges
  }
}
