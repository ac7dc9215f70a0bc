/// An address with a prefix length, as in `172.31.16.4/24`.
///
/// It stands both for an interface address (host bits set) and for a network (`isNetwork`).
public struct CIDR: Sendable, Hashable, Comparable {
  /// The address as it was given, host bits kept.
  public let address: IPAddress
  /// The number of leading bits that name the network: 0 to 32, or 0 to 128.
  public let prefixLength: Int

  /// Makes a prefix; `nil` when the length is outside of the family's width.
  public init?(address: IPAddress, prefixLength: Int) {
    guard (0...address.family.bitWidth).contains(prefixLength) else { return nil }
    self.address = address
    self.prefixLength = prefixLength
  }

  /// The prefix that covers `address` alone: /32 or /128.
  public init(host address: IPAddress) {
    self.address = address
    prefixLength = address.family.bitWidth
  }

  /// The family of the address.
  public var family: IPFamily { address.family }

  /// The mask of the host bits, as a number.
  private var hostMask: UInt128 {
    let hostBits = family.bitWidth - prefixLength
    return hostBits == 128 ? .max : (1 << UInt128(hostBits)) - 1
  }

  /// The network's first address: host bits zero.
  public var firstAddress: IPAddress { IPAddress(family: family, value: address.value & ~hostMask) }

  /// The network's last address: host bits one (the broadcast address in IPv4).
  public var lastAddress: IPAddress { IPAddress(family: family, value: address.value | hostMask) }

  /// This prefix with its host bits cleared.
  public var network: CIDR { CIDR(firstAddress, prefixLength) }

  /// Everything of a family: the destination of its default route.
  public static func defaultRoute(of family: IPFamily) -> CIDR {
    CIDR(.unspecified(family), 0)
  }

  /// `fe80::/10`: the addresses that a link makes for itself.
  public static var linkLocal: CIDR { CIDR(IPAddress(family: .v6, value: 0xFE80 << 112), 10) }

  /// Whether the host bits are zero, so that the prefix names a network.
  public var isNetwork: Bool { address == firstAddress }

  /// `0.0.0.0/0` or `::/0`.
  public var isDefaultRoute: Bool { prefixLength == 0 }

  /// Whether the prefix covers one address only.
  public var isHost: Bool { prefixLength == family.bitWidth }

  /// Whether `other` lies inside of this network.
  public func contains(_ other: IPAddress) -> Bool {
    other.family == family && other.value & ~hostMask == firstAddress.value
  }

  /// Whether the two networks share an address.
  public func overlaps(_ other: CIDR) -> Bool {
    contains(other.firstAddress) || other.contains(firstAddress)
  }

  /// Another address with the prefix length of this one, as an interface in the network has it.
  public func interfaceAddress(_ address: IPAddress) -> CIDR {
    CIDR(address, min(prefixLength, address.family.bitWidth))
  }

  private init(_ address: IPAddress, _ prefixLength: Int) {
    self.address = address
    self.prefixLength = prefixLength
  }

  /// Orders as the type says.
  public static func < (left: CIDR, right: CIDR) -> Bool {
    left.address == right.address ? left.prefixLength < right.prefixLength : left.address < right.address
  }
}

extension CIDR: CustomStringConvertible, LosslessStringConvertible {
  /// Reads `address/length`, the length in decimal without sign or leading zeros.
  ///
  /// The length counts from the notation's first bit: `::ffff:10.0.0.1/120` is `10.0.0.1/24`. One that leaves no bit
  /// of an IPv4 network is refused.
  public init?(_ text: String) {
    guard let slash = text.utf8.lastIndex(of: UInt8(ascii: "/")) else { return nil }
    let length = text[text.index(after: slash)...]
    guard let address = IPAddress(String(text[..<slash])),
      let prefixLength = Int(length), String(prefixLength) == length
    else { return nil }
    guard address.family == .v4, text.utf8.contains(UInt8(ascii: ":")) else {
      self.init(address: address, prefixLength: prefixLength)
      return
    }
    let unusedBits = 96
    guard prefixLength > unusedBits else { return nil }
    self.init(address: address, prefixLength: prefixLength - unusedBits)
  }

  /// `address/length`.
  public var description: String { "\(address)/\(prefixLength)" }
}
