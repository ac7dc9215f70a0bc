public import Addressing

/// What an allocator gives.
public struct Allocation: Sendable, Hashable {
  /// The addresses with their gateways.
  public var assignments: [AddressAssignment]
  /// The routes; one without a next hop takes the gateway of its family.
  public var routes: [IPRoute]
  /// Name service settings.
  public var dns: DNSConfiguration

  /// Faults of the configuration that did not keep the allocator from giving addresses.
  public var remarks: [String] = []
  /// Addresses of the pools that were passed over, since somebody has them.
  public var passedOver: [OccupiedAddresses.Entry] = []

  /// What this call took; addresses that the attachment held before are not among them.
  public var claims: [Claim] = []

  /// An address that a call of `allocate` took, as that call left its lease.
  ///
  /// Two calls for one attachment may run at once: one takes the address, the other finds it held. Whichever of
  /// the two fails, the address is the other's. So a later call for a held address leaves another mark, and
  /// `undo` gives back only what still has the mark of its own call.
  public struct Claim: Sendable, Hashable {
    /// The address.
    public let address: IPAddress
    /// What no other call writes into the same lease.
    public let mark: Int

    /// Names a lease by its address and the mark that the call left in it.
    public init(address: IPAddress, mark: Int) {
      self.address = address
      self.mark = mark
    }
  }

  /// An allocation with these parts.
  public init(
    assignments: [AddressAssignment] = [], routes: [IPRoute] = [], dns: DNSConfiguration = DNSConfiguration()
  ) {
    self.assignments = assignments
    self.routes = routes
    self.dns = dns
  }
}
