internal import Addressing
internal import CNI
internal import IPAM
internal import Netlink

/// CHECK: compares the kernel and the lease with what ADD answered, and tells every difference at once.
///
/// What later plugins of the chain added, further addresses and routes, is no difference.
struct Checker {
  private let request: Request
  private let configuration: PluginConfiguration
  private let expected: CNIResult
  private let allocator: (any IPAllocator)?
  private let identity: LinkIdentity
  private let log: OperationLog

  /// Reads the whole configuration.
  /// - Throws: ``CNIError`` for anything in it that cannot be used, and for a missing prevResult.
  init(_ request: Request, log: OperationLog) throws(CNIError) {
    self.request = request
    self.log = log
    let keys = try PluginConfiguration(request.configuration.fields)
    allocator = try AllocatorFactory.allocator(for: request)
    identity = LinkIdentity(AttachmentID(request))
    guard let previous = try request.configuration.prevResult() else {
      throw CNIError(
        code: .invalidConfiguration, message: "key \"prevResult\" is required for CHECK",
        details: "it is what ADD answered")
    }
    expected = previous
    configuration = try keys.chained(behind: previous, ifname: request.ifname)
  }

  /// Silent when everything is as it was made.
  /// - Throws: ``CNIError`` with code 106 and every difference in its details, or the allocator's own code.
  func run() throws(CNIError) {
    let netns = request.netns ?? ""
    var session = try NodeSession(
      podNamespace: netns, allowsOwnNamespace: request.allowsOwnNamespace,
      isMasterInPod: configuration.isLinkInContainer)
    guard let position = position(in: session, netns) else { throw stranger(netns) }
    let expectation = AttachmentExpectation(expected, interface: position)
    let addresses = expectation.addresses
    var differences: [String] = []
    var master: Link?
    do throws(CNIError) { master = try findMaster(&session) } catch { differences.append(error.message) }
    do throws(NetlinkError) {
      if let link = try session.pod.link(exactlyNamed: identity.name) {
        if configuration.nodeAccess == .fenced, link.alias == identity.alias {
          differences += try compareFence(addresses)
        }
        differences += try compare(link, with: expected.interfaces[position], on: master, &session)
        let present = try session.pod.addresses(ofLink: link.index)
        differences += AddressComparison(addresses, on: link, among: present).differences
        differences += try occupied(addresses, link, &session)
        differences += try expectation.unmetRoutes(with: present, through: &session.pod).map { $0.clause }
      } else {
        differences.append(try missing(netns, &session.pod))
      }
      if configuration.nodeAccess == .open, let master {
        differences += try compareHostAccess(addresses, master, &session.node)
      }
    } catch {
      throw CNIError(.ioFailure, "cannot read the state of \(identity.name) in \(netns)", error)
    }
    log.endStep("kernel")
    try checkLease(addresses, &differences)
    log.endStep("lease")
    guard !differences.isEmpty else { return }
    throw CNIError(
      code: .checkFailed,
      message: "interface \(identity.name) in \(netns) is not as ADD made it: \(differences.count) "
        + (differences.count == 1 ? "difference" : "differences"),
      details: differences.joined(separator: "; "))
  }

  private func missing(_ netns: String, _ pod: inout NetlinkSocket) throws(NetlinkError) -> String {
    let renamed = try pod.ipvlanLinks().first { $0.alias == identity.alias }
    return "interface \(identity.name) is missing" + (renamed.map { ": it was renamed to \($0.name)" } ?? "")
  }

  private func compare(
    _ link: Link, with entry: CNIResult.Interface, on master: Link?, _ session: inout NodeSession
  ) throws(NetlinkError) -> [String] {
    guard link.isIPVLAN else {
      return ["\(link.name) is a link of kind \(link.kind ?? "device"), not ipvlan"]
    }
    var differences: [String] = []
    let (mode, flag) = (link.ipvlanMode ?? .l2, link.ipvlanFlag ?? .bridge)
    if !link.isUp { differences.append("\(link.name) is down") }
    if mode != configuration.mode {
      differences.append("mode is \(mode), configured is \(configuration.mode)")
    }
    if flag != configuration.flag {
      differences.append("flag is \(flag), configured is \(configuration.flag)")
    }
    if let mac = entry.mac, MACAddress(mac) != link.mac {
      differences.append("MAC address is \(link.mac?.description ?? "none"), ADD answered \(mac)")
    }
    if let mtu = entry.mtu.map(UInt32.init(clamping:)) ?? configuration.mtu, mtu != 0, mtu != link.mtu {
      differences.append("MTU is \(link.mtu), expected is \(mtu)")
    }
    if let master { differences += try compareParent(link, master, &session) }
    return differences
  }

  private func findMaster(_ session: inout NodeSession) throws(CNIError) -> Link {
    try session.withMasterSocket { socket throws(CNIError) in
      try Master.find(configuration.master, through: &socket)
    }
  }

  /// The parent by number and namespace: a name may have gone over to another link.
  private func compareParent(
    _ link: Link, _ master: Link, _ session: inout NodeSession
  ) throws(NetlinkError) -> [String] {
    let number = session.isMasterInPod ? nil : try session.pod.namespaceID(of: session.nodeNamespace)
    let isSameNamespace = link.parentNamespaceID == nil && session.hasOneNamespace
    if link.parentIndex == master.index, link.parentNamespaceID == number || isSameNamespace { return [] }
    return [
      "\(link.name) does not stand on master \(master.name) (link \(master.index)) but on link "
        + "\(link.parentIndex.map { "\($0)" } ?? "none")"
    ]
  }

  /// Somebody may have put an address of the pod on the node, too: it answers for the pod from then on.
  private func occupied(
    _ addresses: [AddressAssignment], _ link: Link, _ session: inout NodeSession
  ) throws(NetlinkError) -> [String] {
    let own = session.isMasterInPod || session.hasOneNamespace ? link.index : nil
    let occupied = try session.withMasterSocket { socket throws(NetlinkError) in
      try NodeAddresses.onLinks(except: own, through: &socket)
    }
    return addresses.compactMap { assignment in
      occupied.entries.first { $0.address == assignment.address.address }
    }.map { entry in "address \(entry): packets for the pod reach one or the other" }
  }

  private func compareHostAccess(
    _ addresses: [AddressAssignment], _ master: Link, _ node: inout NetlinkSocket
  ) throws(NetlinkError) -> [String] {
    try HostAccessComparison(
      on: master, addresses: addresses.map { $0.address.address },
      gateways: addresses.compactMap { $0.gateway }
    ).differences(&node).map { $0.description }
  }

  private func compareFence(_ addresses: [AddressAssignment]) throws(NetlinkError) -> [String] {
    try Fence.missing(addresses.map { $0.address.address }).map { address in
      "\(address) is missing from nftables table inet \(Fence.tableName): the pod may reach the node and Services"
    }
  }

  private func checkLease(
    _ addresses: [AddressAssignment], _ differences: inout [String]
  ) throws(CNIError) {
    // With the wishes of ADD: an address that was asked for takes the place of a configured one.
    let wish = try AllocationRequest(request)
    do throws(AllocationError) {
      try allocator?.check(wish, addresses: addresses)
    } catch  where error.kind == .notHeld {
      differences.append(error.details.isEmpty ? error.message : "\(error.message) (\(error.details))")
    } catch {
      throw CNIError(error)
    }
  }

  /// Where in prevResult the interface of this name in this namespace is, by whatever path; `nil` where it is not.
  private func position(in session: borrowing NodeSession, _ netns: String) -> Int? {
    expected.position(of: identity.name) { $0 == netns || session.isPodNamespace($0) }
  }

  /// A result of another pod's, or of other plugins alone, says nothing of this interface.
  private func stranger(_ netns: String) -> CNIError {
    let places = expected.interfaces.map { "\($0.name) in \($0.sandbox ?? "the node")" }
    return CNIError(
      code: .invalidConfiguration,
      message: "key \"prevResult\" has no interface \(identity.name) in \(netns)",
      details: places.isEmpty ? "it has no interface at all" : "it has \(places.joined(separator: ", "))")
  }
}
