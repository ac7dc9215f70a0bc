internal import Netlink

/// Every object that host access creates carries one of these numbers, and nothing else on the node does.
package enum HostAccessNumbers {
  /// The protocol number of its routes and rules (`ip route show proto 118`).
  package static let routeProtocol: UInt8 = 118

  /// Masters are numbered 1 to 31, as far as the bits of a mark reach.
  static let range: ClosedRange<UInt32> = 1...31

  /// The bits of packet and connection marks that hold a master's number. kube-proxy uses 0xC000, Cilium
  /// 0xFF00, Amazon's plugin 0x80, Tailscale 0xFF0000.
  static let markMask: UInt32 = 0x1F00_0000

  /// The mark that stands for a master.
  static func mark(_ number: UInt32) -> NetfilterMark {
    NetfilterMark(value: number << 24, mask: markMask)
  }

  /// The mark of a packet that was redirected from the host-side slave into the master.
  static let redirected = NetfilterMark(value: 0x2000_0000, mask: 0x2000_0000)

  /// The mark of a pod's packet that is for the node itself, by whatever address the node has at that moment.
  static let forNode = NetfilterMark(value: 0x4000_0000, mask: 0x4000_0000)

  /// The table with the way out of a master.
  static func table(_ number: UInt32) -> UInt32 { tableBase + number }

  /// The master that a table stands for.
  static func number(ofTable table: UInt32) -> UInt32? {
    guard table > tableBase, range.contains(table - tableBase) else { return nil }
    return table - tableBase
  }

  private static let tableBase: UInt32 = 4100

  /// The places of its rules: after the local table (0), before main (32766).
  enum Priority {
    /// Pods are reached by their host routes, whatever else says where their network is.
    static let hostRoutes: UInt32 = 400
    /// A connection stays on the NIC that it began on.
    static let mark: UInt32 = 450
    /// Packets of pods leave by their own NIC.
    static let master: UInt32 = 500
    /// Packets of the node leave by the NIC that has their source address.
    static let source: UInt32 = 501
  }
}
