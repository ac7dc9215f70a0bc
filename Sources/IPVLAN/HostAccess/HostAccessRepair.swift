package import Addressing
package import CNI
package import Netlink
internal import Platform

/// Makes host access whole again for pods that are attached, as their ADD made it.
package enum HostAccessRepair {
  /// Restores the host-side slave, its table, rules and filter, and the ways to pods: to those of `pods` that still run, in the
  /// mode that they have. Their configuration may say something else by now.
  ///
  /// - Parameter gateways: next hops of the pods' pools.
  /// - Throws: ``CNIError`` when the kernel refuses a part of it, or when other processes keep the mode or host access locked.
  package static func restore(
    on master: Link, pods: [RunningPod], gateways: [IPAddress]
  ) throws(CNIError) {
    let failure = { (error: NetlinkError) in
      CNIError(.ioFailure, "host access by master \(master.name) is not whole", error)
    }
    let host: NetworkNamespace
    do throws(NetlinkError) { host = try NetworkNamespace.host() } catch { throw failure(error) }
    var unreached: CNIError?
    for pod in pods {
      // The runtime's own namespace can be a pod's too (CNI_NETNS_OVERRIDE). One pod may end here: the next one shows the mode as well.
      let link: Link?
      do throws(NetlinkError) { link = try pod.link(host: host) } catch {
        unreached = failure(error)
        continue
      }
      guard let link, let mode = link.ipvlanMode, let flag = link.ipvlanFlag else { continue }
      let session: NodeSession
      do throws(CNIError) {
        session = try NodeSession(
          podNamespace: pod.namespace, allowsOwnNamespace: true, isMasterInPod: false)
      } catch {
        unreached = error
        continue
      }
      // A new slave changes the mode of all: none in another mode comes before the host-side one is there.
      var shared = try SharedMode(mode, flag, of: master, session)
      try shared.hold(session)
      let builder = HostAccessBuilder(master: master, mode: mode, flag: flag, log: .discarding())
      do throws(NetlinkError) { try restore(by: builder, pods, gateways, host) } catch {
        throw failure(error)
      }
      _ = consume shared
      return
    }
    if let unreached { throw unreached }
  }

  private static func restore(
    by builder: HostAccessBuilder, _ pods: [RunningPod], _ gateways: [IPAddress],
    _ host: borrowing NetworkNamespace
  ) throws(NetlinkError) {
    let lock = try NodeLock(HostAccess.lockName, host: host)
    var failure: NetlinkError?
    let addresses = pods.presentAddresses(host: host, &failure)
    guard !addresses.isEmpty else {
      if let failure { throw failure }
      return
    }
    var node = try NetlinkSocket()
    let (plan, hasNewFilter) = try builder.build(
      Set(addresses.map { $0.family }), gateways: gateways, under: lock, &node, host)
    try node.install(
      addresses.map(plan.hostRoute), [], routeProtocol: HostAccessNumbers.routeProtocol)
    var filter = try NetfilterSocket()
    if hasNewFilter {
      // It was made before the pods had their routes.
      try filter.add(addresses, to: plan.podSets, of: HostAccessFilter.tableName)
    } else {
      try HostAccessBuilder.replaceFilter(plan, &node, &filter)
    }
    try Fence.releaseStray(addresses, host: host)
    _ = consume lock
    // The others have theirs.
    if let failure { throw failure }
  }

  /// What ``followNode()`` came to, in lines for people.
  package struct Outcome: Sendable {
    /// The faults that are mended.
    package fileprivate(set) var fixed: [String] = []
    /// What could not be mended, and why.
    package fileprivate(set) var failures: [String] = []
  }

  /// Compares table and rules of every master that is up with what its note says and the addresses that it has, and
  /// mends them. Slaves, filters and the ways to pods are left to ``restore(on:pods:gateways:)``.
  package static func followNode() -> Outcome {
    var outcome = Outcome()
    do throws(NetlinkError) {
      let host = try NetworkNamespace.host()
      var node = try NetlinkSocket()
      for link in try node.ipvlanLinks() where HostLink.isHostLink(link) {
        do throws(NetlinkError) {
          guard let stale = try plan(of: link, &node), try !stale.difference(&node).isEmpty else { continue }
          // An ADD may be making it at this moment.
          let lock = try NodeLock(HostAccess.lockName, host: host)
          guard let plan = try plan(of: link, &node) else { continue }
          let difference = try plan.difference(&node)
          try difference.carryOut(&node)
          outcome.fixed += difference.clauses(plan.plan)
          _ = consume lock
        } catch {
          outcome.failures.append("host access by \(link.name): \(error)")
        }
      }
    } catch {
      outcome.failures.append("\(error)")
    }
    return outcome
  }

  /// What the note of a host-side slave says has to stand.
  private struct Noted {
    let plan: HostAccessPlan
    let note: HostLink.Note

    func difference(_ node: inout NetlinkSocket) throws(NetlinkError) -> HostAccessDifference {
      try HostAccessDifference(from: plan, note.families, gateways: note.gateways, &node)
    }
  }

  /// `nil` for a slave that is not complete, and for one whose master is down: its table takes no routes.
  private static func plan(of link: Link, _ node: inout NetlinkSocket) throws(NetlinkError) -> Noted? {
    guard let current = try node.link(index: link.index),
      let note = current.alias.flatMap(HostLink.Note.init),
      let parent = current.parentIndex, let master = try node.link(index: parent), master.isUp,
      HostLink.name(ofMaster: master.name) == current.name
    else { return nil }
    return Noted(
      plan: HostAccessPlan(
        master: master, linkIndex: current.index, number: note.number, mode: note.mode, flag: note.flag),
      note: note)
  }
}
