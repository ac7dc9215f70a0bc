package import Addressing
package import CNI
package import IPAM
internal import Netlink
internal import Platform

/// What no living attachment owns: leases, links, and what the node has for pods.
///
/// It is found by looking at the leases first, then at the node, then at all namespaces. An ADD works the other way round,
/// so that whatever it has made by then is seen with its link, or is younger than ``Liveness/grace``. Where something cannot be
/// read, nothing that depends on it is garbage.
package struct Garbage {
  /// Whose garbage is looked for.
  package enum Scope {
    /// That of one network. `valid` are the attachments that the runtime lists; `nil` when it lists none.
    case network(String, valid: Set<Attachment>?)
    /// That of all networks, whose stores are all given. `namespaces` are those that somebody else knows of attachments,
    /// `isComplete` whether that somebody could be asked for all of them.
    case node(namespaces: [AttachmentID: String], isComplete: Bool)
  }

  /// Leases of one store whose holders are gone.
  package let leases: [(store: any IPAllocator, dead: [LeaseHolder])]
  /// Links of attachments that are gone, and those that a killed ADD has left.
  package let links: [IPVLANSlave]
  /// The addresses for which the node has something, and that no pod has.
  package let addresses: [IPAddress]
  /// Links with addresses that no attachment and no lease tells an owner of. Somebody else made them, and they stay.
  package let strangers: [IPVLANSlave]
  /// What could not be read, and what is therefore not looked at.
  package let failures: [CNIError]

  private let scope: Scope
  private let stores: [any IPAllocator]
  private let onlyLeases: Bool
  /// Whether all namespaces could be read.
  private let isComplete: Bool

  /// Looks, without changing anything.
  ///
  /// - Parameters:
  ///   - stores: every store of the scope.
  ///   - onlyLeases: links, and what the node has for pods, are left alone.
  package init(_ scope: Scope, stores: [any IPAllocator], onlyLeases: Bool = false) {
    self.scope = scope
    self.onlyLeases = onlyLeases
    self.stores = stores
    var failures: [CNIError] = []
    let holders = Self.holders(of: stores, in: scope, &failures)
    do throws(NetlinkError) {
      let host = try NetworkNamespace.host()
      let identity = try host.checkedIdentity()
      let before = onlyLeases ? [] : try NodeLeftovers().addresses
      let inventory = try SlaveInventory(host: host).complete()
      let links =
        onlyLeases
        ? []
        : Self.links(inventory, scope, holders)
          + Self.halfMadeLinks(inventory, scope, holders, host: host, &failures)
      // The links of an IPAM plugin's pods are another plugin's: without a list only the namespace tells who lives.
      let liveness = Liveness(
        inventory, without: links, valid: scope.valid,
        sparesUnknown: !scope.knowsNamespaces || (scope.isUnlisted && onlyLeases))
      self.links = links
      leases = zip(stores, holders).map { store, holders in
        (store, (holders ?? []).filter { scope.includes($0.attachment) && !liveness.isAlive($0) })
      }
      addresses = SweepLimits(inventory, without: links, scope: scope, holders: holders)
        .leftover(of: before)
      strangers = Self.strangers(inventory, scope, holders, host: identity)
      isComplete = true
    } catch {
      failures.append(
        CNIError(.ioFailure, "nothing is freed, since not all network namespaces can be read", error))
      (leases, links, addresses, strangers, isComplete) = ([], [], [], [], false)
    }
    self.failures = failures
  }

  /// Removes links, gives leases back, and takes away what the node has; goes on after a failure.
  ///
  /// - Parameter report: is told each thing that was done.
  /// - Returns: what could not be done, what could not be read included.
  package func collect(_ report: (Collected) -> Void) -> [CNIError] {
    guard isComplete else { return failures }
    var failures = failures
    let stuck = removeLinks(&failures, report)
    var known = Set(links.filter { !stuck.contains($0.place) }.flatMap { $0.addresses })
    let stuckAttachments = Set(
      links.filter { stuck.contains($0.place) }.compactMap { LinkIdentity.attachment(of: $0.link) })
    for (store, dead) in leases {
      do throws(AllocationError) {
        for holder in try store.free(dead.filter { !stuckAttachments.contains($0.attachment.noted) }) {
          known.formUnion(holder.addresses)
          report(.lease(holder))
        }
      } catch {
        failures.append(CNIError(error))
      }
    }
    guard !onlyLeases else { return failures }
    do throws(NetlinkError) {
      let swept = try NodeLeftovers.sweep(scope, stores: stores, known: known, &failures)
      for address in swept { report(.address(address)) }
    } catch {
      failures.append(CNIError(.ioFailure, "cannot remove what the node has for pods that are gone", error))
    }
    return failures
  }

  /// A thing that was freed.
  package enum Collected {
    case link(IPVLANSlave)
    case lease(LeaseHolder)
    case address(IPAddress)
  }

  /// - Returns: those that could not be removed, so that their addresses are still in use.
  private func removeLinks(
    _ failures: inout [CNIError], _ report: (Collected) -> Void
  ) -> Set<IPVLANSlave.Place> {
    var stuck: Set<IPVLANSlave.Place> = []
    for link in links {
      do throws(NetlinkError) {
        try link.remove(host: try NetworkNamespace.host())
        report(.link(link))
      } catch {
        stuck.insert(link.place)
        failures.append(
          CNIError(.ioFailure, "cannot remove link \(link.link.name) from \(link.namespace)", error))
      }
    }
    return stuck
  }

  /// The holders of each store; `nil` for one that cannot be read.
  static func holders(
    of stores: [any IPAllocator], in scope: Scope, _ failures: inout [CNIError]
  ) -> [[LeaseHolder]?] {
    stores.map { store in
      do throws(AllocationError) {
        return try store.holders().map { $0.knowing(netns: scope.namespace(of: $0.attachment)) }
      } catch {
        failures.append(CNIError(error))
        return nil
      }
    }
  }

  /// The links of the network's attachments that the runtime does not list, and in whose namespace no process lives. A
  /// list can be incomplete, and without one nothing tells that a pod with a link has ended.
  private static func links(
    _ inventory: CompleteInventory, _ scope: Scope, _ holders: [[LeaseHolder]?]
  ) -> [IPVLANSlave] {
    guard case .network(let network, let valid?) = scope else { return [] }
    // A link is as young as its lease. Of a store that cannot be read nobody knows.
    guard !holders.contains(where: { $0 == nil }) else { return [] }
    let holders = holders.flatMap { $0 ?? [] }
    let leased = Set(holders.map { $0.attachment.noted })
    let young = Set(holders.filter(Liveness.isYoung).map { $0.attachment.noted })
    let networks = [network, AttachmentID.noted(network: network)]
    let listed = Liveness.noted(valid)
    return inventory.slaves.filter { slave in
      guard let attachment = LinkIdentity.attachment(of: slave.link), networks.contains(attachment.network),
        slave.isOfNode(leased.contains(attachment)), !inventory.isOccupied(slave), !young.contains(attachment)
      else { return false }
      return !listed.contains(Attachment(containerID: attachment.containerID, ifname: attachment.ifname))
    }
  }

  /// Only all stores tell that nobody has leased an address.
  private static func strangers(
    _ inventory: CompleteInventory, _ scope: Scope, _ holders: [[LeaseHolder]?],
    host: NetworkNamespace.Identity
  ) -> [IPVLANSlave] {
    guard case .node = scope, !holders.contains(where: { $0 == nil }) else { return [] }
    let leased = Set(holders.flatMap { $0 ?? [] }.flatMap { $0.addresses })
    return inventory.slaves.filter { slave in
      slave.parent == .inMastersNamespace && slave.namespaceID != host
        && LinkIdentity.attachment(of: slave.link) == nil
        && !LinkIdentity.isHalfMade(slave.link) && !slave.addresses.isEmpty
        && !slave.addresses.contains(where: leased.contains)
    }
  }

  /// How long a link that an ADD has begun is watched, in milliseconds; an ADD finishes it in a few.
  private static let halfMadePause = 5000

  /// The links that an ADD has made and never finished, since it was killed.
  private static func halfMadeLinks(
    _ inventory: CompleteInventory, _ scope: Scope, _ holders: [[LeaseHolder]?],
    host: borrowing NetworkNamespace, _ failures: inout [CNIError]
  ) -> [IPVLANSlave] {
    guard case .node = scope else { return [] }
    let leased = holders.flatMap { $0 ?? [] }.map { LinkIdentity($0.attachment) }
    let suspects = inventory.slaves.filter { slave in
      LinkIdentity.isHalfMade(slave.link)
        && slave.isOfNode(leased.contains { $0.isLeftover(slave.link) })
    }
    guard !suspects.isEmpty else { return [] }
    pause(milliseconds: halfMadePause)
    var halfMade: [IPVLANSlave] = []
    for suspect in suspects {
      do throws(NetlinkError) {
        guard let namespace = try NetworkNamespace.open(suspect.namespace, identity: suspect.namespaceID)
        else { continue }
        var socket = try namespace.openSocket(returningTo: host)
        guard let link = try socket.link(index: suspect.link.index) else { continue }
        if link.name == suspect.link.name, LinkIdentity.isHalfMade(link) { halfMade.append(suspect) }
      } catch {
        failures.append(
          CNIError(
            .ioFailure, "link \(suspect.link.name) in \(suspect.namespace) stays, which an ADD has begun",
            error))
      }
    }
    return halfMade
  }
}

extension IPVLANSlave {
  /// Whether the link is this node's, so that it may be removed. That of a link whose master is in the pod is told by
  /// the node's leases alone: a machine can hold several nodes, and the other's pod has no process where the runtime
  /// keeps its namespace.
  fileprivate func isOfNode(_ isLeased: @autoclosure () -> Bool) -> Bool {
    switch parent {
    case .inMastersNamespace: true
    case .besideTheLink: isLeased()
    case .elsewhere: false
    }
  }
}

extension Garbage.Scope {
  var valid: Set<Attachment>? {
    switch self {
    case .network(_, let valid): valid
    case .node: nil
    }
  }

  func includes(_ attachment: AttachmentID) -> Bool {
    switch self {
    case .network(let network, _): attachment.network == network
    case .node: true
    }
  }

  func namespace(of attachment: AttachmentID) -> String? {
    switch self {
    case .network: nil
    case .node(let namespaces, _): namespaces[attachment]
    }
  }

  /// Whether everybody who could tell the namespaces of attachments was asked.
  var knowsNamespaces: Bool {
    switch self {
    case .network: true
    case .node(_, let isComplete): isComplete
    }
  }

  /// Whether it is that of a network of which the runtime has listed nothing.
  var isUnlisted: Bool {
    switch self {
    case .network(_, let valid): valid == nil
    case .node: false
    }
  }
}
