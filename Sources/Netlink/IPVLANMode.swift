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
