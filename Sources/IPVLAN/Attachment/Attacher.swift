internal import Addressing
internal import CNI
internal import Netlink
internal import Platform
internal import SystemPackage

/// Carries out a plan in the kernel, and takes it back when a step fails.
struct Attacher: ~Copyable {
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
    try create(&session, linkInContainer: linkInContainer)
    let born = try findBorn(&session.pod)
    log.endStep("create")
    do throws(CNIError) {
      try bringUp(born, &session.pod)
      if plan.needsIPv6 { try enableIPv6(session) }
      let leftOut = try configure(born, &session.pod)
      log.endStep("configure")
      return AttachedLink(index: born.index, leftOut: leftOut)
    } catch {
      throw undo(born, &session.pod, after: error)
    }
  }

  /// The link is born in the pod, down, under a temporary name.
  private func create(_ session: inout NodeSession, linkInContainer: Bool) throws(CNIError) {
    do throws(NetlinkError) {
      do throws(NetlinkError) {
        try createOnce(&session, linkInContainer)
      } catch  where error.errno == .fileExists {
        // An ADD for this very attachment was killed before it could rename its link.
        guard try LinkRemover.removeLeftover(plan.identity, in: &session.pod) else { throw error }
        try createOnce(&session, linkInContainer)
      }
    } catch {
      throw CNIError(.masterUnusable, creationFailure(error), error)
    }
  }

  private func createOnce(_ session: inout NodeSession, _ linkInContainer: Bool) throws(NetlinkError) {
    if linkInContainer {
      try session.pod.createIPVLAN(plan.link, in: session.podNamespace)
    } else {
      try session.node.createIPVLAN(plan.link, in: session.podNamespace)
    }
  }

  /// What the kernel's answer to the creation means.
  private func creationFailure(_ error: NetlinkError) -> String {
    let master = "master \(plan.link.parentName)"
    return switch error.errno {
    case .resourceBusy:
      "\(master) is busy: it carries macvlan links or is a port of a bridge or bond (ip -d link show)"
    case .notSupported:
      "the kernel has no ipvlan, which \(master) needs (modprobe ipvlan)"
    case .notPermitted: "the plugin may not create links on \(master); it must run as root"
    default: "\(master) cannot carry an ipvlan link"
    }
  }

  private func findBorn(_ pod: inout NetlinkSocket) throws(CNIError) -> Link {
    let name = plan.identity.temporaryName
    do throws(NetlinkError) {
      if let link = try pod.link(exactlyNamed: name) { return link }
    } catch {
      throw CNIError(.ioFailure, "cannot find link \(name), just made in \(podPath)", error)
    }
    throw CNIError(
      code: .ioFailure, message: "link \(name), just made in \(podPath), is gone",
      details: "something else removes links in this namespace")
  }

  private func bringUp(_ born: Link, _ pod: inout NetlinkSocket) throws(CNIError) {
    let name = plan.identity.name
    do throws(NetlinkError) {
      try pod.bringUp(index: born.index, renamed: name, alias: plan.identity.alias)
    } catch  where error.errno == .fileExists {
      throw CNIError(.interfaceNameTaken, "interface \(name) exists already in \(podPath)", error)
    } catch {
      throw CNIError(.masterUnusable, "cannot bring interface \(name) up in \(podPath)", error)
    }
  }

  private func configure(_ born: Link, _ pod: inout NetlinkSocket) throws(CNIError) -> [Int] {
    let (name, master) = (plan.identity.name, plan.link.parentName)
    do throws(NetlinkError) {
      return try pod.configure(
        link: born.index, addresses: plan.addresses.map(\.address), routes: plan.routes)
    } catch  where error.errno == .addressInUse {
      let addresses = plan.addresses.map { "\($0.address.address)" }.joined(separator: ", ")
      throw CNIError(.addressInUse, "address \(addresses) of \(name) is in use on master \(master)", error)
    } catch {
      throw CNIError(.configurationRefused, "the kernel refused to configure \(name) in \(podPath)", error)
    }
  }

  /// Runtimes switch IPv6 off in a pod's namespace (`disable_ipv6`); a pod that gets an IPv6 address needs it.
  private func enableIPv6(_ session: borrowing NodeSession) throws(CNIError) {
    let directory = "/proc/sys/net/ipv6/conf/\(plan.identity.name)"
    do throws(NetlinkError) {
      try session.podNamespace.run(returningTo: session.nodeNamespace) { () throws(NetlinkError) in
        do throws(Errno) {
          if try Files.read("\(directory)/disable_ipv6").first == UInt8(ascii: "1") {
            try Files.write("0", to: "\(directory)/disable_ipv6")
          }
        } catch {
          throw NetlinkError(operation: "write 0 to \(directory)/disable_ipv6", errno: error)
        }
      }
    } catch {
      throw CNIError(.configurationRefused, "cannot enable IPv6 on \(plan.identity.name)", error)
    }
  }

  /// Deletes the link that was made; when that fails too, both failures are told.
  private func undo(_ born: Link, _ pod: inout NetlinkSocket, after failure: CNIError) -> CNIError {
    do throws(NetlinkError) {
      try pod.deleteLink(born)
      return failure
    } catch {
      return failure.adding("the link could not be removed again: \(error); DEL removes it")
    }
  }
}

/// A link that stands and is configured.
struct AttachedLink: Sendable, Hashable {
  /// Its number in the pod.
  let index: Int32
  /// The positions of planned routes that the pod has already by another interface, which keeps them.
  let leftOut: [Int]
}
