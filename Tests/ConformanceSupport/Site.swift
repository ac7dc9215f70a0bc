/// The addresses of the guide's node "master" and of what is around it.
///
/// IPv6 is added as AWS does it: the gateway is `fe80:ec2::1` on every subnet.
public enum Site {
  /// A NIC of the node and its subnet.
  public struct NIC: Sendable {
    /// The link's name on the node.
    public let name: String
    /// Its Ethernet address.
    public let mac: String
    /// The node's own addresses on it, with prefix lengths; the link-local one is that of the MAC.
    public let addresses: [String]
    /// The subnet's gateways, with prefix lengths.
    public let gateways: [String]
    /// The secondary addresses that the cloud has given to the NIC: those of pods.
    public let podAddresses: [String]
    /// As `podAddresses`.
    public let podAddresses6: [String]
    /// The subnet's IPv4 prefix length.
    public let prefixLength: Int

    /// The gateway, without prefix length.
    public var gateway: String { String(gateways[0].prefix { $0 != "/" }) }
    /// A gateway inside of the IPv6 subnet.
    public var gateway6: String { String(gateways[1].prefix { $0 != "/" }) }
    /// The fabric's end of the wire.
    var wire: String { "to-\(name)" }
  }

  /// The first NIC, which has the node's default route.
  public static let ens5 = NIC(
    name: "ens5", mac: "0a:00:00:00:05:e4",
    addresses: ["172.31.22.228/20", "2001:db8:5::e4/64", "fe80::800:ff:fe00:5e4/64"],
    gateways: ["172.31.16.1/20", "2001:db8:5::1/64"],
    podAddresses: (4...8).map { "172.31.16.\($0)" },
    podAddresses6: (4...8).map { "2001:db8:5::\($0)" }, prefixLength: 20)
  /// The second NIC.
  public static let ens6 = NIC(
    name: "ens6", mac: "0a:00:00:00:06:0a",
    addresses: ["210.22.16.10/24", "2001:db8:6::a/64", "fe80::800:ff:fe00:60a/64"],
    gateways: ["210.22.16.1/24", "2001:db8:6::1/64"],
    podAddresses: (11...15).map { "210.22.16.\($0)" },
    podAddresses6: (11...15).map { "2001:db8:6::\($0)" }, prefixLength: 24)

  /// Jumbo frames, as AWS's network has them.
  public static let mtu = 9001
  /// The IPv6 gateway of every subnet.
  public static let linkLocalGateway = "fe80:ec2::1"
  /// A machine behind the fabric, reached over a default route.
  public static let outside = "192.0.2.1"
  /// As `outside`.
  public static let outside6 = "2001:db8:ffff::1"

  /// Commands of `ip -batch` for the fabric: a router that, like a cloud's network, knows which NIC owns an
  /// address, and therefore need not ask for it.
  static func fabricCommands(node: String) -> String {
    var lines = ["link set lo up", "addr add \(outside)/32 dev lo", "addr add \(outside6)/128 dev lo nodad"]
    for nic in [ens5, ens6] {
      lines += [
        "link add \(nic.wire) mtu \(mtu) type veth peer name \(nic.name) address \(nic.mac) mtu \(mtu) netns \(node)",
        "link set \(nic.wire) up",
      ]
      lines += (nic.gateways + ["\(linkLocalGateway)/64"]).map { "addr add \($0) dev \(nic.wire) nodad" }
      lines += (nic.podAddresses + nic.podAddresses6).map {
        "neigh add \($0) lladdr \(nic.mac) dev \(nic.wire) nud permanent"
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// Commands of `ip -batch` for the node.
  static let nodeCommands: String = {
    var lines = ["link set lo up"]
    for nic in [ens5, ens6] {
      lines.append("link set \(nic.name) up")
      lines += nic.addresses.map { "addr add \($0) dev \(nic.name) nodad" }
    }
    lines += [
      "route add default via \(ens5.gateway) dev ens5",
      "route add ::/0 via \(linkLocalGateway) dev ens5",
    ]
    return lines.joined(separator: "\n") + "\n"
  }()
}
