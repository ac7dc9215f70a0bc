internal import CNI
internal import Netlink
internal import Platform

/// Makes a planned link in the pod, down.
struct LinkCreation {
  private let plan: AttachmentPlan
  private let podPath: String

  init(_ plan: AttachmentPlan, podPath: String) {
    self.plan = plan
    self.podPath = podPath
  }

  /// Makes the link.
  /// - Returns: the link as it is then.
  /// - Throws: ``CNIError``; the link may exist all the same, when the kernel's answer was lost.
  func run(_ session: inout NodeSession) throws(CNIError) -> Link {
    let name: String
    do throws(NetlinkError) { name = try create(&session) } catch {
      let rival = error.errno == .resourceBusy ? rival(&session) : nil
      throw CNIError(.masterUnusable, meaning(of: error, rival), error)
    }
    return try find(name, &session.pod)
  }

  /// The link gets its own name at once where it can: renaming a link waits for every other processor (RCU), most of
  /// the time that an ADD takes.
  /// - Returns: the name that it was made with.
  private func create(_ session: inout NodeSession) throws(NetlinkError) -> String {
    let identity = plan.identity
    do throws(NetlinkError) {
      try session.createIPVLAN(plan.link, named: identity.name)
      return identity.name
    } catch  where error.errno == .fileExists {
      // Before Linux 6.15: the node has a link of that name.
    }
    do throws(NetlinkError) {
      try session.createIPVLAN(plan.link, named: identity.temporaryName)
    } catch  where error.errno == .fileExists {
      guard try LinkRemover.removeLeftover(identity, in: &session.pod) else { throw error }
      try session.createIPVLAN(plan.link, named: identity.temporaryName)
    }
    return identity.temporaryName
  }

  private func meaning(of error: NetlinkError, _ rival: MasterRival?) -> String {
    let master = "master \(plan.master.name)"
    return switch error.errno {
    case .resourceBusy:
      "\(master) is busy: \(rival?.description ?? "something else takes its packets"), which excludes ipvlan"
    case .notSupported: "the kernel has no ipvlan, which \(master) needs (modprobe ipvlan)"
    case .notPermitted: "the plugin may not create links on \(master); it must run as root"
    default: "\(master) cannot carry an ipvlan link"
    }
  }

  /// Who has taken the master.
  private func rival(_ session: inout NodeSession) -> MasterRival? {
    let links = session.withMasterSocket { socket in (try? socket.links()) ?? [] }
    guard let master = links.first(where: { $0.index == plan.master.index }) else { return nil }
    if session.isMasterInPod { return MasterRival.beside(master, links) }
    return try? MasterRival.find(of: master, host: session.nodeNamespace)
  }

  private func find(_ name: String, _ pod: inout NetlinkSocket) throws(CNIError) -> Link {
    do throws(NetlinkError) {
      if let link = try pod.link(exactlyNamed: name) { return link }
    } catch {
      throw CNIError(.ioFailure, "cannot find link \(name), just made in \(podPath)", error)
    }
    throw CNIError(
      code: .ioFailure, message: "link \(name), just made in \(podPath), is gone",
      details: "something else removes links in this namespace")
  }
}
