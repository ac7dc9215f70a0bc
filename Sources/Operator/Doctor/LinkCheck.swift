internal import Addressing
internal import IPAM
internal import Netlink
internal import Platform

/// Links in pods must be there and finished, and no two may have the same address.
struct LinkCheck: StateCheck {
  static func findings(_ state: NodeState) -> [Finding] {
    halfMade(state) + missing(state) + duplicates(state)
  }

  private static func halfMade(_ state: NodeState) -> [Finding] {
    state.garbage.links.map { slave in
      Finding(
        .halfMadeLink,
        "link \(slave.link.name) in \(NamespacePlace.name(slave.namespace)) was left by an ADD that was killed",
        consequence: "it keeps its master's mode, and nobody removes it", remedy: "ipvlanctl gc",
        fix: .collectGarbage)
    }
  }

  /// The runtime believes in an attachment, its namespace lives, and the link is not there.
  private static func missing(_ state: NodeState) -> [Finding] {
    let homeMasters = Set(state.subjects.filter { $0.master != nil }.map(\.network.name))
    return state.inventory.cache.attachments.filter { entry in
      entry.usesIPVLAN && homeMasters.contains(entry.id.network)
        && (entry.netns.map(NetworkNamespace.exists) ?? false)
        && state.inventory.slave(of: entry.id) == nil
    }.map { entry in
      let pod = entry.pod.map { "pod \($0)" } ?? "container \(entry.id.shortContainerID)"
      return Finding(
        .linkMissing, "\(pod) has lost its interface \(entry.id.ifname) on network \(entry.id.network)",
        consequence: "the pod is not reachable there", remedy: entry.restart)
    }
  }

  private static func duplicates(_ state: NodeState) -> [Finding] {
    var holders: [IPAddress: [Holder]] = [:]
    for slave in state.podLinks {
      for host in slave.hosts { holders[host, default: []].append(Holder(slave, of: host, state)) }
    }
    for own in state.inventory.nodeAddresses {
      guard let pods = holders[own.address.address] else { continue }
      let remedy =
        state.nodeAddresses.removal(of: own) ?? withdrawal(of: own.address.address, state)
        ?? pods[0].remedy
      holders[own.address.address] =
        pods + [
          Holder(
            name: "the node's \(state.nodeAddresses.link(of: own))", hasLease: false, remedy: remedy)
        ]
    }
    return holders.filter { $0.value.count > 1 }.sorted { $0.key < $1.key }.compactMap { address, holders in
      guard let wrong = holders.last(where: { !$0.hasLease }) ?? holders.last else { return nil }
      let names = holders.map(\.name).joined(separator: ", ")
      return Finding(
        .duplicateAddress, "\(address) is in use twice: \(names)",
        consequence: "packets reach one or the other", remedy: wrong.remedy)
    }
  }

  /// Somebody who has an address that somebody else has too.
  fileprivate struct Holder {
    let name: String
    /// Whether a lease says that the address is this one's.
    let hasLease: Bool
    /// What takes the address from this one, and leaves nobody without any.
    let remedy: ShellCommand
  }

  /// Where the node cannot do without it, the pool must, and then the pod.
  private static func withdrawal(of address: IPAddress, _ state: NodeState) -> ShellCommand? {
    let pools = state.subjects.flatMap(\.pools).map(\.pool)
    guard let pool = pools.first(where: { $0.addresses.contains(address) }),
      let slave = state.podLinks.first(where: { $0.hosts.contains(address) })
    else { return nil }
    let restart = slave.restart
    let withdrawal = PoolCheck.withdrawal(of: address, from: pool)
    return restart.map { "\(withdrawal), then: \($0)" } ?? withdrawal
  }
}

extension LinkCheck.Holder {
  /// A link of a pod's, or one that is nobody's.
  fileprivate init(_ slave: NodeLink, of address: IPAddress, _ state: NodeState) {
    name = slave.subject
    hasLease = state.leases.entries.contains {
      $0.address == address && $0.cooldown == nil && $0.attachment == slave.attachment
    }
    remedy = slave.restart ?? "\(slave.place.prefix)ip link delete dev \(slave.link.name)"
  }
}

extension NodeLink {
  /// The command that gives its pod the interface anew; `nil` for a link that no attachment owns.
  var restart: ShellCommand? {
    cached?.restart
      ?? attachment.map { CachedAttachment.restart(pod: pod, containerID: $0.containerID) }
  }

  /// The link and whose it is, in words.
  var subject: String {
    let owner = pod.map { "pod \($0)" } ?? attachment.map { "container \($0.shortContainerID)" } ?? place.name
    return "\(link.name) of \(owner)"
  }
}

extension CachedAttachment {
  /// The command that gives the pod its interface anew.
  var restart: ShellCommand { Self.restart(pod: pod, containerID: id.containerID) }

  static func restart(pod: String?, containerID: String) -> ShellCommand {
    let parts = pod?.split(separator: "/") ?? []
    return parts.count == 2
      ? "kubectl --namespace \(parts[0]) delete pod \(parts[1])" : "crictl stopp \(containerID)"
  }
}
