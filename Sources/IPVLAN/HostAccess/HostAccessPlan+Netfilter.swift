internal import Addressing
internal import Netlink

/// The nftables table of a master, `inet ih-<master>`.
///
/// It brings what pods send to the node's addresses to the node, and serves translated connections, that is Services.
/// Where a packet of a Service goes is decided by others, such as kube-proxy. This table sees to it that a
/// connection stays on the NIC that it began on, and that answers come back to where the translation was made.
extension HostAccessPlan {
  /// The table, for pods of both families.
  var filter: NetfilterTable {
    NetfilterTable(name: filterName, sets: NetfilterSet.pods, chains: chains)
  }

  /// The table's name: the host-side slave's.
  var filterName: String { HostLink.name(ofMaster: master.name) }

  private var chains: [NetfilterChain] {
    let mark = HostAccessNumbers.mark(number)
    return [
      // The first packet of each connection leaves its mark: which NIC it came in by.
      NetfilterChain(
        name: "arrivals", .nat, hook: .prerouting, priority: -110,
        rules: [[.came(in: master.index), .setConnectionMark(mark)]]),
      // A pod's connection belongs to the pod's NIC. The node's translation of its destination comes next, and
      // the route to the new one has to know it too.
      NetfilterChain(
        name: "departures", .nat, hook: .output, priority: -110,
        rules: NetfilterSet.pods.map { [.source(in: $0), .setConnectionMark(mark), .setPacketMark(mark)] }),
      // The same for the later packets. Translation routes them anew in any case, so that no chain of kind
      // "route" is needed.
      NetfilterChain(
        name: "requests", .filter, hook: .output, priority: -140,
        rules: [[.direction(.original)] + belongs + [.setPacketMark(mark)]]),
      NetfilterChain(name: "rerouted", .route, hook: .output, priority: -140, rules: reroutingRules),
      // An answer from another node that came in by another NIC.
      NetfilterChain(
        name: "relayed", .filter, hook: .prerouting, priority: -140,
        rules: [[.cameNot(in: master.index), .direction(.reply)] + belongs + [.setPacketMark(mark)]]),
      NetfilterChain(
        name: "sources", .nat, hook: .postrouting, priority: 90, rules: masqueradingRules),
    ] + (flag == .bridge ? [] : redirection)
  }

  /// What is routed anew, having got another mark. All of a chain's rules see the link that the packet was bound for
  /// when it came, also after another rule has sent it elsewhere.
  private var reroutingRules: [[NetfilterStatement]] {
    let (mark, forNode) = (HostAccessNumbers.mark(number), HostAccessNumbers.forNode)
    return [
      // The kernel looks up what a pod sends as bound for the master, and so finds the master's own addresses only.
      // Looked up again it is bound for no link, and any address that the node has at this moment is found. (IPv6
      // finds them at once.)
      [.leaves(by: master.index), .family(.v4), .isForNode, .setPacketMark(forNode)],
      // It may be for an address that the node has lent to a client outside: then it goes on by the master.
      [.packetMark(forNode), .direction(.reply)] + belongs + [.setPacketMark(mark)],
      // An answer from a pod of another NIC, or from the node by an address that no rule names yet, is on its way
      // to the wrong NIC.
      [
        .leavesNot(by: master.index), .leavesNot(by: linkIndex), .direction(.reply), .connectionMark(mark),
        .setPacketMark(mark),
      ],
    ]
  }

  /// A translated connection that began on the master.
  private var belongs: [NetfilterStatement] {
    [.destinationIsTranslated, .connectionMark(HostAccessNumbers.mark(number))]
  }

  /// With the flags private and vepa what leaves by the host-side slave comes in by the master instead. It has been
  /// translated by then, and must not be taken for a connection of its own.
  private var redirection: [NetfilterChain] {
    let mark = HostAccessNumbers.redirected
    return [
      NetfilterChain(
        name: "inward", .filter, hook: .postrouting, priority: 200,
        rules: [[.leaves(by: linkIndex), .setPacketMark(mark)]]),
      NetfilterChain(
        name: "redirected", .filter, hook: .prerouting, priority: -300,
        rules: [[.came(in: master.index), .packetMark(mark), .untrack]]),
    ]
  }

  /// Where the answer would not pass the node, the node has to be the source.
  private var masqueradingRules: [[NetfilterStatement]] {
    // Two pods of one master: ipvlan switches the answer directly.
    var links = [linkIndex]
    // In mode l3 what comes in for a pod does not pass the node's netfilter.
    if mode == .l3 { links.append(master.index) }
    return links.flatMap { link in
      NetfilterSet.pods.map { [.leaves(by: link), .destinationIsTranslated, .source(in: $0), .masquerade] }
    }
  }
}
