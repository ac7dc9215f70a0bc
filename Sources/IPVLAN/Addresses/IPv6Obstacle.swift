internal import Addressing
internal import CNI
internal import Netlink

/// What keeps IPv6 addresses from a link, whatever they are.
enum IPv6Obstacle {
  /// The least MTU of IPv6 in bytes (RFC 8200 section 5); the kernel gives a link with less no IPv6 at all.
  private static let leastMTU: UInt32 = 1280

  private static let otherwise = "take the IPv6 pools and ranges out of the network"

  /// Told before a link is made: of the kernel's answers afterwards none says the reason.
  ///
  /// - Parameters:
  ///   - families: those of the addresses.
  ///   - mtu: the link's, in bytes; `nil` when it is not known.
  /// - Throws: ``CNIError`` with code 105 that says what to do.
  static func refuse(_ families: some Sequence<IPFamily>, mtu: UInt32?) throws(CNIError) {
    guard families.contains(.v6) else { return }
    if let mtu, mtu < leastMTU {
      throw CNIError(
        code: .configurationRefused,
        message: "IPv6 addresses take an MTU of at least \(leastMTU); that of the pod's interface is \(mtu)",
        details: "raise the key \"mtu\" and the MTU of the master, or \(otherwise)")
    }
    if !IPFamily.v6.isSpokenByKernel {
      throw CNIError(
        code: .configurationRefused,
        message: "IPv6 is off in this node's kernel; the network has IPv6 addresses",
        details: "boot without ipv6.disable=1 and with the module ipv6, or \(otherwise)")
    }
  }
}
