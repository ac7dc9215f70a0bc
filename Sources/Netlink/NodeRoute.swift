public import Addressing

/// A route of the node itself that carries the number of the routing protocol that made it, so that its maker
/// finds it again and nobody else takes it for theirs.
public struct NodeRoute: Sendable, Hashable {
  /// Destination, next hop and table.
  public let route: IPRoute
  /// The link that it leads out of.
  public let linkIndex: Int32
  /// Delivers to the node itself instead of forwarding (`RTN_LOCAL`).
  public let isLocal: Bool
  /// Whether the next hop is taken to be on the link although no prefix covers it.
  public let isOnLink: Bool

  /// Describes a route.
  public init(_ route: IPRoute, outOf linkIndex: Int32, isLocal: Bool = false, isOnLink: Bool = false) {
    self.route = route
    self.linkIndex = linkIndex
    self.isLocal = isLocal
    self.isOnLink = isOnLink
  }
}
