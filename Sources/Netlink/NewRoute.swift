public import Addressing

/// A route that is to be added.
public struct NewRoute: Sendable, Hashable {
  /// Destination, next hop and attributes.
  public let route: IPRoute
  /// Whether the next hop is taken to be on the link although no prefix covers it.
  public let isOnLink: Bool

  /// Pairs a route with how its next hop is reached.
  public init(_ route: IPRoute, isOnLink: Bool = false) {
    self.route = route
    self.isOnLink = isOnLink
  }
}

extension IPAddress {
  /// Whether a route by this gateway must say that it is on the link (`onlink`).
  ///
  /// A gateway outside of every prefix is taken to be on the link, as clouds have it. The kernel knows that an IPv6
  /// link-local gateway is.
  ///
  /// - Parameter addresses: those of the interface, with their prefixes.
  public func isOnLink(beside addresses: [CIDR]) -> Bool {
    !isLinkLocal && !addresses.contains { $0.contains(self) }
  }
}
