public import Addressing
internal import CNetlink

/// A part of a rule, as the words of nft(8): a condition that the packet must meet, or what is done with it.
///
/// A rule is a list of statements; the first condition that is not met ends it.
public struct NetfilterStatement: Sendable, Hashable {
  /// Which way a packet goes in its connection.
  public enum Direction: UInt8, Sendable, Hashable {
    /// From the side that opened the connection.
    case original = 0
    /// To that side.
    case reply = 1
  }

  let expressions: [NetfilterExpression]

  /// `iif INDEX`: the packet came in by that link.
  public static func came(in link: Int32) -> Self {
    Self(expressions: [.meta(NFT_META_IIF), .equals(bytes(link))])
  }

  /// `iif != INDEX`: the packet came in by another link.
  public static func cameNot(in link: Int32) -> Self {
    Self(expressions: [.meta(NFT_META_IIF), .differs(bytes(link))])
  }

  /// `iif vmap @MAP`: the packet goes on by the chain of the link that it came in by.
  public static func came(inBy map: NetfilterVerdictMap) -> Self {
    Self(expressions: [.meta(NFT_META_IIF), .verdict(map: map.name)])
  }

  /// `oif vmap @MAP`: the packet goes on by the chain of the link that it leaves by.
  public static func leaves(by map: NetfilterVerdictMap) -> Self {
    Self(expressions: [.meta(NFT_META_OIF), .verdict(map: map.name)])
  }

  /// `oif INDEX`: the packet leaves by that link.
  public static func leaves(by link: Int32) -> Self {
    Self(expressions: [.meta(NFT_META_OIF), .equals(bytes(link))])
  }

  /// `oif != INDEX`: the packet leaves by another link.
  public static func leavesNot(by link: Int32) -> Self {
    Self(expressions: [.meta(NFT_META_OIF), .differs(bytes(link))])
  }

  /// `meta nfproto ipv4` or `meta nfproto ipv6`: the packet is of that family.
  public static func family(_ family: IPFamily) -> Self {
    Self(expressions: [.meta(NFT_META_NFPROTO), .equals([family.socketFamily])])
  }

  /// `ip saddr @SET` or `ip6 saddr @SET`: the packet's source is in a set of the table.
  public static func source(in set: NetfilterSet) -> Self {
    let header: NetfilterExpression =
      set.family == .v4 ? .networkHeader(offset: 12, length: 4) : .networkHeader(offset: 8, length: 16)
    return Self(expressions: family(set.family).expressions + [header, .isIn(set: set.name)])
  }

  /// `fib daddr type local`: the packet is for this node, by any of its addresses.
  public static let isForNode = Self(expressions: [.destinationKind, .equals(bytes(UInt32(RTN_LOCAL)))])

  /// `ct direction original` or `ct direction reply`.
  public static func direction(_ direction: Direction) -> Self {
    Self(expressions: [.connection(NFT_CT_DIRECTION), .equals([direction.rawValue])])
  }

  /// `ct status dnat`: the connection's destination was translated. The C constant is `IPS_DST_NAT`.
  public static let destinationIsTranslated = Self(expressions: [
    .connection(NFT_CT_STATUS), .bits(mask: 1 << 5, toggle: 0), .differs(bytes(UInt32(0))),
  ])

  /// `ct mark & MASK == VALUE`.
  public static func connectionMark(_ mark: NetfilterMark) -> Self {
    Self(expressions: [
      .connection(NFT_CT_MARK), .bits(mask: mark.mask, toggle: 0), .equals(bytes(mark.value)),
    ])
  }

  /// `ct mark & MASK vmap @MAP`: the packet goes on by the chain of its connection's mark.
  public static func connectionMark(mask: UInt32, in map: NetfilterVerdictMap) -> Self {
    Self(expressions: [.connection(NFT_CT_MARK), .bits(mask: mask, toggle: 0), .verdict(map: map.name)])
  }

  /// `ct mark set ct mark & ~MASK | VALUE`: other bits stay.
  public static func setConnectionMark(_ mark: NetfilterMark) -> Self {
    Self(expressions: [
      .connection(NFT_CT_MARK), .bits(mask: ~mark.mask, toggle: mark.value), .setConnection(NFT_CT_MARK),
    ])
  }

  /// `meta mark set meta mark & ~MASK | VALUE`: other bits stay.
  public static func setPacketMark(_ mark: NetfilterMark) -> Self {
    Self(expressions: [
      .meta(NFT_META_MARK), .bits(mask: ~mark.mask, toggle: mark.value), .setMeta(NFT_META_MARK),
    ])
  }

  /// `meta mark & MASK == VALUE`.
  public static func packetMark(_ mark: NetfilterMark) -> Self {
    Self(expressions: [
      .meta(NFT_META_MARK), .bits(mask: mark.mask, toggle: 0), .equals(bytes(mark.value)),
    ])
  }

  /// `notrack`: connection tracking, and with it translation, leaves the packet alone.
  public static let untrack = Self(expressions: [.untrack])

  /// `drop`: the packet ends here.
  public static let drop = Self(expressions: [.drop])

  /// `masquerade`: the packet gets an address of the node as its source.
  public static let masquerade = Self(expressions: [.masquerade])

  private static func bytes(_ number: some FixedWidthInteger & BitwiseCopyable) -> [UInt8] {
    (0..<number.bitWidth / 8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
  }
}

/// A value in some of the bits of a mark, so that others can use the rest.
public struct NetfilterMark: Sendable, Hashable {
  /// The bits, all of them inside of the mask.
  public let value: UInt32
  /// The bits that the value may use.
  public let mask: UInt32

  /// Bits of `value` outside of `mask` are dropped.
  public init(value: UInt32, mask: UInt32) {
    self.value = value & mask
    self.mask = mask
  }
}
