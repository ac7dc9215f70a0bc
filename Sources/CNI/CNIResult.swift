public import Addressing

/// What an ADD or an IPAM plugin answers, independent of the version in which it is written
/// (CNI SPEC 1.1.0, "Success").
public struct CNIResult: Sendable, Hashable {
  /// An interface that was made.
  public struct Interface: Sendable, Hashable {
    /// Its name.
    public var name: String
    /// Its hardware address.
    public var mac: String?
    /// Its MTU in bytes; since 1.1.0.
    public var mtu: Int?
    /// The path of the namespace that it lies in; `nil` for the node's.
    public var sandbox: String?
    /// The socket of a userspace interface; since 1.1.0.
    public var socketPath: String?
    /// The PCI device; since 1.1.0.
    public var pciID: String?

    /// An interface by its name.
    public init(name: String, mac: String? = nil, mtu: Int? = nil, sandbox: String? = nil) {
      self.name = name
      self.mac = mac
      self.mtu = mtu
      self.sandbox = sandbox
    }
  }

  /// An address and the interface that has it.
  public struct IPConfiguration: Sendable, Hashable {
    /// The position in `interfaces`; `nil` when no interface is meant yet.
    public var interface: Int?
    /// The address with its gateway.
    public var assignment: AddressAssignment

    /// Pairs an address with an interface.
    public init(interface: Int? = nil, assignment: AddressAssignment) {
      self.interface = interface
      self.assignment = assignment
    }
  }

  /// The interfaces, in the order in which `ips` counts them.
  public var interfaces: [Interface]
  /// The addresses.
  public var ips: [IPConfiguration]
  /// The routes.
  public var routes: [IPRoute]
  /// Name service settings.
  public var dns: DNSConfiguration

  /// A result with these parts.
  public init(
    interfaces: [Interface] = [], ips: [IPConfiguration] = [], routes: [IPRoute] = [],
    dns: DNSConfiguration = DNSConfiguration()
  ) {
    self.interfaces = interfaces
    self.ips = ips
    self.routes = routes
    self.dns = dns
  }
}
