internal import Addressing
internal import IPAM
internal import Platform

/// Every lease must have an attachment, and every attachment a lease.
struct LeaseCheck: StateCheck {
  static func findings(_ state: NodeState) -> [Finding] {
    unusable(state) + orphans(state) + missing(state) + taken(state)
  }

  private static func unusable(_ state: NodeState) -> [Finding] {
    state.leases.faults.map { fault in
      Finding(
        .leaseStoreUnusable, fault, consequence: "no address can be given or taken back",
        remedy: "ls -ld /var/lib/cni/ippool; df -h /var/lib/cni")
    }
  }

  private static func orphans(_ state: NodeState) -> [Finding] {
    state.leases.entries.filter(\.isOrphan).map { entry in
      Finding(
        .leaseOrphaned,
        "\(entry.address) is held by container \(entry.attachment.shortContainerID), interface "
          + "\(entry.attachment.ifname) on network \(entry.attachment.network), which is gone",
        consequence: "the address is lost to other pods", remedy: "ipvlanctl gc", fix: .collectGarbage)
    }
  }

  /// Links that no attachment owns, made by hand or left by another tool: the kernel gives no second slave of the
  /// master their addresses.
  private static func taken(_ state: NodeState) -> [Finding] {
    state.podLinks.filter { $0.attachment == nil && !$0.isHalfMade }.flatMap { slave -> [Finding] in
      let subjects = state.subjects.filter { $0.master?.index == slave.master?.index }
      return slave.hosts.compactMap { host in
        let removal: ShellCommand = "\(slave.place.prefix)ip link delete dev \(slave.link.name)"
        let place = "is on \(slave.link.name) in \(slave.place.name), which is no attachment's"
        for subject in subjects {
          if let directory = subject.allocator?.poolDirectory,
            let pool = subject.pools.first(where: { $0.pool.addresses.contains(host) })?.pool
          {
            return taken(
              "\(host) of pool \(pool.name) \(place)",
              reservation(of: host, in: directory) + " # or, where nobody needs it: \(removal)")
          }
          if let allocator = subject.network.hostLocalAllocator, allocator.canGive(host),
            !state.leases.entries.contains(where: { $0.address == host && $0.cooldown == nil })
          {
            return taken("\(host) of the ranges of network \(subject.network.name) \(place)", removal)
          }
          if let allocator = subject.network.staticAllocator, allocator.lists(host) {
            return taken("\(host) of the addresses of network \(subject.network.name) \(place)", removal)
          }
        }
        return nil
      }
    }
  }

  private static func taken(_ problem: String, _ remedy: ShellCommand) -> Finding {
    Finding(
      .poolAddressTaken, problem, consequence: "a pod that is to get the address is refused with code 103",
      remedy: remedy)
  }

  /// The command that keeps an address from being given.
  private static func reservation(of host: IPAddress, in directory: String) -> ShellCommand {
    let name = "taken-\(host)".map { $0 == "." || $0 == ":" ? "-" : "\($0)" }.joined()
    let document =
      "{apiVersion: spiderpool.spidernet.io/v2beta1, kind: SpiderReservedIP, metadata: {name: \(name)}, "
      + "spec: {ips: [\"\(host)\"]}}"
    return "echo \(document) > \("\(directory)/\(name).yaml")"
  }

  /// Only addresses that lie in pools of the network must have a lease there.
  private static func missing(_ state: NodeState) -> [Finding] {
    let pools = Dictionary(
      state.subjects.map { ($0.network.name, $0.survey?.pools.map(\.count.pool.addresses) ?? []) }
    ) { first, _ in first }
    let held = Dictionary(grouping: state.leases.entries.filter { $0.cooldown == nil }, by: \.address)
    return state.podLinks.flatMap { slave -> [Finding] in
      guard let attachment = slave.attachment, let pools = pools[attachment.network] else { return [] }
      return slave.hosts.filter { host in
        pools.contains { $0.contains(host) }
          && !(held[host]?.contains { $0.attachment == attachment } ?? false)
      }.map { host in
        Finding(
          .leaseMissing, "\(slave.subject) has \(host), but no lease says so",
          consequence: "the address can be given to a second pod",
          remedy: CachedAttachment.restart(pod: slave.pod, containerID: attachment.containerID))
      }
    }
  }
}
