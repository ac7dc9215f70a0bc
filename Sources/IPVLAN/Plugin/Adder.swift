internal import Addressing
internal import CNI
internal import IPAM
internal import Netlink
internal import Platform

/// ADD: attaches the pod, all or nothing.
///
/// Open the namespaces, check everything, allocate addresses, plan, carry the plan out, answer. When a part fails, those
/// before it are undone.
struct Adder {
  private let request: Request
  private let configuration: PluginConfiguration
  private let prevResult: CNIResult?
  private let source: AddressSource
  private let wish: AllocationRequest
  private let identity: LinkIdentity
  private let ownDNS: DNSConfiguration
  private let log: OperationLog

  /// Reads the whole configuration.
  /// - Throws: ``CNIError`` for anything in it that cannot be used.
  init(_ request: Request, log: OperationLog) throws(CNIError) {
    self.request = request
    self.log = log
    prevResult = try request.configuration.prevResult()
    configuration = try PluginConfiguration(request.configuration.fields)
      .chained(behind: prevResult, ifname: request.ifname)
    source = try AddressSource(request, prevResult: prevResult)
    wish = try AllocationRequest(request)
    identity = LinkIdentity(AttachmentID(request))
    ownDNS = try request.configuration.dns()
  }

  /// How often it is looked whether a link that is not finished becomes so.
  private static let looks = 20

  /// Attaches the pod.
  /// - Throws: ``CNIError``; then kernel and lease store are as before. What could not be undone is in its details.
  func run() throws(CNIError) -> CNIResult {
    let netns = request.netns ?? ""
    var session = try NodeSession(
      podNamespace: netns, allowsOwnNamespace: request.allowsOwnNamespace,
      isMasterInPod: configuration.isLinkInContainer)
    let master = try findMaster(&session)
    try refuseTakenName(&session.pod, netns)
    let mode = try SharedMode(configuration.mode, configuration.flag, of: master, session)
    log.endStep("prepare")

    var wish = wish
    wish.occupied = try occupiedAddresses(master, &session)
    let allocation = try source.allocate(wish)
    for remark in allocation.remarks { log.note(remark) }
    for entry in allocation.passedOver { log.note("passed over \(entry)") }
    log.endStep("allocate")
    let plan: AttachmentPlan
    do throws(CNIError) {
      plan = try self.plan(allocation, master)
    } catch {
      throw source.undo(allocation, of: wish, after: error)
    }
    var attacher = Attacher(plan, mode, podPath: netns, log: log)
    do throws(CNIError) {
      let leftOut = try attacher.run(&session)
      return plan.result(
        without: leftOut, sandbox: netns, extending: prevResult, isFromPrevious: source.isPrevResult,
        dns: dns(allocation.dns))
    } catch {
      // As in DEL: an address that another pod gets must not be on a link any more.
      guard !attacher.leavesLink else { throw error.adding("the addresses stay this pod's until then") }
      throw source.undo(allocation, of: wish, after: error)
    }
  }

  /// What is going to be made, with addresses that the link can have.
  private func plan(_ allocation: Allocation, _ master: Link) throws(CNIError) -> AttachmentPlan {
    let plan = AttachmentPlan(identity, on: master, configuration: configuration, allocation: allocation)
    try IPv6Obstacle.refuse(plan.addresses.map { $0.address.family }, mtu: plan.mtu)
    return plan
  }

  private func findMaster(_ session: inout NodeSession) throws(CNIError) -> Link {
    let master = try session.withMasterSocket { socket throws(CNIError) in
      try Master.find(configuration.master, through: &socket)
    }
    try Master.validate(master, mtu: configuration.mtu)
    try request.refuseOtherMAC(than: master)
    return master
  }

  private func occupiedAddresses(
    _ master: Link, _ session: inout NodeSession
  ) throws(CNIError) -> OccupiedAddresses {
    do throws(NetlinkError) {
      return try session.withMasterSocket { socket throws(NetlinkError) in
        try NodeAddresses.occupied(by: master, through: &socket)
      }
    } catch {
      throw CNIError(.ioFailure, "cannot list the addresses that are in use on master \(master.name)", error)
    }
  }

  /// Told before an address is taken; the kernel refuses it too, but only when the link is made.
  private func refuseTakenName(_ pod: inout NetlinkSocket, _ netns: String) throws(CNIError) {
    let taken: Link?
    do throws(NetlinkError) {
      taken = try finishedLink(&pod)
      if let taken, identity.isLeftover(taken) { return try pod.deleteLink(taken) }
    } catch {
      throw CNIError(.ioFailure, "cannot look up interface \(identity.name) in \(netns)", error)
    }
    guard let taken else { return }
    let owner =
      identity.owns(taken) && taken.alias != nil ? "this attachment's own, made by an earlier ADD" : nil
    throw CNIError(
      code: .interfaceNameTaken, message: "interface \(identity.name) exists already in \(netns)",
      details:
        "it is \(owner ?? "a link of kind \(taken.kind ?? "device")"); call DEL first, or choose another name"
    )
  }

  /// The link of that name. Another call for the same attachment may be making it at this moment, which takes
  /// milliseconds. A link that a killed call left stays unfinished.
  private func finishedLink(_ pod: inout NetlinkSocket) throws(NetlinkError) -> Link? {
    var link = try pod.link(exactlyNamed: identity.name)
    for _ in 0..<Self.looks {
      guard let found = link, identity.isLeftover(found) else { break }
      pause(milliseconds: 50)
      link = try pod.link(exactlyNamed: identity.name)
    }
    return link
  }

  /// The configuration's own settings go before the allocator's, and those before the earlier plugins'.
  private func dns(_ allocated: DNSConfiguration) -> DNSConfiguration {
    if !ownDNS.isEmpty { return ownDNS }
    return allocated.isEmpty ? prevResult?.dns ?? allocated : allocated
  }
}
