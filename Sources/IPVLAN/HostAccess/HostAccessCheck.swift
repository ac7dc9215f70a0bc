package import Addressing
internal import CNI
package import Netlink

/// Compares the way to a pod with what it has to be.
package struct HostAccessCheck {
  private let master: Link
  private let addresses: [IPAddress]
  private let gateways: [IPAddress]
  private let strangers: Set<IPAddress>

  /// - Parameters:
  ///   - addresses: those of the pods.
  ///   - gateways: the next hops that their pools name.
  ///   - strangers: addresses that the node has and should not have.
  package init(
    on master: Link, addresses: [IPAddress], gateways: [IPAddress], strangers: Set<IPAddress> = []
  ) {
    self.master = master
    self.addresses = addresses
    self.gateways = gateways
    self.strangers = strangers
  }

  /// What is missing, in words.
  /// - Throws: ``NetlinkError`` when the kernel refuses to say.
  package func differences(_ node: inout NetlinkSocket) throws(NetlinkError) -> [String] {
    let name = HostLink.name(ofMaster: master.name)
    guard let link = try node.link(exactlyNamed: name), HostLink.isHostLink(link),
      link.parentIndex == master.index
    else { return ["host-side slave \(name) is missing: the node does not reach its pods on \(master.name)"] }
    guard let note = link.alias.flatMap(HostLink.Note.init) else {
      return ["host-side slave \(name) is not complete; the next ADD on \(master.name) completes it"]
    }
    var differences = link.isUp ? [] : ["host-side slave \(name) is down (ip link set \(name) up)"]
    let plan = HostAccessPlan(
      master: master, linkIndex: link.index, number: note.number, mode: note.mode, flag: note.flag)
    let families = Set(addresses.map(\.family))
    let addressing = try NodeAddressing(of: master, families, &node)
    for family in families.sorted() {
      let pods = try Set(
        node.routes(family, table: PolicyRule.mainTable, outOf: plan.linkIndex).filter(\.destination.isHost)
          .map(\.destination.address))
      differences += addresses.filter { $0.family == family && !pods.contains($0) }.map { address in
        "route \(address) dev \(plan.filterName) is missing: the node does not reach the pod"
      }
      let own = addressing.without(pods.union(strangers))
      differences += try ruleDifferences(family, own, plan, &node)
      differences += try tableDifferences(family, own, plan, &node)
    }
    return differences + filterDifferences(plan)
  }

  private func ruleDifferences(
    _ family: IPFamily, _ addressing: NodeAddressing, _ plan: HostAccessPlan, _ node: inout NetlinkSocket
  ) throws(NetlinkError) -> [String] {
    let rules = try node.rules(family)
    let wanted = plan.rules([family]) + plan.sourceRules(addressing.own.filter { $0.family == family })
    return wanted.filter { !rules.contains($0) }.map { rule in
      "rule \"\(rule)\" is missing; ipvlanctl doctor --fix restores it"
    }
  }

  /// Others may flush the table, and the node get addresses after it was made.
  private func tableDifferences(
    _ family: IPFamily, _ addressing: NodeAddressing, _ plan: HostAccessPlan, _ node: inout NetlinkSocket
  ) throws(NetlinkError) -> [String] {
    let routes = try node.routes(family, table: plan.table)
    var missing = plan.routes(addressing, gateways: []).map(\.route.destination).filter { destination in
      destination.family == family && !routes.contains { $0.destination == destination }
    }.map { $0.isHost ? "\($0.address)" : "\($0)" }
    let hasWay = routes.contains(where: \.destination.isDefaultRoute)
    if !hasWay, gateways.contains(where: { $0.family == family }) { missing.append("default") }
    guard !missing.isEmpty else { return [] }
    return [
      "table \(plan.table) of master \(master.name) lacks routes to \(missing.joined(separator: ", ")); ipvlanctl "
        + "doctor --fix restores them"
    ]
  }

  private func filterDifferences(_ plan: HostAccessPlan) -> [String] {
    do throws(NetlinkError) {
      var filter = try NetfilterSocket()
      return try filter.missing(addresses, from: HostAccessPlan.podSets, of: plan.filterName).map { address in
        "\(address) is missing from nftables table inet \(plan.filterName): Services do not work from the pod"
      }
    } catch {
      return ["nftables table inet \(plan.filterName) cannot be read: \(error)"]
    }
  }
}
