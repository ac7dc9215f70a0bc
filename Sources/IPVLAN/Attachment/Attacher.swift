internal import Addressing
internal import CNI
internal import Netlink
internal import Platform

/// Carries out a plan in the kernel, and takes it back when a step fails.
struct Attacher {
  private let plan: AttachmentPlan
  private let podPath: String

  init(_ plan: AttachmentPlan, podPath: String) {
    self.plan = plan
    self.podPath = podPath
  }

  /// Makes and configures the link.
  /// - Throws: ``CNIError``; then the link is gone again.
  func attach(
    _ session: inout NodeSession, linkInContainer: Bool, log: inout OperationLog
  ) throws(CNIError) -> AttachedLink {
    let born = try makeLink(&session, linkInContainer: linkInContainer)
    log.endStep("create")
    do throws(CNIError) {
      let advertiser = try prepare(born, session)
      let outcome = try setUp(born, &session.pod)
      if let failure = outcome.guardFailure {
        log.note("the source addresses of \(plan.identity.name) are not checked: \(failure)")
      }
      let leftOut = outcome.leftOut
      try separate(born, leftOut, &session.pod)
      log.endStep("configure")
      advertise(advertiser, born, log: &log)
      return AttachedLink(link: born, leftOut: leftOut)
    } catch {
      throw undo(born, &session.pod, after: error)
    }
  }

  private func makeLink(_ session: inout NodeSession, linkInContainer: Bool) throws(CNIError) -> Link {
    do throws(CNIError) {
      let name = try create(&session, linkInContainer: linkInContainer)
      return try findBorn(name, &session.pod)
    } catch {
      // An answer that was lost does not tell whether the link was made.
      _ = try? LinkRemover.removeLeftover(plan.identity, in: &session.pod)
      throw error
    }
  }

  /// The link is born in the pod, down. It gets its own name at once where it can: renaming a link waits for
  /// every other processor (RCU), most of the time that an ADD takes.
  /// - Returns: the name that it was born with.
  private func create(_ session: inout NodeSession, linkInContainer: Bool) throws(CNIError) -> String {
    let identity = plan.identity
    do throws(NetlinkError) {
      do throws(NetlinkError) {
        try createOnce(identity.name, &session, linkInContainer)
        return identity.name
      } catch  where error.errno == .fileExists {
        // Before Linux 6.15: the node has a link of that name.
      }
      do throws(NetlinkError) {
        try createOnce(identity.temporaryName, &session, linkInContainer)
      } catch  where error.errno == .fileExists {
        guard try LinkRemover.removeLeftover(identity, in: &session.pod) else { throw error }
        try createOnce(identity.temporaryName, &session, linkInContainer)
      }
      return identity.temporaryName
    } catch {
      let rival = error.errno == .resourceBusy ? rival(&session, linkInContainer) : nil
      throw CNIError(.masterUnusable, creationFailure(error, rival), error)
    }
  }

  private func createOnce(
    _ name: String, _ session: inout NodeSession, _ linkInContainer: Bool
  ) throws(NetlinkError) {
    if linkInContainer {
      try session.pod.createIPVLAN(plan.link, named: name, in: session.podNamespace)
    } else {
      try session.node.createIPVLAN(plan.link, named: name, in: session.podNamespace)
    }
  }

  /// What the kernel's answer to the creation means.
  private func creationFailure(_ error: NetlinkError, _ rival: MasterRival?) -> String {
    let master = "master \(plan.link.parentName)"
    return switch error.errno {
    case .resourceBusy:
      "\(master) is busy: \(rival?.description ?? "something else takes its packets"), which excludes ipvlan"
    case .notSupported: "the kernel has no ipvlan, which \(master) needs (modprobe ipvlan)"
    case .notPermitted: "the plugin may not create links on \(master); it must run as root"
    default: "\(master) cannot carry an ipvlan link"
    }
  }

  /// Who has taken the master.
  private func rival(_ session: inout NodeSession, _ linkInContainer: Bool) -> MasterRival? {
    let links = (try? linkInContainer ? session.pod.links() : session.node.links()) ?? []
    guard let master = links.first(where: { $0.index == plan.link.parentIndex }) else { return nil }
    if linkInContainer { return MasterRival.beside(master, links) }
    return try? MasterRival.find(of: master, home: session.nodeNamespace)
  }

  private func findBorn(_ name: String, _ pod: inout NetlinkSocket) throws(CNIError) -> Link {
    do throws(NetlinkError) {
      if let link = try pod.link(exactlyNamed: name) { return link }
    } catch {
      throw CNIError(.ioFailure, "cannot find link \(name), just made in \(podPath)", error)
    }
    throw CNIError(
      code: .ioFailure, message: "link \(name), just made in \(podPath), is gone",
      details: "something else removes links in this namespace")
  }

  /// What IPv6 needs with the thread in the pod, before the link is up: a setting, and a socket for
  /// announcements.
  private func prepare(
    _ born: Link, _ session: borrowing NodeSession
  ) throws(CNIError) -> NeighborAdvertisementSocket? {
    guard plan.needsIPv6, plan.announces || born.isIPv6Disabled != false else { return nil }
    do throws(NetlinkError) {
      return try session.podNamespace.run(returningTo: session.nodeNamespace) { () throws(NetlinkError) in
        if born.isIPv6Disabled != false { try LinkSettings(link: born.name).enableIPv6() }
        return plan.announces ? try NeighborAdvertisementSocket() : nil
      }
    } catch {
      throw CNIError(.configurationRefused, "cannot prepare \(plan.identity.name) in \(podPath)", error)
    }
  }

  private func setUp(_ born: Link, _ pod: inout NetlinkSocket) throws(CNIError) -> LinkSetupOutcome {
    let (name, master) = (plan.identity.name, plan.link.parentName)
    let setup = LinkSetup(
      name: name, alias: plan.identity.alias, addresses: plan.addresses.map { $0.address },
      routes: plan.routes,
      announcesIPv4: plan.announces && plan.hasIPv4, sourceGuard: plan.sourceGuard)
    do throws(LinkSetupError) {
      return try pod.setUp(link: born.index, setup)
    } catch {
      let cause = error.cause
      switch error.step {
      case .bringUp where cause.errno == .fileExists:
        throw CNIError(.interfaceNameTaken, "interface \(name) exists already in \(podPath)", cause)
      case .announcement, .sourceGuard, .bringUp:
        throw CNIError(.masterUnusable, "cannot bring interface \(name) up in \(podPath)", cause)
      case .address(let address) where cause.errno == .addressInUse:
        throw CNIError(
          .addressInUse, "address \(address.address) is in use on master \(master); \(name) cannot have it",
          cause)
      case .address(let address):
        throw CNIError(
          .configurationRefused, "the kernel refused address \(address) on \(name) in \(podPath)", cause)
      case .route(let route):
        throw CNIError(
          .configurationRefused, "the kernel refused route \(route) on \(name) in \(podPath)", cause)
      }
    }
  }

  /// When another network has the pod's default route, each gets a way out of its own.
  private func separate(
    _ born: Link, _ leftOut: [Int], _ pod: inout NetlinkSocket
  ) throws(CNIError) {
    let families = leftOut.map { plan.routes[$0].route.destination }.filter { $0.isDefaultRoute }.map {
      $0.family
    }
    guard !families.isEmpty else { return }
    do throws(NetlinkError) {
      try SourceRouting.separate(
        born, named: plan.identity.name,
        gateways: plan.addresses.compactMap { $0.gateway }.filter { families.contains($0.family) }, in: &pod)
    } catch {
      throw CNIError(
        .configurationRefused,
        "cannot keep \(plan.identity.name) apart from the other networks of \(podPath)", error)
    }
  }

  /// Neighbours may still know the addresses by another MAC; a pod works without telling them, only later.
  private func advertise(
    _ socket: borrowing NeighborAdvertisementSocket?, _ born: Link, log: inout OperationLog
  ) {
    guard let mac = plan.mac else { return }
    switch socket {
    case .none: return
    case .some(let socket):
      for assignment in plan.addresses where assignment.address.family == .v6 {
        do throws(NetlinkError) {
          try socket.announce(assignment.address.address, at: mac, outOf: born.index)
        } catch {
          log.note("\(error)")
        }
      }
    }
    log.endStep("announce")
  }

  /// Takes a finished attachment back, after a later step failed.
  func detach(_ link: AttachedLink, _ pod: inout NetlinkSocket, after failure: CNIError) -> CNIError {
    undo(link.link, &pod, after: failure)
  }

  /// Deletes the link that was made; when that fails too, both failures are told.
  private func undo(_ born: Link, _ pod: inout NetlinkSocket, after failure: CNIError) -> CNIError {
    do throws(NetlinkError) {
      try pod.deleteLink(born)
      try SourceRouting.removeRules(of: plan.identity.name, in: &pod)
      return failure
    } catch {
      return failure.adding("the link could not be removed again: \(error); DEL removes it")
    }
  }
}

/// A link that stands and is configured.
struct AttachedLink: Sendable, Hashable {
  /// The link as it was born, down and perhaps under its temporary name.
  let link: Link
  /// Its number in the pod.
  var index: Int32 { link.index }
  /// The positions of planned routes that the pod has already by another interface, which keeps them.
  let leftOut: [Int]
}
