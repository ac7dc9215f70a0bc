/// The two address families of IP.
public enum IPFamily: UInt8, Sendable, Hashable, CaseIterable, Comparable {
  /// IPv4; the corresponding C constant is `AF_INET`.
  case v4 = 4
  /// IPv6; the corresponding C constant is `AF_INET6`.
  case v6 = 6

  /// The width of an address in bits: 32 or 128.
  public var bitWidth: Int { self == .v4 ? 32 : 128 }

  /// Orders as the type says.
  public static func < (left: IPFamily, right: IPFamily) -> Bool { left.rawValue < right.rawValue }
}

/// One IPv4 or IPv6 address, without a prefix length, port or zone.
///
/// Addresses order by family, then by value, so that a sorted list reads as people expect.
public struct IPAddress: Sendable, Hashable, Comparable {
  /// The family that the value belongs to.
  public let family: IPFamily
  /// The address as a number, the first byte on the wire being the most significant.
  public let value: UInt128

  /// Makes an address from its number; bits beyond the family's width are dropped.
  public init(family: IPFamily, value: UInt128) {
    self.family = family
    self.value = family == .v4 ? value & 0xFFFF_FFFF : value
  }

  /// Makes an address from its bytes in network order: 4 of them or 16, else `nil`.
  @inlinable public init?(bytes: some Collection<UInt8>) {
    // Inlinable, since the compiler then knows the collection's type; generic code asks the runtime for it.
    let family: IPFamily
    switch bytes.count {
    case 4: family = .v4
    case 16: family = .v6
    default: return nil
    }
    self.init(family: family, value: bytes.reduce(0) { $0 << 8 | UInt128($1) })
  }

  /// `0.0.0.0` or `::`.
  public static func unspecified(_ family: IPFamily) -> IPAddress { IPAddress(family: family, value: 0) }

  /// The bytes in network order.
  public var bytes: [UInt8] {
    stride(from: family.bitWidth - 8, through: 0, by: -8).map { UInt8(truncatingIfNeeded: value >> $0) }
  }

  /// The address after this one, or `nil` after the family's last.
  public var successor: IPAddress? {
    let last: UInt128 = family == .v4 ? 0xFFFF_FFFF : .max
    return value == last ? nil : IPAddress(family: family, value: value + 1)
  }

  /// The address before this one, or `nil` before the family's first.
  public var predecessor: IPAddress? {
    value == 0 ? nil : IPAddress(family: family, value: value - 1)
  }

  /// `127.0.0.0/8` or `::1`.
  public var isLoopback: Bool { family == .v4 ? value >> 24 == 127 : value == 1 }

  /// `224.0.0.0/4` or `ff00::/8`.
  public var isMulticast: Bool { family == .v4 ? value >> 28 == 0xE : value >> 120 == 0xFF }

  /// `fe80::/10`: each link has such an address of its own, which the kernel makes.
  ///
  /// `169.254.0.0/16` is none of them. Linux knows no difference between it and other addresses, nobody but a person or
  /// an allocator gives one, and they are used across links: cluster DNS caches answer at 169.254.20.10.
  public var isLinkLocal: Bool { CIDR.linkLocal.contains(self) }

  /// Orders as the type says.
  public static func < (left: IPAddress, right: IPAddress) -> Bool {
    left.family == right.family ? left.value < right.value : left.family < right.family
  }
}
