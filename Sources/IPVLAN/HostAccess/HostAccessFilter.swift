internal import Addressing
internal import Netlink

/// The nftables table of host access, `inet ipvlan-host`: one for all masters, so that a packet costs the same however many
/// there are.
///
/// It brings what pods send to the node's addresses to the node, and serves translated connections, that is Services.
/// Where a packet of a Service goes is decided by others, such as kube-proxy. This table sees to it that a
/// connection stays on the NIC that it began on, and that answers come back to where the translation was made.
struct HostAccessFilter {
  /// The table's name.
  static let tableName = "ipvlan-host"

  /// The masters, no two of one number.
  private let plans: [HostAccessPlan]

  /// - Parameters:
  ///   - plan: that of a master.
  ///   - others: those of other masters.
  init(of plan: HostAccessPlan, and others: [HostAccessPlan] = []) {
    plans = others.reduce(into: [plan]) { plans, other in
      if !plans.contains(where: { $0.number == other.number || $0.linkIndex == other.linkIndex }) {
        plans.append(other)
      }
    }
  }

  /// The sets of the addresses of a master's pods, by the name of the host-side slave.
  static func pods(of hostLink: String) -> [NetfilterSet] {
    IPFamily.allCases.map { NetfilterSet(name: "\(hostLink)\(suffix)\($0.rawValue)", family: $0) }
  }

  /// The sets of the addresses of pods among the sets of the table.
  static func pods(among names: [String]) -> [NetfilterSet] {
    names.flatMap { name in
      IPFamily.allCases.filter { HostLink.isName(name) && name.hasSuffix("\(suffix)\($0.rawValue)") }
        .map { NetfilterSet(name: name, family: $0) }
    }
  }

  private static let suffix = "-v"

  /// Puts the table in place, with all pods that have host routes in its sets.
  /// - Throws: ``NetlinkError`` when the kernel lacks a piece of it. Then the table stays as it was.
  func put(
    _ node: inout NetlinkSocket, _ filter: inout NetfilterSocket
  ) throws(NetlinkError) {
    // Before version 1.1 each master had a table of its own.
    let former = try filter.tableNames().filter { name in plans.contains { $0.linkName == name } }
    let pods = try pods(&node)
    try filter.replace(with: table, insteadOf: former) { set in
      pods.first { plan, _ in plan.podSets.contains(set) }?.addresses ?? []
    }
    // An ADD that ran meanwhile made its route first, and may have entered the sets of the old table.
    for (plan, addresses) in try self.pods(&node) {
      try filter.add(addresses, to: plan.podSets, of: Self.tableName)
    }
  }

  private func pods(
    _ node: inout NetlinkSocket
  ) throws(NetlinkError) -> [(plan: HostAccessPlan, addresses: [IPAddress])] {
    var pods: [(plan: HostAccessPlan, addresses: [IPAddress])] = []
    for plan in plans {
      let routes = try HostAccessPlan.hostRoutes(outOf: plan.linkIndex, through: &node)
      pods.append((plan: plan, addresses: routes.map { $0.destination.address }))
    }
    return pods
  }

  /// The table, for pods of both families.
  var table: NetfilterTable {
    let connections = { [mask = HostAccessNumbers.markMask] (map: NetfilterVerdictMap) in
      NetfilterStatement.connectionMark(mask: mask, in: map)
    }
    let base = [
      // The first packet of each connection leaves its mark: which NIC it came in by.
      NetfilterChain(
        name: "arrivals", .nat, hook: .prerouting, priority: -110, rules: [[.came(inBy: arrivals)]]),
      // A pod's connection belongs to the pod's NIC. The node's translation of its destination comes next, and
      // the route to the new one has to know it too.
      NetfilterChain(
        name: "departures", .nat, hook: .output, priority: -110,
        rules: plans.flatMap { plan in
          plan.podSets.map {
            [.source(in: $0), .setConnectionMark(plan.mark), .setPacketMark(plan.mark)]
          }
        }),
      // The same for the later packets. Translation routes them anew in any case, so that no chain of kind
      // "route" is needed.
      NetfilterChain(
        name: "requests", .filter, hook: .output, priority: -140,
        rules: [[.direction(.original), .destinationIsTranslated, connections(requests)]]),
      // What is routed anew, having got another mark.
      NetfilterChain(
        name: "rerouted", .route, hook: .output, priority: -140,
        rules: [[.leaves(by: masters)], [.direction(.reply), connections(answers)]]),
      // An answer from another node that came in by another NIC.
      NetfilterChain(
        name: "relayed", .filter, hook: .prerouting, priority: -140,
        rules: [[.direction(.reply), .destinationIsTranslated, connections(relayed)]]),
      NetfilterChain(
        name: "sources", .nat, hook: .postrouting, priority: 90, rules: [[.leaves(by: sources)]]),
    ]
    return NetfilterTable(
      name: Self.tableName, sets: plans.flatMap { $0.podSets },
      maps: [arrivals, requests, masters, answers, relayed, sources]
        + (redirects ? [inward, redirected] : []),
      chains: base + [Self.toNode] + plans.flatMap { $0.chains } + (redirects ? redirection : []))
  }

  // MARK: What leads to the chains of a master

  private var arrivals: NetfilterVerdictMap {
    map("by-arrival", .link) { plan, map in map.add(plan.masterKey, leadingTo: plan.chain("arrivals")) }
  }

  private var requests: NetfilterVerdictMap {
    map("by-request", .mark) { plan, map in map.add(plan.mark.value, leadingTo: plan.chain("requests")) }
  }

  private var answers: NetfilterVerdictMap {
    map("by-answer", .mark) { plan, map in map.add(plan.mark.value, leadingTo: plan.chain("answers")) }
  }

  private var relayed: NetfilterVerdictMap {
    map("by-relay", .mark) { plan, map in map.add(plan.mark.value, leadingTo: plan.chain("relayed")) }
  }

  /// Where the answer would not pass the node, the node has to be the source.
  private var sources: NetfilterVerdictMap {
    map("by-departure", .link) { plan, map in
      // Two pods of one master: ipvlan switches the answer directly.
      map.add(plan.linkKey, leadingTo: plan.chain("sources"))
      // In mode l3 what comes in for a pod does not pass the node's netfilter.
      if plan.mode == .l3 { map.add(plan.masterKey, leadingTo: plan.chain("sources")) }
    }
  }

  private var masters: NetfilterVerdictMap {
    map("by-master", .link) { plan, map in map.add(plan.masterKey, leadingTo: Self.toNode.name) }
  }

  /// The kernel looks up what a pod sends as bound for the master, and so finds the master's own addresses only.
  /// Looked up again it is bound for no link, and any address that the node has at this moment is found. (IPv6
  /// finds them at once.)
  private static let toNode = NetfilterChain(
    name: "to-node",
    rules: [[.family(.v4), .isForNode, .setPacketMark(HostAccessNumbers.forNode)]])

  private func map(
    _ name: String, _ key: NetfilterVerdictMap.Key,
    _ fill: (HostAccessPlan, inout NetfilterVerdictMap) -> Void
  ) -> NetfilterVerdictMap {
    var map = NetfilterVerdictMap(name: name, key: key)
    for plan in plans { fill(plan, &map) }
    return map
  }

  // MARK: The flags private and vepa

  /// With them what leaves by the host-side slave comes in by the master instead. It has been translated by then, and must
  /// not be taken for a connection of its own.
  private var redirects: Bool { plans.contains { $0.flag != .bridge } }

  private var inward: NetfilterVerdictMap {
    map("by-inward", .link) { plan, map in
      if plan.flag != .bridge { map.add(plan.linkKey, leadingTo: "redirect") }
    }
  }

  private var redirected: NetfilterVerdictMap {
    map("by-redirected", .link) { plan, map in
      if plan.flag != .bridge { map.add(plan.masterKey, leadingTo: "untrack") }
    }
  }

  private var redirection: [NetfilterChain] {
    let mark = HostAccessNumbers.redirected
    return [
      NetfilterChain(
        name: "inward", .filter, hook: .postrouting, priority: 200, rules: [[.leaves(by: inward)]]),
      NetfilterChain(name: "redirect", rules: [[.setPacketMark(mark)]]),
      NetfilterChain(
        name: "redirected", .filter, hook: .prerouting, priority: -300, rules: [[.came(inBy: redirected)]]),
      NetfilterChain(name: "untrack", rules: [[.packetMark(mark), .untrack]]),
    ]
  }
}

extension HostAccessPlan {
  /// The sets of the addresses of the master's pods.
  var podSets: [NetfilterSet] { HostAccessFilter.pods(of: linkName) }

  fileprivate var mark: NetfilterMark { HostAccessNumbers.mark(number) }

  fileprivate var masterKey: UInt32 { UInt32(bitPattern: master.index) }

  fileprivate var linkKey: UInt32 { UInt32(bitPattern: linkIndex) }

  fileprivate func chain(_ name: String) -> String { "\(linkName)-\(name)" }

  /// What the maps lead to.
  fileprivate var chains: [NetfilterChain] {
    [
      NetfilterChain(name: chain("arrivals"), rules: [[.setConnectionMark(mark)]]),
      NetfilterChain(name: chain("requests"), rules: [[.setPacketMark(mark)]]),
      NetfilterChain(
        name: chain("answers"),
        rules: [
          // It may be for an address that the node has lent to a client outside: then it goes on by the master.
          [.packetMark(HostAccessNumbers.forNode), .destinationIsTranslated, .setPacketMark(mark)],
          // An answer from a pod of another NIC, or from the node by an address that no rule names yet, is on its way
          // to the wrong NIC. All rules see the link that the packet was bound for when it came.
          [.leavesNot(by: master.index), .leavesNot(by: linkIndex), .setPacketMark(mark)],
        ]),
      NetfilterChain(name: chain("relayed"), rules: [[.cameNot(in: master.index), .setPacketMark(mark)]]),
      NetfilterChain(
        name: chain("sources"),
        rules: podSets.map { [.destinationIsTranslated, .source(in: $0), .masquerade] }),
    ]
  }
}
