internal import Addressing
internal import Netlink
internal import Platform

/// The node's own addresses, and which of them it cannot do without.
struct NodeAddresses: Sendable {
  /// All of them.
  let all: [InterfaceAddress]
  private let names: [Int32: String]
  private let primaries: Set<IPAddress>

  /// - Parameter primaries: those that the cloud has given to the node itself.
  init(_ addresses: [InterfaceAddress], links: [Link], primaries: [IPAddress] = []) {
    all = addresses
    names = Dictionary(links.map { ($0.index, $0.name) }) { first, _ in first }
    self.primaries = Set(primaries)
  }

  /// The name of the link that has an address.
  func link(of address: InterfaceAddress) -> String { names[address.linkIndex] ?? "?" }

  /// The command that takes an address from the node; `nil` for one without which the node is cut off.
  func removal(of address: InterfaceAddress) -> ShellCommand? {
    isNeeded(address) ? nil : "ip address delete \(address.address) dev \(link(of: address))"
  }

  /// The cloud's own, the first of the link, or the first of a network: the source of the connected route, with which
  /// the kernel removes the others of that network. It lists a link's addresses in that order.
  private func isNeeded(_ address: InterfaceAddress) -> Bool {
    let own = address.address
    let onLink = all.filter {
      $0.linkIndex == address.linkIndex && $0.address.family == own.family
        && !$0.address.address.isLinkLocal
    }.map(\.address)
    return primaries.contains(own.address) || onLink.first == own
      || (!own.isHost && onLink.first { $0.network == own.network } == own)
  }
}
