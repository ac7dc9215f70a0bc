internal import Addressing
internal import IPVLAN
internal import Netlink
internal import Platform

/// Where pods have access from the node, all of it must stand.
struct HostAccessCheck: Check {
  static func findings(_ state: NodeState, unread: inout [String]) -> [Finding] {
    state.inventory.masters.flatMap { findings($0, state, &unread) } + stale(state)
  }

  /// The pods of a master that have access from the node.
  static func pods(of master: Link, _ state: NodeState) -> [NodeLink] {
    state.podLinks.filter {
      $0.master?.index == master.index && state.nodeAccess(of: $0) == .open
    }
  }

  private static func findings(
    _ master: Link, _ state: NodeState, _ unread: inout [String]
  ) -> [Finding] {
    let pods = pods(of: master, state)
    let addresses = pods.flatMap(\.hosts)
    guard !addresses.isEmpty else { return [] }
    let check = HostAccessComparison(
      on: master, addresses: addresses, gateways: pods.flatMap { $0.cached?.gateways ?? [] },
      strangers: strangers(state))
    var differences: [HostAccessShortfall] = []
    do throws(NetlinkError) {
      var node = try NetlinkSocket()
      differences = try check.differences(&node)
    } catch {
      unread.append("host access of master \(master.name) is not looked at: \(error)")
    }
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
  private static func strangers(_ state: NodeState) -> Set<IPAddress> {
    let pools = state.subjects.flatMap(\.pools).map(\.pool.addresses)
    return Set(
      state.inventory.nodeAddresses.map(\.address.address).filter { address in
        pools.contains { $0.contains(address) }
      })
  }

  private static func stale(_ state: NodeState) -> [Finding] {
    state.garbage.addresses.map { address in
      Finding(
        .hostRouteStale, "the node has a host route to \(address), or a filter for it, and no pod has it",
        consequence: "packets for the address stay on this node", remedy: "ipvlanctl gc", fix: .collectGarbage
      )
    }
  }
}
