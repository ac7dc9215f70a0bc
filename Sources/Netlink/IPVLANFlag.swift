/// Who the slaves of a master may talk to directly; it belongs to the master as well.
public struct IPVLANFlag: RawRepresentable, Sendable, Hashable {
  /// The number that the kernel uses, `IFLA_IPVLAN_FLAGS` (Linux 4.15).
  public let rawValue: UInt16
  /// A flag by the kernel's number.
  public init(rawValue: UInt16) { self.rawValue = rawValue }

  /// Slaves reach each other inside of the master: no flag at all.
  public static let bridge = IPVLANFlag(rawValue: 0)
  /// Slaves do not reach each other. The corresponding C constant is `IPVLAN_F_PRIVATE`.
  public static let `private` = IPVLANFlag(rawValue: 1)
  /// Slaves reach each other by way of the switch outside. The C constant is `IPVLAN_F_VEPA`.
  public static let vepa = IPVLANFlag(rawValue: 2)
}

extension IPVLANFlag: CustomStringConvertible, LosslessStringConvertible, CaseIterable {
  /// The flags that the kernel knows; it refuses two at once.
  public static let allCases: [IPVLANFlag] = [.bridge, .private, .vepa]

  /// Reads `bridge`, `private`, `vepa`.
  public init?(_ description: String) {
    guard let flag = Self.allCases.first(where: { $0.description == description }) else { return nil }
    self = flag
  }

  /// `bridge`, `private`, `vepa`; the number of anything else.
  public var description: String {
    switch self {
    case .bridge: "bridge"
    case .private: "private"
    case .vepa: "vepa"
    default: "flags \(rawValue)"
    }
  }
}
