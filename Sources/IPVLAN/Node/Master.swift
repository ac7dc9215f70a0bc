internal import Addressing
package import CNI
package import Netlink
internal import Platform

/// Finding the parent link and judging whether it can carry ipvlan slaves.
package enum Master {
  /// The link that the configuration means.
  /// - Throws: ``CNIError`` with code 100 that says what is missing and where to look.
  package static func find(
    _ master: PluginConfiguration.Master, through socket: inout NetlinkSocket
  ) throws(CNIError) -> Link {
    let link: Link?
    do throws(NetlinkError) {
      switch master {
      case .name(let name): link = try socket.link(named: name)
      case .mac(let mac):
        // Slaves of ipvlan and macvlan share or imitate the address; the NIC has no kind, a bond "bond".
        let candidates = try socket.links().filter { $0.mac == mac && !$0.isIPVLAN && $0.kind != "macvlan" }
        link = candidates.first { $0.controllerIndex == nil } ?? candidates.first
      case .defaultRoute:
        if let index = try socket.defaultRouteLinkIndex() {
          link = try socket.link(index: index)
        } else {
          link = nil
        }
      }
    } catch {
      throw CNIError(.masterUnusable, "cannot look up the master", error)
    }
    guard let link else { throw missing(master) }
    return link
  }

  /// Whether ipvlan links can stand on `link` with the wanted MTU.
  /// - Throws: ``CNIError`` with code 100 that names the link and what is wrong with it.
  package static func validate(_ link: Link, mtu: UInt32?) throws(CNIError) {
    if !link.isEthernet || link.isLoopback {
      throw unusable(link, "is not an Ethernet device", "choose a NIC, a VLAN or a bond (ip -br link)")
    }
    if let kind = link.kind, ["ipvlan", "macvlan", "ipvtap", "macvtap"].contains(kind) {
      throw unusable(
        link, "is itself a link of kind \(kind)", "name the NIC that it stands on (ip -d link show)")
    }
    if !link.isUp {
      throw unusable(link, "is down", "run: \("ip link set dev \(link.name) up" as ShellCommand)")
    }
    if let mtu, mtu > link.mtu {
      throw unusable(
        link, "has MTU \(link.mtu), less than the MTU \(mtu) that is asked for",
        "lower the key \"mtu\", or run: \("ip link set dev \(link.name) mtu \(mtu)" as ShellCommand)")
    }
  }

  private static func missing(_ master: PluginConfiguration.Master) -> CNIError {
    switch master {
    case .name(let name):
      CNIError(
        code: .masterUnusable, message: "master \"\(name)\" is not a link of this node",
        details: "run: ip -br link")
    case .mac(let mac):
      CNIError(
        code: .masterUnusable, message: "no link of this node has the MAC address of master \"\(mac)\"",
        details: "run: ip -br link")
    case .defaultRoute:
      CNIError(
        code: .masterUnusable,
        message: "no master is configured, and the node has no default route to take it from",
        details: "set the key \"master\", or add a default route (ip route show default)")
    }
  }

  private static func unusable(_ link: Link, _ problem: String, _ advice: String) -> CNIError {
    CNIError(code: .masterUnusable, message: "master \(link.name) \(problem)", details: advice)
  }
}
