internal import Addressing
internal import Netlink
internal import Platform

/// Makes what host access needs once per master, or mends it; everything that stands already stays.
///
/// One at a time on a node, since the masters' numbers are shared out here.
struct HostAccessBuilder {
  /// The master.
  let master: Link
  /// The mode of its slaves.
  let mode: IPVLANMode
  /// The flag of its slaves.
  let flag: IPVLANFlag
  /// Hears of a filter that cannot be made.
  let log: OperationLog

  /// Makes slave, table, rules and filter.
  ///
  /// - Parameters:
  ///   - families: those that must have a way out.
  ///   - gateways: next hops of the pods' pools; a family without one takes the node's own by the master.
  ///   - lock: that of host access, held alone.
  /// - Returns: what stands now, and whether its filter was made just now.
  /// - Throws: ``NetlinkError`` when something but the filter cannot be made.
  func build(
    _ families: Set<IPFamily>, gateways: [IPAddress], under lock: borrowing NodeLock,
    _ node: inout NetlinkSocket, _ host: borrowing NetworkNamespace
  ) throws(NetlinkError) -> (plan: HostAccessPlan, hasNewFilter: Bool) {
    if let obstacle = try HostAccessShortfall.obstacle(to: master, &node) {
      throw NetlinkError(operation: obstacle.description, errno: .fileExists)
    }
    // Of pods in another mode none is left.
    let (link, isOfAnotherMode) = try hostLink(&node, host)
    let pods = isOfAnotherMode ? [] : try admitted()
    let old = link.alias.flatMap(HostLink.Note.init)
    let number = if let old { old.number } else { try freeNumber(&node) }
    let plan = HostAccessPlan(
      master: master, linkIndex: link.index, number: number, mode: mode, flag: flag)
    let ways = try completed(gateways + (old?.gateways ?? []), &node)
    let served = families.union(ways.map { $0.family }).union(old?.families ?? [])
    try HostAccessDifference(from: plan, served, gateways: ways, &node).carryOut(&node)
    try restoreRoutes(to: pods, plan, &node)

    var note = HostLink.Note(
      number: plan.number, mode: mode, flag: flag, families: served, hasFilter: true, gateways: ways)
    // One that stands stays, since nothing in it depends on addresses or next hops: the kernel takes 12 ms to replace it.
    if old?.hasFilter != true {
      do throws(NetlinkError) {
        var filter = try NetfilterSocket()
        try Self.replaceFilter(plan, &node, &filter)
      } catch {
        log.note(
          "pods on master \(master.name) reach neither Services nor the node's addresses on other links: \(error)"
        )
        note.hasFilter = false
      }
    }
    try node.annotate(link, alias: note.description)
    return (plan: plan, hasNewFilter: note.hasFilter && old?.hasFilter != true)
  }

  /// Puts the filter in place, for this master and the others.
  /// - Throws: ``NetlinkError`` when the kernel lacks a piece of it.
  static func replaceFilter(
    _ plan: HostAccessPlan, _ node: inout NetlinkSocket, _ filter: inout NetfilterSocket
  ) throws(NetlinkError) {
    try HostAccessFilter(of: plan, and: others(than: plan, &node)).put(&node, &filter)
  }

  /// What stands for other masters. Somebody may have written over a note: then the rules tell the number.
  private static func others(
    than plan: HostAccessPlan, _ node: inout NetlinkSocket
  ) throws(NetlinkError) -> [HostAccessPlan] {
    var others: [HostAccessPlan] = []
    for link in try node.ipvlanLinks() where HostLink.isHostLink(link) && link.index != plan.linkIndex {
      guard let parent = link.parentIndex, let master = try node.link(index: parent),
        HostLink.name(ofMaster: master.name) == link.name, let mode = link.ipvlanMode,
        let flag = link.ipvlanFlag
      else { continue }
      let note = link.alias.flatMap(HostLink.Note.init)
      let known = if let note { note.number } else { try HostAccessNumbers.known(for: master, &node) }
      guard note?.hasFilter ?? true, let number = known else { continue }
      others.append(
        HostAccessPlan(master: master, linkIndex: link.index, number: number, mode: mode, flag: flag))
    }
    return others
  }

  /// The pods that the filter still knows. A slave that was down, or is new, has lost the routes to them.
  private func admitted() throws(NetlinkError) -> [IPAddress] {
    try NetfilterSocket.wherePresent { (filter: consuming NetfilterSocket) throws(NetlinkError) in
      let name = HostLink.name(ofMaster: master.name)
      // Before version 1.1 each master had a table of its own.
      return try filter.addresses(in: HostAccessFilter.pods(of: name), of: HostAccessFilter.tableName)
        + filter.addresses(in: NetfilterSet.pods, of: name)
    } ?? []
  }

  private func restoreRoutes(
    to pods: [IPAddress], _ plan: HostAccessPlan, _ node: inout NetlinkSocket
  ) throws(NetlinkError) {
    let present = Set(
      try HostAccessPlan.hostRoutes(outOf: plan.linkIndex, through: &node).map { $0.destination.address })
    try node.install(
      pods.filter { !present.contains($0) }.map(plan.hostRoute), [],
      routeProtocol: HostAccessNumbers.routeProtocol)
  }

  /// The host-side slave, up, and whether one of another mode had its place.
  private func hostLink(
    _ node: inout NetlinkSocket, _ host: borrowing NetworkNamespace
  ) throws(NetlinkError) -> (link: Link, isOfAnotherMode: Bool) {
    let name = HostLink.name(ofMaster: master.name)
    var isOfAnotherMode = false
    if let old = try node.link(exactlyNamed: name), let note = old.alias.flatMap(HostLink.Note.init),
      note.mode != mode || note.flag != flag
    {
      // Another mode means that no pod is left from before.
      try node.deleteLink(old)
      isOfAnotherMode = true
    }
    if try node.link(exactlyNamed: name) == nil {
      try node.createIPVLAN(
        NewIPVLANLink(on: master, mode: mode, flag: flag, mtu: nil), named: name, in: host)
    }
    guard let link = try node.link(exactlyNamed: name) else {
      throw NetlinkError(
        operation: "find link \(name), just made: something else removes links of the node",
        errno: .operationNotSupportedByDevice)
    }
    try node.bringUpWithoutAddress(link)
    // With the other flags ipvlan drops what one slave sends to another, or sends it outside.
    if flag != .bridge { try node.redirectEgress(of: link, into: master) }
    return (link, isOfAnotherMode)
  }

  /// The master's number: the one that it has, else one that nobody has.
  private func freeNumber(_ node: inout NetlinkSocket) throws(NetlinkError) -> UInt32 {
    guard let number = try HostAccessNumbers.number(for: master, &node) else {
      throw NetlinkError(operation: "number master \(master.name): all numbers are taken", errno: .noSpace)
    }
    return number
  }

  /// The first of the given gateways of each family, and the node's own for a family that has none.
  private func completed(
    _ gateways: [IPAddress], _ node: inout NetlinkSocket
  ) throws(NetlinkError) -> [IPAddress] {
    var completed: [IPAddress] = []
    for family in IPFamily.allCases {
      if let gateway = gateways.first(where: { $0.family == family }) {
        completed.append(gateway)
        continue
      }
      // The kernel lists the route with the least metric first.
      let own = try node.defaultGateways(family, outOf: master.index)
      if let gateway = own.first?.gateway { completed.append(gateway) }
    }
    return completed
  }
}
