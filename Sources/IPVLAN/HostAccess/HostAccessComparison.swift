package import Addressing
internal import CNI
package import Netlink

/// Compares the way to a pod with what it has to be.
package struct HostAccessComparison {
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

  /// The faults, each with the command that mends it.
  /// - Throws: ``NetlinkError`` when the kernel refuses to say.
  package func differences(_ node: inout NetlinkSocket) throws(NetlinkError) -> [HostAccessShortfall] {
    if let obstacle = try HostAccessShortfall.obstacle(to: master, &node) { return [obstacle] }
    let name = HostLink.name(ofMaster: master.name)
    guard let link = try node.link(exactlyNamed: name) else {
      return [
        .mendable("host-side slave \(name) is missing: the node does not reach its pods on \(master.name)")
      ]
    }
    guard let note = link.alias.flatMap(HostLink.Note.init) else {
      return [.mendable("host-side slave \(name) is not complete, or its note was overwritten")]
    }
    var differences = link.isUp ? [] : ["host-side slave \(name) is down"]
    let plan = HostAccessPlan(
      master: master, linkIndex: link.index, number: note.number, mode: note.mode, flag: note.flag)
    differences += try missingPods(plan, &node)
    // The note comes first. The pods' pools count for a family without a gateway in the note.
    let unnoted = gateways.filter { gateway in !note.gateways.contains { $0.family == gateway.family } }
    differences += try HostAccessDifference(
      from: plan, note.families.union(addresses.map { $0.family }),
      gateways: note.gateways
        + IPFamily.allCases.compactMap { family in unnoted.first { $0.family == family } },
      &node
    ).without(strangers).clauses(plan)
    differences += try filterDifferences(plan, note)
    differences += try Fence.enclosed(among: addresses).map { address in
      "\(address) is in nftables table inet \(Fence.tableName): the pod reaches neither the node nor Services"
    }
    return differences.map(HostAccessShortfall.mendable)
  }

  private func missingPods(
    _ plan: HostAccessPlan, _ node: inout NetlinkSocket
  ) throws(NetlinkError) -> [String] {
    let reached = Set(
      try HostAccessPlan.hostRoutes(outOf: plan.linkIndex, through: &node).map { $0.destination.address })
    return addresses.filter { !reached.contains($0) }.map { address in
      "route \(address) dev \(plan.linkName) is missing: the node does not reach the pod"
    }
  }

  private func filterDifferences(
    _ plan: HostAccessPlan, _ note: HostLink.Note
  ) throws(NetlinkError) -> [String] {
    let harm = "Services, and the node's addresses on other links, are not reached"
    guard note.hasFilter else {
      // A kernel that refused the table to ADD refuses it still; that is a shortfall, and nothing is missing.
      guard try NetfilterSocket.isPresent() else { return [] }
      return [
        "nftables table inet \(HostAccessFilter.tableName) lacks \(master.name), or could not be made: \(harm)"
      ]
    }
    var filter = try NetfilterSocket()
    return try filter.missing(addresses, from: plan.podSets, of: HostAccessFilter.tableName).map { address in
      "\(address) is missing from nftables table inet \(HostAccessFilter.tableName): \(harm) from the pod"
    }
  }
}
