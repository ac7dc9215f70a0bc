internal import Addressing
internal import CNI
internal import IPAM
internal import JSON
internal import Netlink

/// DEL: removes the link, then gives the addresses back, in this order: an address that another pod gets
/// must not be on a link any more.
///
/// It reads as little of the configuration as it can, so that a broken one does not keep it from its work.
struct Deleter {
  private let request: Request
  private let identity: LinkIdentity
  private let log: OperationLog

  init(_ request: Request, log: OperationLog) {
    self.request = request
    self.log = log
    identity = LinkIdentity(AttachmentID(request))
  }

  /// Detaches the pod. A link or lease that is gone already is no error.
  /// - Throws: ``CNIError`` when something is left; calling again goes on where this call stopped.
  func run() throws(CNIError) {
    try removeLink()
    log.endStep("remove")
    guard let allocator = try AllocatorFactory.allocator(for: request) else { return }
    do throws(AllocationError) {
      try allocator.release(AllocationRequest(identityOf: request))
    } catch {
      throw CNIError(error)
    }
    log.endStep("release")
  }

  private func removeLink() throws(CNIError) {
    guard let path = request.netns, var session = try openSession(path) else {
      return try removeWherever()
    }
    var wasThere = false
    do throws(NetlinkError) {
      let link = try LinkRemover.find(identity, in: &session.pod)
      if try !isAnothers(link, session) {
        let cleanup = try close(link, &session)
        wasThere = try LinkRemover.remove(link, of: identity, in: &session.pod)
        _ = consume cleanup
      }
    } catch {
      throw CNIError(.ioFailure, "cannot remove interface \(identity.name) from \(path)", error)
    }
    // The path may lead to another namespace by now: the number of a process is given again.
    if !wasThere { try removeWherever() }
  }

  /// A link without a note may be the reference plugin's for this pod, or for another one that lives at the path by
  /// now: not this pod's, whose link with its note is elsewhere.
  private func isAnothers(_ link: Link?, _ session: borrowing NodeSession) throws(NetlinkError) -> Bool {
    guard let link, link.alias == nil, !identity.isLeftover(link) else { return false }
    return try SlaveInventory(host: session.nodeNamespace).slaves
      .contains { $0.link.alias == identity.alias }
  }

  /// What is to be kept until the link is removed: the end of each waits for the kernel to clean up.
  private struct Cleanup: ~Copyable {
    var fence: NetfilterSocket?
    var filter: NetfilterSocket?
  }

  /// Takes back what the node has for the pod, while its link still tells its addresses and its master.
  ///
  /// The fence and the way both, whatever the configuration says: somebody may have edited `hostAccess` since ADD. It
  /// tells only where most often nothing is.
  private func close(_ link: Link?, _ session: inout NodeSession) throws(NetlinkError) -> Cleanup {
    let traces = PossibleTraces(request.configuration.fields)
    guard let link, traces.areAny(behind: link.ipvlanMode), try isMasterOnNode(link, traces, &session) else {
      return Cleanup()
    }
    let present = try session.pod.addresses(ofLink: link.index).map { $0.address.address }
      .filter { !$0.isLinkLocal }
    // Somebody may have taken some off the link.
    let addresses = present + toldAddresses.filter { !present.contains($0) }
    let way = try HostAccessPodRemoval(to: link, addresses, &session)
    // Whoever has taken all addresses off the link has left what the node has for them.
    if addresses.isEmpty || (way == nil && traces.hasHostAccess == true) { sweep() }
    let fence =
      traces.hasHostAccess == false
      ? try Fence.release(addresses, host: session.nodeNamespace)
      : try Fence.releaseStray(addresses, host: session.nodeNamespace)
    let filter = try way?.carryOut(&session.node, isExpected: traces.hasHostAccess == true)
    return Cleanup(fence: fence, filter: filter)
  }

  /// Whether the link's master is one of the node's. With a master in the pod the node has nothing.
  private func isMasterOnNode(
    _ link: Link, _ traces: PossibleTraces, _ session: inout NodeSession
  ) throws(NetlinkError) -> Bool {
    guard let number = link.parentNamespaceID else { return session.hasOneNamespace }
    // It is not in the pod; where the configuration does not say that it is, it can only be on the node.
    if traces.hasMasterOnNode { return true }
    return try session.pod.namespaceID(of: session.nodeNamespace) == number
  }

  /// What prevResult says that ADD gave to this interface; nothing when there is none, or none that can be read.
  private var toldAddresses: [IPAddress] {
    guard let result = try? request.configuration.prevResult() else { return [] }
    return result.addresses(ofInterface: result.position(of: identity.name), andUnassigned: false)
      .map { $0.address.address }
  }

  /// The link is gone and does not tell its addresses any more. What belongs to nobody goes; where that cannot be told, it
  /// stays for GC: DEL has done its own work.
  private func sweep() {
    let store: (any IPAllocator)?
    do throws(CNIError) { store = try AllocatorFactory.allocator(for: request) } catch {
      log.note(
        "what the node has for pods that are gone is left for GC, since it cannot be told who has leases: \(error.message)"
      )
      return
    }
    var failures: [CNIError] = []
    do throws(NetlinkError) {
      let swept = try NodeLeftovers.sweep(
        .network(request.configuration.name, valid: nil), stores: [store].compactMap { $0 },
        known: Set(toldAddresses), of: AttachmentID(request), &failures)
      for address in swept { log.note("removed what the node had for \(address), which no pod has") }
    } catch {
      log.note("what the node has for pods that are gone is left for GC: \(error)")
    }
    for failure in failures {
      log.note("what the node has for other pods is left for GC: \(failure.message)")
    }
  }

  /// `nil` when the namespace is gone, and all of its links with it. Another namespace may have the path by now; it is not this pod's.
  private func openSession(_ path: String) throws(CNIError) -> NodeSession? {
    guard NetworkNamespace.exists(at: path) else {
      log.note("CNI_NETNS \(path) is no network namespace any more")
      return nil
    }
    guard request.allowsOwnNamespace || !NodeSession.isOwnNamespace(path) else {
      log.note("CNI_NETNS \(path) is the node's own network namespace by now")
      return nil
    }
    // Where the master lies is asked of the link: DEL may have no configuration that says it.
    return try NodeSession(
      podNamespace: path, allowsOwnNamespace: request.allowsOwnNamespace, isMasterInPod: false)
  }

  /// A namespace can live on without its path, as long as a process is in it: the link's note tells. Also where the
  /// link has got another name.
  private func removeWherever() throws(CNIError) {
    do throws(NetlinkError) {
      let node = try NetworkNamespace.host()
      let inventory = try SlaveInventory(host: node)
      for slave in inventory.slaves where slave.link.alias == identity.alias {
        log.note("found the link in \(slave.namespace)")
        try slave.remove(host: node)
      }
      // DEL makes progress: the kernel refuses an address twice on one master.
      for unread in inventory.unread {
        log.note("the link may be in a namespace that is not searched: \(unread)")
      }
      if PossibleTraces(request.configuration.fields).mayBeLeft { sweep() }
    } catch {
      throw CNIError(
        .ioFailure, "cannot remove interface \(identity.name), which is not in its namespace any more", error)
    }
  }
}

/// What ADD may have left on the node for a pod, as far as DEL can tell.
///
/// Multus' daemon remembers of a configuration the keys that it knows, and calls DEL with those alone when the API server has the
/// pod no more (4.3). So where none of the plugin's own keys is there, nothing is known of them. A key that cannot be read
/// tells nothing either. Cleaning up what was never made does no harm.
struct PossibleTraces {
  /// Whether the pod is to have host access; else it may be behind the fence. `nil` when that is not known.
  let hasHostAccess: Bool?
  /// Whether the configuration is known, and puts the master on the node.
  let hasMasterOnNode: Bool
  private let mode: IPVLANMode?
  private let isLinkInContainer: Bool

  init(_ fields: JSONFields) {
    let isWhole = PluginConfiguration.keys.contains { fields.value($0) != nil }
    do throws(JSONFieldError) {
      hasHostAccess = try fields.bool("hostAccess") ?? (isWhole ? false : nil)
    } catch {
      hasHostAccess = nil
    }
    do throws(JSONFieldError) { isLinkInContainer = try fields.bool("linkInContainer") ?? false } catch {
      isLinkInContainer = false
    }
    hasMasterOnNode = isWhole && !isLinkInContainer
    do throws(JSONFieldError) {
      let text = try fields.string("mode") ?? ""
      mode = text.isEmpty ? (isWhole ? .l2 : nil) : IPVLANMode(text)
    } catch {
      mode = nil
    }
  }

  /// Whether there may be any of a pod whose link has this mode now: somebody may have given the links of a master another
  /// one. Where the master lies the link tells.
  func areAny(behind present: IPVLANMode?) -> Bool {
    hasHostAccess == true || present != .l2 || mode.map { $0 != .l2 } ?? false
  }

  /// Whether there may be any of a pod whose link is gone. Its mode is not known any more: that of the configuration may be
  /// newer than ADD.
  var mayBeLeft: Bool { hasHostAccess == true || !isLinkInContainer }
}
