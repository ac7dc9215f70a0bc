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
