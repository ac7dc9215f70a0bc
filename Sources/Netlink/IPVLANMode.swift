/// How an ipvlan master forwards; the mode belongs to the master, so that all of its slaves share it.
public struct IPVLANMode: RawRepresentable, Sendable, Hashable {
  /// The number that the kernel uses, `IFLA_IPVLAN_MODE`.
  public let rawValue: UInt16
  /// A mode by the kernel's number.
  public init(rawValue: UInt16) { self.rawValue = rawValue }

  /// Switched at layer 2, with ARP and multicast. The corresponding C constant is `IPVLAN_MODE_L2`.
  public static let l2 = IPVLANMode(rawValue: 0)
  /// Routed in the master's namespace on the way out only. The C constant is `IPVLAN_MODE_L3`.
  public static let l3 = IPVLANMode(rawValue: 1)
  /// As `l3`, and passing the host's netfilter on the way in (Linux 4.9). The C constant is `IPVLAN_MODE_L3S`.
  public static let l3s = IPVLANMode(rawValue: 2)
}

extension IPVLANMode: CustomStringConvertible, LosslessStringConvertible, CaseIterable {
  /// The modes that the kernel knows.
  public static let allCases: [IPVLANMode] = [.l2, .l3, .l3s]

  /// Reads `l2`, `l3`, `l3s`.
  public init?(_ description: String) {
    guard let mode = Self.allCases.first(where: { $0.description == description }) else { return nil }
    self = mode
  }

  /// `l2`, `l3`, `l3s`; the number of a mode that came after them.
  public var description: String {
    switch self {
    case .l2: "l2"
    case .l3: "l3"
    case .l3s: "l3s"
    default: "mode \(rawValue)"
    }
  }
}

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
