package import Addressing

/// What an ADD or an IPAM plugin answers, independent of the version in which it is written
/// (CNI SPEC 1.1.0, "Success").
package struct CNIResult: Sendable, Hashable {
  /// An interface that was made.
  package struct Interface: Sendable, Hashable {
    /// Its name.
    package var name: String
    /// Its hardware address.
    package var mac: String?
    /// Its MTU in bytes; since 1.1.0.
    package var mtu: Int?
    /// The path of the namespace that it lies in; `nil` for the node's.
    package var sandbox: String?
    /// The socket of a userspace interface; since 1.1.0.
    package var socketPath: String?
    /// The PCI device; since 1.1.0.
    package var pciID: String?

    /// An interface by its name.
    package init(name: String, mac: String? = nil, mtu: Int? = nil, sandbox: String? = nil) {
      self.name = name
      self.mac = mac
      self.mtu = mtu
      self.sandbox = sandbox
    }
  }

  /// An address and the interface that has it.
  package struct IPConfiguration: Sendable, Hashable {
    /// The position in `interfaces`; `nil` when no interface is meant yet.
    package var interface: Int?
    /// The address with its gateway.
    package var assignment: AddressAssignment

    /// Pairs an address with an interface.
    package init(interface: Int? = nil, assignment: AddressAssignment) {
      self.interface = interface
      self.assignment = assignment
    }
  }

  /// The interfaces, in the order in which `ips` counts them.
  package var interfaces: [Interface]
  /// The addresses.
  package var ips: [IPConfiguration]
  /// The routes.
  package var routes: [IPRoute]
  /// Name service settings.
  package var dns: DNSConfiguration

  /// A result with these parts.
  package init(
    interfaces: [Interface] = [], ips: [IPConfiguration] = [], routes: [IPRoute] = [],
    dns: DNSConfiguration = DNSConfiguration()
  ) {
    self.interfaces = interfaces
    self.ips = ips
    self.routes = routes
    self.dns = dns
  }
}
