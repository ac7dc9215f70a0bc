internal import Addressing
internal import CNI
internal import Netlink
internal import Platform

/// Carries out a plan, step by step. When a step fails, all that were begun are taken back, the last first.
struct Attacher: ~Copyable {
  private let plan: AttachmentPlan
  private let podPath: String
  private let log: OperationLog
  /// Held from ``AttachmentPlan/Step/holdMode`` to ``AttachmentPlan/Step/releaseMode``: see ``SharedMode``.
  private var mode: SharedMode?
  /// The link, down and perhaps under its temporary name, as it was when it was made.
  private var link: Link?
  /// The positions of planned routes that the pod has already by another interface, which keeps them.
  private var leftOut: [Int] = []
  private var advertiser: NeighborAdvertisementSocket?
  /// Whether the link may be in the pod still though the attachment failed: its addresses must not go to another pod.
  private(set) var leavesLink = false

  /// - Parameter podPath: the path of the pod's namespace, for errors and the record.
  init(_ plan: AttachmentPlan, _ mode: consuming SharedMode, podPath: String, log: OperationLog) {
    self.plan = plan
    self.mode = consume mode
    self.podPath = podPath
    self.log = log
  }

  /// Attaches the pod.
  ///
  /// - Returns: the positions of planned routes that were left out: another interface of the pod has them.
  /// - Throws: ``CNIError``; then every step that was begun has been undone, and what could not be is in its details.
  mutating func run(_ session: inout NodeSession) throws(CNIError) -> [Int] {
    var begun: [AttachmentPlan.Step] = []
    do throws(CNIError) {
      for step in plan.steps {
        begun.append(step)
        try carryOut(step, &session)
      }
      return leftOut
    } catch {
      var failure = error
      for step in begun.reversed() { failure = undo(step, &session, after: failure) }
      throw failure
    }
  }

  private mutating func carryOut(
    _ step: AttachmentPlan.Step, _ session: inout NodeSession
  ) throws(CNIError) {
    switch step {
    case .holdMode: try mode?.hold(session)
    case .createLink:
      link = try LinkCreation(plan, podPath: podPath).run(&session)
      log.endStep("create")
    case .prepareIPv6: try prepareIPv6(session)
    case .setUpLink: try setUpLink(&session.pod)
    case .routeBySource:
      try routeBySource(&session.pod)
      log.endStep("configure")
    case .announce:
      try announce()
      advertiser = nil
      log.endStep("announce")
    case .releaseMode:
      let index = try created().index
      mode?.recordSlave(index, in: session.podNamespace, path: podPath)
      mode = nil
    case .openHostAccess: try hostAccess.addPod(plan.addresses, &session)
    case .fence: fence(&session)
    }
  }

  /// Takes a step back, done or half done.
  private mutating func undo(
    _ step: AttachmentPlan.Step, _ session: inout NodeSession, after failure: CNIError
  ) -> CNIError {
    do throws(NetlinkError) {
      switch step {
      case .holdMode: mode = nil
      case .createLink: try deleteLink(&session.pod)
      case .routeBySource: try SourceRouting.removeRules(of: plan.identity.name, in: &session.pod)
      case .openHostAccess: try hostAccess.removePod(addresses, &session.node)
      case .fence: try Fence.release(addresses, host: session.nodeNamespace)
      // Gone with the link, or nothing that stays.
      case .prepareIPv6, .setUpLink, .announce, .releaseMode: break
      }
      return failure
    } catch {
      let what =
        switch step {
        case .openHostAccess: "the way between the node and the pod could not be closed again"
        case .routeBySource: "the rules of \(plan.identity.name) could not be removed again"
        default: "the link could not be removed again"
        }
      if case .createLink = step { leavesLink = true }
      return failure.adding("\(what): \(error); DEL does it")
    }
  }

  /// Deletes the link. An answer that was lost does not tell whether it was made.
  private func deleteLink(_ pod: inout NetlinkSocket) throws(NetlinkError) {
    if let link { try pod.deleteLink(link) } else { try LinkRemover.removeLeftover(plan.identity, in: &pod) }
  }

  /// The link that an earlier step has made.
  private func created() throws(CNIError) -> Link {
    guard let link else {
      throw CNIError(
        code: .ioFailure, message: "link \(plan.identity.name) was configured before it was made")
    }
    return link
  }

  private var addresses: [IPAddress] { plan.addresses.map { $0.address.address } }

  private var hostAccess: HostAccess {
    HostAccess(on: plan.master, mode: plan.link.mode, flag: plan.link.flag, log: log)
  }

  /// What IPv6 needs with the thread in the pod, before the link is up: a setting, and a socket for
  /// announcements. Runtimes switch IPv6 off in a pod's namespace. The setting goes with the link.
  private mutating func prepareIPv6(_ session: borrowing NodeSession) throws(CNIError) {
    let link = try created()
    let (announces, isOff) = (plan.announces, link.isIPv6Disabled != false)
    guard announces || isOff else { return }
    do throws(NetlinkError) {
      advertiser = try session.podNamespace.run(returningTo: session.nodeNamespace) {
        () throws(NetlinkError) in
        if isOff { try Self.enableIPv6(on: link.name) }
        return announces ? try NeighborAdvertisementSocket() : nil
      }
    } catch {
      throw CNIError(.configurationRefused, "cannot prepare \(plan.identity.name) in \(podPath)", error)
    }
  }

  /// As `sysctl net.ipv6.conf.LINK.disable_ipv6=0`, in the namespace that the thread is in.
  private static func enableIPv6(on link: String) throws(NetlinkError) {
    let setting = "ipv6/conf/\(link)/disable_ipv6"
    do throws(Errno) {
      try Files.write("0", to: "/proc/sys/net/\(setting)")
    } catch {
      throw NetlinkError(operation: "write 0 to \(setting)", errno: error)
    }
  }

  private mutating func setUpLink(_ pod: inout NetlinkSocket) throws(CNIError) {
    let link = try created()
    do throws(LinkSetupError) {
      let outcome = try pod.setUp(link: link.index, plan.setup)
      if let failure = outcome.guardFailure {
        log.note("the source addresses of \(plan.identity.name) are not checked: \(failure)")
      }
      leftOut = outcome.leftOut
    } catch {
      throw refusal(error)
    }
  }

  private func refusal(_ error: LinkSetupError) -> CNIError {
    let (name, master, cause) = (plan.identity.name, plan.master.name, error.cause)
    switch error.step {
    case .bringUp where cause.errno == .fileExists:
      return CNIError(.interfaceNameTaken, "interface \(name) exists already in \(podPath)", cause)
    case .announcement, .sourceGuard, .bringUp:
      return CNIError(.masterUnusable, "cannot bring interface \(name) up in \(podPath)", cause)
    case .address(let address) where cause.errno == .addressInUse:
      return CNIError(
        .addressInUse, "address \(address.address) is in use on master \(master); \(name) cannot have it",
        cause)
    case .address(let address):
      return CNIError(
        .configurationRefused, "the kernel refused address \(address) on \(name) in \(podPath)", cause)
    case .route(let route):
      return CNIError(
        .configurationRefused, "the kernel refused route \(route) on \(name) in \(podPath)", cause)
    }
  }

  private func routeBySource(_ pod: inout NetlinkSocket) throws(CNIError) {
    let families = leftOut.map { plan.routes[$0].route.destination }.filter { $0.isDefaultRoute }.map {
      $0.family
    }
    guard !families.isEmpty else { return }
    let link = try created()
    do throws(NetlinkError) {
      try SourceRouting.add(
        for: link, named: plan.identity.name,
        gateways: plan.addresses.compactMap { $0.gateway }.filter { families.contains($0.family) }, in: &pod)
    } catch {
      throw CNIError(
        .configurationRefused,
        "cannot keep \(plan.identity.name) apart from the other networks of \(podPath)", error)
    }
  }

  /// Neighbours may still know the addresses by another MAC; a pod works without telling them, only later.
  private func announce() throws(CNIError) {
    guard let mac = plan.master.mac else { return }
    let link = try created()
    switch advertiser {
    case .none: return
    case .some(let socket):
      for assignment in plan.addresses where assignment.address.family == .v6 {
        do throws(NetlinkError) {
          try socket.announce(assignment.address.address, at: mac, outOf: link.index)
        } catch {
          log.note("\(error)")
        }
      }
    }
  }

  private func fence(_ session: inout NodeSession) {
    do throws(NetlinkError) {
      try Fence.enclose(addresses, host: session.nodeNamespace)
      // A pod with host access that had the address before may have left its way.
      try hostAccess.removePod(addresses, isExpected: false, &session.node)
    } catch {
      log.note("\(plan.identity.name) is not kept from the node and from Services: \(error)")
    }
    log.endStep("fence")
  }
}
