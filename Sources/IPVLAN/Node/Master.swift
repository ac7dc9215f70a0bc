internal import Addressing
package import CNI
package import Netlink
internal import Platform

/// Finding the parent link and judging whether it can carry ipvlan slaves.
package enum Master {
  /// As ``find(_:through:)``, in the namespace that the thread is in.
  package static func find(_ master: PluginConfiguration.Master) throws(CNIError) -> Link {
    var socket: NetlinkSocket
    do throws(NetlinkError) { socket = try NetlinkSocket() } catch {
      throw CNIError(.masterUnusable, "cannot look up the master", error)
    }
    return try find(master, through: &socket)
  }

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

  /// Why a link cannot carry ipvlan links.
  package enum Objection: Hashable {
    /// It is not an Ethernet device.
    case notEthernet
    /// It is itself a link of this kind, on another link.
    case slave(kind: String)
    /// It is down.
    case down
    /// It has a lower MTU than this one, which is wanted.
    case lessThan(mtu: UInt32)
  }

  /// Everything that keeps ipvlan links with the wanted MTU from a link, the worst first.
  package static func objections(to link: Link, mtu: UInt32?) -> [Objection] {
    var objections: [Objection] = []
    if !link.isEthernet || link.isLoopback { objections.append(.notEthernet) }
    if let kind = link.kind, ["ipvlan", "macvlan", "ipvtap", "macvtap"].contains(kind) {
      objections.append(.slave(kind: kind))
    }
    if !link.isUp { objections.append(.down) }
    if let mtu, mtu > link.mtu { objections.append(.lessThan(mtu: mtu)) }
    return objections
  }

  /// Refuses a link that cannot carry ipvlan links with the wanted MTU.
  /// - Throws: ``CNIError`` with code 100 that names the link and what is wrong with it.
  package static func validate(_ link: Link, mtu: UInt32?) throws(CNIError) {
    switch objections(to: link, mtu: mtu).first {
    case .notEthernet:
      throw unusable(link, "is not an Ethernet device", "choose a NIC, a VLAN or a bond (ip -br link)")
    case .slave(let kind):
      throw unusable(
        link, "is itself a link of kind \(kind)", "name the NIC that it stands on (ip -d link show)")
    case .down: throw unusable(link, "is down", "run: \("ip link set dev \(link.name) up" as ShellCommand)")
    case .lessThan(let mtu):
      throw unusable(
        link, "has MTU \(link.mtu), less than the MTU \(mtu) that is asked for",
        "lower the key \"mtu\", or run: \("ip link set dev \(link.name) mtu \(mtu)" as ShellCommand)")
    case nil: break
    }
  }

  private static func missing(_ master: PluginConfiguration.Master) -> CNIError {
    switch master {
    case .name(let name):
      CNIError(
        code: .masterUnusable, message: "master \"\(name)\" is not a link of this node",
        details: "set the key \"master\" to one of: ip -br link")
    case .mac(let mac):
      CNIError(
        code: .masterUnusable, message: "no link of this node has the MAC address of master \"\(mac)\"",
        details: "set the key \"master\" to one of: ip -br link")
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
