internal import Addressing
internal import IPPool
internal import Netlink
internal import Platform

/// Links in pods must be there and finished, and no two may have the same address.
struct LinkCheck {
  static func findings(_ examination: Examination) -> [Finding] {
    halfMade(examination) + missing(examination) + duplicates(examination)
  }

  private static func halfMade(_ examination: Examination) -> [Finding] {
    examination.garbage.links.map { slave in
      Finding(
        .halfMadeLink,
        "link \(slave.link.name) in \(NamespacePlace.name(slave.namespace)) was left by an ADD that was killed",
        consequence: "it keeps its master's mode, and nobody removes it", remedy: "ipvlanctl gc",
        fix: .collectGarbage)
    }
  }

  /// The runtime believes in an attachment, its namespace lives, and the link is not there.
  private static func missing(_ examination: Examination) -> [Finding] {
    let homeMasters = Set(examination.subjects.filter { $0.master != nil }.map(\.network.name))
    return examination.inventory.cache.attachments.filter { entry in
      entry.usesIPVLAN && homeMasters.contains(entry.id.network)
        && (entry.netns.map(NetworkNamespace.exists) ?? false)
        && examination.inventory.slave(of: entry.id) == nil
    }.map { entry in
      let pod = entry.pod.map { "pod \($0)" } ?? "container \(entry.id.shortContainerID)"
      return Finding(
        .linkMissing, "\(pod) has lost its interface \(entry.id.ifname) on network \(entry.id.network)",
        consequence: "the pod is not reachable there", remedy: entry.restart)
    }
  }

  private static func duplicates(_ examination: Examination) -> [Finding] {
    var holders: [IPAddress: [(name: String, remove: ShellCommand)]] = [:]
    for slave in examination.podLinks {
      for host in slave.addresses.map(\.address) where !host.address.isLinkLocal {
        holders[host.address, default: []]
          .append((slave.subject, "\(slave.place.prefix)ip address delete \(host) dev \(slave.link.name)"))
      }
    }
    for own in examination.inventory.nodeAddresses {
      guard let pods = holders[own.address.address] else { continue }
      let remove =
        examination.nodeAddresses.removal(of: own) ?? withdrawal(of: own.address.address, examination)
        ?? pods[0].remove
      holders[own.address.address] =
        pods + [("the node's \(examination.nodeAddresses.link(of: own))", remove)]
    }
    return holders.filter { $0.value.count > 1 }.sorted { $0.key < $1.key }.compactMap { address, holders in
      guard let last = holders.last else { return nil }
      let names = holders.map(\.name).joined(separator: ", ")
      return Finding(
        .duplicateAddress, "\(address) is in use twice: \(names)",
        consequence: "packets reach one or the other", remedy: last.remove)
    }
  }

  /// Where the node cannot do without it, the pool must, and then the pod.
  private static func withdrawal(of address: IPAddress, _ examination: Examination) -> ShellCommand? {
    let pools = examination.subjects.flatMap(\.pools).map(\.pool)
    guard let pool = pools.first(where: { $0.addresses.contains(address) }),
      let slave = examination.podLinks.first(where: { $0.hosts.contains(address) })
    else { return nil }
    let restart =
      slave.cached?.restart
      ?? slave.attachment.map {
        CachedAttachment.restart(pod: slave.pod, containerID: $0.containerID)
      }
    let withdrawal = PoolCheck.withdrawal(of: address, from: pool)
    return restart.map { "\(withdrawal), then: \($0)" } ?? withdrawal
  }
}

extension NodeLink {
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
