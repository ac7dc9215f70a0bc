package import Addressing
package import Netlink
package import Platform

/// A part of host access that does not work on this node, since the kernel lacks a piece or a setting of the
/// node's stands against it.
package struct HostAccessShortfall: Sendable, Hashable, CustomStringConvertible {
  /// What does not work, and why.
  package let problem: String
  /// The command that mends it.
  package let remedy: ShellCommand

  /// Problem and remedy in one sentence.
  package var description: String { "\(problem) (run: \(remedy))" }

  /// The shortfalls for a master, found without changing anything.
  ///
  /// - Parameter families: those that the master's pods have.
  package static func all(of master: Link, families: Set<IPFamily> = [.v4]) -> [HostAccessShortfall] {
    [filter(of: master)].compactMap { $0 } + (families.contains(.v4) ? ipv4(master) : [])
      + (families.contains(.v6) ? ipv6() : [])
  }

  /// That pods without host access are not kept from the node and from Services; `nil` where they can be.
  package static func ofFence() -> HostAccessShortfall? {
    netfilterProblem().map { reason in
      HostAccessShortfall(
        problem: "nothing keeps pods without hostAccess from the node and from Services: \(reason)",
        remedy: "modprobe -a nf_tables nft_ct nft_fib_inet")
    }
  }

  /// Why there is no nftables; `nil` where there is.
  private static func netfilterProblem() -> String? {
    do throws(NetlinkError) {
      return try NetfilterSocket.isPresent() ? nil : "the kernel has no nftables (nf_tables)"
    } catch {
      return "the kernel refuses nftables, \(error)"
    }
  }

  private static func filter(of master: Link) -> HostAccessShortfall? {
    netfilterProblem().map { reason in
      HostAccessShortfall(
        problem:
          "pods on \(master.name) reach neither Services nor the node's addresses on other links: "
          + reason,
        remedy: "modprobe -a nf_tables nft_chain_nat nft_ct nft_fib_inet nft_masq")
    }
  }

  private static func ipv4(_ master: Link) -> [HostAccessShortfall] {
    var shortfalls = shortfall(
      where: "net/ipv4/ip_forward", is: 0,
      HostAccessShortfall(
        problem: "the node does not forward IPv4: node ports, and Services whose backend is on this node, "
          + "do not work", remedy: "sysctl -w net.ipv4.ip_forward=1"))
    // The strictest of "all" and the link's own counts. Connections to node ports of a second NIC, and those
    // that are translated twice, arrive by another link than the route back would take.
    for link in ["all", master.name] {
      shortfalls += shortfall(
        where: "net/ipv4/conf/\(link)/rp_filter", is: 1,
        HostAccessShortfall(
          problem: "strict reverse path filtering on \(link) drops connections to node ports of a second NIC",
          remedy: "sysctl -w net.ipv4.conf.\(link).rp_filter=2"))
    }
    return shortfalls
  }

  private static func ipv6() -> [HostAccessShortfall] {
    shortfall(
      where: "net/ipv6/conf/all/forwarding", is: 0,
      HostAccessShortfall(
        problem: "the node does not forward IPv6: node ports, and Services whose backend is on this node, do "
          + "not work", remedy: "sysctl -w net.ipv6.conf.all.forwarding=1"))
  }

  /// The shortfall, if the setting has that value. One that is there and cannot be read is a shortfall, too.
  private static func shortfall(
    where setting: String, is value: Int, _ shortfall: HostAccessShortfall
  ) -> [HostAccessShortfall] {
    do throws(Errno) {
      let bytes = try Files.read("/proc/sys/\(setting)", limit: 64)
      return Int(String(decoding: bytes.prefix { $0 != 0x0A }, as: UTF8.self)) == value ? [shortfall] : []
    } catch .noSuchFileOrDirectory {
      return []
    } catch {
      return [
        HostAccessShortfall(
          problem: "the node's setting \(setting) cannot be read: \(error)",
          remedy: "cat \("/proc/sys/\(setting)")")
      ]
    }
  }
}
