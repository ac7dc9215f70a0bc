internal import Addressing
internal import IPVLAN
internal import Netlink
internal import Platform

/// Where pods have access from the node, all of it must stand.
struct HostAccessInspection: Check {
  static func findings(_ examination: Examination) -> [Finding] {
    examination.inventory.masters.flatMap { findings($0, examination) } + stale(examination)
  }

  /// The pods of a master that have access from the node.
  static func pods(of master: Link, _ examination: Examination) -> [NodeLink] {
    examination.podLinks.filter {
      $0.master?.index == master.index && (examination.keys(of: $0)?.hasHostAccess ?? false)
    }
  }

  private static func findings(_ master: Link, _ examination: Examination) -> [Finding] {
    let pods = pods(of: master, examination)
    let addresses = pods.flatMap(\.hosts)
    guard !addresses.isEmpty, var node = try? NetlinkSocket() else { return [] }
    let check = HostAccessCheck(
      on: master, addresses: addresses, gateways: pods.flatMap { $0.cached?.gateways ?? [] },
      strangers: strangers(examination))
    let differences = (try? check.differences(&node)) ?? []
    let incomplete = differences.map { difference in
      Finding(
        .hostAccessIncomplete, difference.problem,
        consequence: "the node and pods on \(master.name) do not reach each other, or Services do not work",
        remedy: difference.remedy,
        fix: difference.isMendable ? .restoreHostAccess(master: master.name) : nil)
    }
    let shortfalls = HostAccessShortfall.all(of: master, families: Set(addresses.map(\.family)))
    return incomplete
      + shortfalls.map { shortfall in
        Finding(
          .hostAccessShortfall, shortfall.problem, consequence: "a part of host access does not work",
          remedy: shortfall.remedy)
      }
  }

  /// Addresses for pods that sit on the node are told as such.
  private static func strangers(_ examination: Examination) -> Set<IPAddress> {
    let pools = examination.subjects.flatMap(\.pools).map(\.pool.addresses)
    return Set(
      examination.inventory.nodeAddresses.map(\.address.address).filter { address in
        pools.contains { $0.contains(address) }
      })
  }

  private static func stale(_ examination: Examination) -> [Finding] {
    examination.garbage.addresses.map { address in
      Finding(
        .hostRouteStale, "the node has a host route to \(address), or a filter for it, and no pod has it",
        consequence: "packets for the address stay on this node", remedy: "ipvlanctl gc", fix: .collectGarbage
      )
    }
  }
}
