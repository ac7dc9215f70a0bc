/// The guide's two nodes: their NICs and the addresses that the cloud has given to each, with IPv6 as AWS gives it.
public enum CloudSite {
  /// An elastic network interface.
  public struct NIC: Sendable, Hashable {
    /// The node that it is attached to.
    public let node: String
    /// Its name on the node.
    public let name: String
    /// Its Ethernet address.
    public let mac: String
    /// The node's own addresses on it.
    public let own: Addresses
    /// The gateways of its subnets.
    public let gateway: Addresses
    /// The IPv4 prefix length of its subnet; that of IPv6 is 64.
    public let prefixLength: Int
    /// The secondary addresses: those of pods.
    public let secondary: [Addresses]

    /// The VPC's end of the wire.
    var wire: String { "\(node.prefix(1))-\(name)" }
    /// All addresses that the NIC has.
    var all: [Addresses] { [own] + secondary }
  }

  /// An address of each family.
  public struct Addresses: Sendable, Hashable {
    /// The IPv4 address.
    public let v4: String
    /// The IPv6 address.
    public let v6: String

    /// Both.
    public var both: [String] { [v4, v6] }

    /// The one of that family.
    public subscript(isIPv6 isIPv6: Bool) -> String { isIPv6 ? v6 : v4 }
  }

  /// The four NICs, each node's ens5 first.
  public static let nics: [NIC] = [
    nic("master", "ens5", 0x51, "172.31.22.228", 20, "172.31.16", 4...8, "2600:1f:5::"),
    nic("master", "ens6", 0x61, "210.22.16.10", 24, "210.22.16", 11...15, "2600:1f:6::"),
    nic("worker1", "ens5", 0x52, "180.17.16.17", 24, "180.17.16", 11...15, "2600:1f:15::"),
    nic("worker1", "ens6", 0x62, "210.22.32.10", 24, "210.22.32", 11...15, "2600:1f:16::"),
  ]

  /// A NIC of a node.
  public static func nic(_ node: String, _ name: String) throws -> NIC {
    guard let nic = nics.first(where: { $0.node == node && $0.name == name }) else {
      throw SupportError("\(node) has no \(name)")
    }
    return nic
  }

  /// A host of the VPC that is no node.
  public static let neighbour = Addresses(v4: "172.31.1.30", v6: "2600:1f:1::30")
  /// A host of the Internet.
  public static let internet = Addresses(v4: "203.0.113.100", v6: "2001:db8::100")
  /// The public address of the load balancer; its ports lead to pods.
  public static let loadBalancer = "203.0.113.80"

  private static func nic(
    _ node: String, _ name: String, _ number: Int, _ own: String, _ length: Int, _ net: String,
    _ pods: ClosedRange<Int>, _ net6: String
  ) -> NIC {
    NIC(
      node: node, name: name, mac: "02:00:00:00:00:\(String(number, radix: 16))",
      own: Addresses(v4: own, v6: "\(net6)a"), gateway: Addresses(v4: "\(net).1", v6: "fe80:ec2::1"),
      prefixLength: length,
      secondary: pods.map { Addresses(v4: "\(net).\($0)", v6: "\(net6)\(String($0 + 16, radix: 16))") })
  }
}
