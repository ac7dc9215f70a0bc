/// An address that an allocator has given to an interface.
public struct AddressAssignment: Sendable, Hashable {
  /// The address with the prefix length of its subnet.
  public var address: CIDR
  /// The subnet's gateway; alone it makes no default route.
  public var gateway: IPAddress?

  /// Pairs an address with its gateway.
  public init(address: CIDR, gateway: IPAddress? = nil) {
    self.address = address
    self.gateway = gateway
  }
}
