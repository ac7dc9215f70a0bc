package import Addressing
internal import CNI
package import Netlink

/// Compares the way to a pod with what it has to be.
package struct HostAccessCheck {
  private let master: Link
  private let addresses: [IPAddress]

  package init(on master: Link, addresses: [IPAddress]) {
    self.master = master
    self.addresses = addresses
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
    for family in Set(addresses.map(\.family)).sorted() {
      differences += try routeDifferences(family, plan, &node)
      let rules = try node.rules(family)
      differences += plan.rules([family]).filter { !rules.contains($0) }
        .map { "rule \"\($0)\" is missing; the next ADD on \(master.name) restores it" }
    }
    return differences + filterDifferences(plan)
  }

  private func routeDifferences(
    _ family: IPFamily, _ plan: HostAccessPlan, _ node: inout NetlinkSocket
  ) throws(NetlinkError) -> [String] {
    let routes = try node.routes(family, table: PolicyRule.mainTable, outOf: plan.linkIndex)
    let reached = Set(routes.filter(\.destination.isHost).map(\.destination.address))
    return addresses.filter { $0.family == family && !reached.contains($0) }.map { address in
      "route \(address) dev \(plan.filterName) is missing: the node does not reach the pod"
    }
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
