internal import Addressing
internal import CNI
internal import IPPool
internal import Netlink
internal import Platform

/// ADD: attaches the pod, all or nothing.
///
/// Everything is checked before the first side effect; then come addresses, link, announcement, in an order
/// in which each can be taken back.
struct Adder {
  private let request: Request
  private let configuration: PluginConfiguration
  private let prevResult: CNIResult?
  private let source: AddressSource
  private let wish: AllocationRequest
  private let identity: LinkIdentity
  private let ownDNS: DNSConfiguration

  /// Reads the whole configuration.
  /// - Throws: ``CNIError`` for anything in it that cannot be used.
  init(_ request: Request) throws(CNIError) {
    self.request = request
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
  /// - Throws: ``CNIError``; then kernel and lease store are as before.
  func run(log: inout OperationLog) throws(CNIError) -> CNIResult {
    let netns = request.netns ?? ""
    var session = try NodeSession(podNamespace: netns, allowsOwnNamespace: request.allowsOwnNamespace)
    let master = try findMaster(&session)
    try refuseTakenName(&session.pod, netns)
    var sharedMode = try sharedMode(of: master, session)
    log.endStep("prepare")

    var wish = wish
    wish.occupied = try occupiedAddresses(master, &session)
    let allocation = try source.allocate(wish)
    for remark in allocation.remarks { log.note(remark) }
    for entry in allocation.passedOver { log.note("passed over \(entry)") }
    log.endStep("allocate")
    do throws(CNIError) {
      try refuseGateways(allocation, master, &session)
      let plan = AttachmentPlan(identity, on: master, configuration: configuration, allocation: allocation)
      try IPv6Obstacle.refuse(plan.addresses.map { $0.address.family }, mtu: plan.mtu)
      let attacher = Attacher(plan, podPath: netns)
      try hold(&sharedMode, session)
      let link = try attacher.attach(&session, linkInContainer: configuration.isLinkInContainer, log: &log)
      sharedMode.settle(on: link.index, in: session.podNamespace, path: netns)
      // Held until here: see OwnedDescriptor.
      _ = consume sharedMode
      if configuration.hasHostAccess {
        do throws(CNIError) {
          try HostAccess(on: master, configuration).admit(plan.addresses, &session, log: &log)
        } catch {
          throw attacher.detach(link, &session.pod, after: error)
        }
      } else if Fence.encloses(configuration) {
        enclose(plan.addresses.map { $0.address.address }, session, &log)
      }
      return plan.result(
        link, sandbox: netns, extending: prevResult, isFromPrevious: source.isPrevResult,
        dns: dns(allocation.dns))
    } catch {
      throw source.undo(allocation, of: wish, after: error)
    }
  }

  private func findMaster(_ session: inout NodeSession) throws(CNIError) -> Link {
    let master =
      try configuration.isLinkInContainer
      ? Master.find(configuration.master, through: &session.pod)
      : Master.find(configuration.master, through: &session.node)
    try Master.validate(master, mtu: configuration.mtu)
    try request.refuseOtherMAC(than: master)
    return master
  }

  private func occupiedAddresses(
    _ master: Link, _ session: inout NodeSession
  ) throws(CNIError) -> OccupiedAddresses {
    do throws(NetlinkError) {
      return try configuration.isLinkInContainer
        ? NodeAddresses.occupied(by: master, through: &session.pod)
        : NodeAddresses.occupied(by: master, through: &session.node)
    } catch {
      throw CNIError(.ioFailure, "cannot list the addresses that are in use on master \(master.name)", error)
    }
  }

  private func refuseGateways(
    _ allocation: Allocation, _ master: Link, _ session: inout NodeSession
  ) throws(CNIError) {
    try configuration.isLinkInContainer
      ? NodeAddresses.refuseGateways(allocation, on: master, through: &session.pod)
      : NodeAddresses.refuseGateways(allocation, on: master, through: &session.node)
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

  private func sharedMode(of master: Link, _ session: borrowing NodeSession) throws(CNIError) -> SharedMode {
    try configuration.isLinkInContainer
      ? SharedMode(
        configuration.mode, configuration.flag, of: master, in: session.podNamespace,
        home: session.nodeNamespace)
      : SharedMode(
        configuration.mode, configuration.flag, of: master, in: session.nodeNamespace,
        home: session.nodeNamespace)
  }

  private func hold(_ mode: inout SharedMode, _ session: borrowing NodeSession) throws(CNIError) {
    if configuration.isLinkInContainer {
      try mode.hold(in: session.podNamespace, home: session.nodeNamespace)
    } else {
      try mode.hold(in: session.nodeNamespace, home: session.nodeNamespace)
    }
  }

  /// A pod works without the fence.
  private func enclose(_ addresses: [IPAddress], _ session: borrowing NodeSession, _ log: inout OperationLog)
  {
    do throws(NetlinkError) {
      try Fence.enclose(addresses, home: session.nodeNamespace)
    } catch {
      log.note("\(identity.name) is not kept from the node and from Services: \(error)")
    }
    log.endStep("fence")
  }

  /// The configuration's own settings go before the allocator's, and those before the earlier plugins'.
  private func dns(_ allocated: DNSConfiguration) -> DNSConfiguration {
    if !ownDNS.isEmpty { return ownDNS }
    return allocated.isEmpty ? prevResult?.dns ?? allocated : allocated
  }
}
