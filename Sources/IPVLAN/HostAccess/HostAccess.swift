internal import Addressing
internal import CNI
internal import Netlink
internal import Platform

/// Lets the node and the pods of a master reach each other, and Services work, without a veth: a host-side slave
/// of the master, and a route through it for each address of a pod.
///
/// The first ADD makes what belongs to the master, and that stays. Each pod adds only its routes and its place in
/// the filter's sets. It touches nothing that does not carry ``HostAccessNumbers``.
struct HostAccess {
  /// The name of the lock: shared while a pod's part is made, exclusive while what belongs to the master is.
  static let lockName = "host-access"
  /// How often an ADD makes the master's part again when somebody takes it down at the same time.
  private static let attempts = 3

  private let master: Link
  private let mode: IPVLANMode
  private let flag: IPVLANFlag
  private let log: OperationLog

  init(on master: Link, mode: IPVLANMode, flag: IPVLANFlag, log: OperationLog) {
    self.master = master
    self.log = log
    self.mode = mode
    self.flag = flag
  }

  /// Opens the way to a pod.
  /// - Throws: ``CNIError``; a part of it may stand then, which ``removePod(_:_:)`` takes away.
  func addPod(
    _ addresses: [AddressAssignment], _ session: inout NodeSession
  ) throws(CNIError) {
    let hosts = addresses.map { $0.address.address }
    do throws(NetlinkError) {
      let gateways = IPFamily.allCases.compactMap { family in
        addresses.lazy.compactMap { $0.gateway }.first { $0.family == family }
      }
      var built: HostAccessPlan?
      for _ in 0..<Self.attempts {
        if try addPod(hosts, gateways, by: built, &session) { return log.endStep("hostAccess") }
        built = try build(gateways, Set(hosts.map { $0.family }), &session)
      }
      throw NetlinkError(
        operation: "open the way: others take host access of \(master.name) down all the time",
        errno: .resourceTemporarilyUnavailable)
    } catch {
      throw CNIError(
        .configurationRefused, "cannot open the way between the node and its pods on master \(master.name)",
        error)
    }
  }

  /// Makes the pod's part, where what belongs to the master stands. Nobody takes that away, or sweeps the pod's part,
  /// meanwhile.
  ///
  /// - Parameter built: what this call has made just now.
  /// - Returns: whether it stands.
  private func addPod(
    _ hosts: [IPAddress], _ gateways: [IPAddress], by built: HostAccessPlan?, _ session: inout NodeSession
  ) throws(NetlinkError) -> Bool {
    let lock = try NodeLock(Self.lockName, .shared, host: session.nodeNamespace)
    let standing: HostAccessPlan? =
      if let built {
        try session.node.link(exactlyNamed: built.linkName)?.index == built.linkIndex ? built : nil
      } else {
        try standingPlan(for: Set(hosts.map { $0.family }), gateways, &session)
      }
    guard let plan = standing else { return false }
    try session.node.install(
      hosts.map(plan.hostRoute), [], routeProtocol: HostAccessNumbers.routeProtocol)
    do throws(NetlinkError) {
      try enter(hosts, plan, &session)
    } catch {
      log.note("Services do not work from \(hosts.map { "\($0)" }.joined(separator: ", ")): \(error)")
    }
    _ = consume lock
    return true
  }

  /// Takes back what ``addPod(_:_:)`` did for a pod, or has begun.
  ///
  /// - Parameter isExpected: whether it did; else there may be what a pod before has left, and most often there is nothing.
  /// - Throws: ``NetlinkError`` when the kernel refuses.
  func removePod(
    _ addresses: [IPAddress], isExpected: Bool = true, _ node: inout NetlinkSocket
  ) throws(NetlinkError) {
    guard let link = try node.link(exactlyNamed: HostLink.name(ofMaster: master.name)),
      isExpected || HostLink.isHostLink(link)
    else { return }
    try Self.removePod(addresses, from: link, isExpected: isExpected, &node)
  }

  /// Closes the way to a pod. A part that does not exist is no error.
  ///
  /// - Parameter isExpected: whether there should be one.
  /// - Returns: the filter's socket, whose end waits for the kernel to clean up: keep it while a link is removed,
  ///   which takes the kernel as long.
  /// - Throws: ``NetlinkError`` when the kernel refuses.
  @discardableResult
  static func removePod(
    _ addresses: [IPAddress], from link: Link, isExpected: Bool = true, _ node: inout NetlinkSocket
  ) throws(NetlinkError) -> NetfilterSocket? {
    try node.remove(
      addresses.map { HostAccessPlan.hostRoute($0, outOf: link.index) },
      routeProtocol: HostAccessNumbers.routeProtocol)
    guard let note = link.alias.flatMap(HostLink.Note.init), note.hasFilter else { return nil }
    var filter = try NetfilterSocket()
    try isExpected
      ? filter.remove(addresses, from: HostAccessFilter.pods(of: link.name), of: HostAccessFilter.tableName)
      : filter.removeStrays(
        addresses, from: HostAccessFilter.pods(of: link.name), of: HostAccessFilter.tableName)
    return filter
  }

  /// What stands, when it is whole, leads by these gateways, and the master still has the addresses that it was made
  /// for. The kernel takes routes away when the master goes down or loses its last address, also for a moment.
  private func standingPlan(
    for families: Set<IPFamily>, _ gateways: [IPAddress], _ session: inout NodeSession
  ) throws(NetlinkError) -> HostAccessPlan? {
    guard let link = try session.node.link(exactlyNamed: HostLink.name(ofMaster: master.name)),
      link.isIPVLAN, link.isUp, link.parentIndex == master.index,
      let note = link.alias.flatMap(HostLink.Note.init), note.mode == mode, note.flag == flag, note.hasFilter,
      note.families.isSuperset(of: families), gateways.allSatisfy(note.gateways.contains)
    else { return nil }
    let plan = HostAccessPlan(
      master: master, linkIndex: link.index, number: note.number, mode: mode, flag: flag)
    let difference = try HostAccessDifference(
      from: plan, note.families, gateways: note.gateways, &session.node)
    return difference.isEmpty ? plan : nil
  }

  /// Makes what belongs to the master, unless another ADD does so meanwhile.
  private func build(
    _ gateways: [IPAddress], _ families: Set<IPFamily>, _ session: inout NodeSession
  ) throws(NetlinkError) -> HostAccessPlan {
    let wait = LockWait()
    repeat {
      let lock = try NodeLock.take(
        Self.lockName, .exclusive, milliseconds: LockWait.slice, host: session.nodeNamespace)
      if let standing = try standingPlan(for: families, gateways, &session) { return standing }
      guard let lock else { continue }
      return try HostAccessBuilder(master: master, mode: mode, flag: flag, log: log)
        .build(families, gateways: gateways, under: lock, &session.node, session.nodeNamespace).plan
    } while !wait.isOver
    throw try NodeLock.timeout(Self.lockName, host: session.nodeNamespace)
  }

  /// Puts the pod into the filter's sets. Somebody may have flushed the filter (`nft flush ruleset`): then it is
  /// made anew, with all pods that have routes.
  private func enter(
    _ addresses: [IPAddress], _ plan: HostAccessPlan, _ session: inout NodeSession
  ) throws(NetlinkError) {
    var filter = try NetfilterSocket()
    do throws(NetlinkError) {
      try filter.add(addresses, to: plan.podSets, of: HostAccessFilter.tableName)
    } catch  where error.errno == .noSuchFileOrDirectory {
      log.note("nftables table inet \(HostAccessFilter.tableName) was missing, or not whole")
      try HostAccessBuilder.replaceFilter(plan, &session.node, &filter)
    }
    // A fenced pod that had the address before may have left it there.
    if try filter.holdAny(of: addresses, in: NetfilterSet.pods, of: Fence.tableName) {
      log.note("took the pod's addresses out of nftables table inet \(Fence.tableName)")
      try Fence.release(addresses, host: session.nodeNamespace)
    }
  }
}
