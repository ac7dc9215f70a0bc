public import Addressing

/// What an allocator gives.
public struct Allocation: Sendable, Hashable {
  /// The addresses with their gateways.
  public var assignments: [AddressAssignment]
  /// The routes; one without a next hop takes the gateway of its family.
  public var routes: [IPRoute]
  /// Name service settings.
  public var dns: DNSConfiguration

  /// An allocation with these parts.
  public init(
    assignments: [AddressAssignment] = [], routes: [IPRoute] = [], dns: DNSConfiguration = DNSConfiguration()
  ) {
    self.assignments = assignments
    self.routes = routes
    self.dns = dns
  }
}
