internal import Addressing
internal import IPAM
internal import IPVLAN
internal import Netlink
internal import Platform

/// Follows one attachment from its configuration to the wire.
struct AttachmentTrace {
  let candidate: TraceTarget.Candidate
  private let state: NodeState
  private let link: NodeLink?
  private let cached: CachedAttachment?
  private let network: Network?
  private let keys: PluginConfiguration?
  private(set) var stops: [TraceStop] = []

  init(_ candidate: TraceTarget.Candidate, _ state: NodeState) {
    self.candidate = candidate
    self.state = state
    link = state.inventory.slave(of: candidate.attachment)
    cached = state.inventory.cache.attachments.first { $0.id == candidate.attachment }
    network = state.directory.network(named: candidate.attachment.network)
    keys = network.flatMap { state.subject(of: $0)?.keys }
    stops = [configurationStop, cacheStop, leaseStop, namespaceStop]
    if let link {
      let pod = try? PodInterface(link)
      stops += [linkStop(link, pod), addressStop(link, pod)] + PodRoutes(link, pod).stops
      stops += filterStops(link)
      stops += [hostAccessStop(link), masterStop(link)] + instanceStops(link)
    } else {
      stops.append(
        .wrong("link", "there is no ipvlan link for this attachment in any namespace", run: restart))
    }
  }

  private var restart: ShellCommand {
    cached?.restart
      ?? CachedAttachment.restart(pod: candidate.pod, containerID: candidate.attachment.containerID)
  }

  private var configurationStop: TraceStop {
    let name = "configuration"
    guard let network else {
      return .wrong(
        name, "no file and no cached attachment has a network \(candidate.attachment.network)",
        run: "ls /etc/cni/net.d; ipvlanctl lint /etc/cni/net.d")
    }
    guard let keys else {
      return .wrong(name, "\(network.source) has wrong keys", run: "ipvlanctl lint \(network.source)")
    }
    let access = keys.hasHostAccess ? ", hostAccess" : ""
    return .fine(name, "\(network.source): mode \(keys.mode), flag \(keys.flag)\(access)")
  }

  private var cacheStop: TraceStop {
    guard let cached else { return .neutral("cache", "libcni has not written this attachment down") }
    let addresses = cached.addresses.map(\.description).joined(separator: ", ")
    return .fine("cache", "\(cached.file): \(addresses.isEmpty ? "no address" : addresses)")
  }

  private var leaseStop: TraceStop {
    let held = state.leases.entries.filter { $0.attachment == candidate.attachment && $0.cooldown == nil }
    if !held.isEmpty {
      let text = held.map { entry in "\(entry.address)" + (entry.pool.map { " of pool \($0)" } ?? "") }
        .joined(separator: ", ")
      return held.contains(where: \.isOrphan)
        ? .wrong("lease", "\(text), but what held it is gone", run: "ipvlanctl gc") : .fine("lease", text)
    }
    let isAllocated = network.map { $0.poolAllocator != nil || $0.hostLocalAllocator != nil } ?? false
    guard isAllocated else { return .neutral("lease", "its addresses come from elsewhere") }
    return .wrong("lease", "no address is held for this attachment", run: restart)
  }

  private var namespaceStop: TraceStop {
    guard let path = link?.place.path ?? cached?.netns else {
      return .neutral("namespace", "where it was is not known any more")
    }
    return NetworkNamespace.exists(at: path)
      ? .fine("namespace", path) : .wrong("namespace", "\(path) is gone", run: "ipvlanctl gc")
  }

  private func linkStop(_ entry: NodeLink, _ pod: PodInterface?) -> TraceStop {
    let link = entry.link
    let modeText = "\(link.ipvlanMode?.description ?? "?")/\(link.ipvlanFlag?.description ?? "?")"
    let text = "\(link.name) on \(entry.master?.name ?? "?"), \(modeText), MTU \(link.mtu), \(link.state)"
    guard link.isUp else {
      return .wrong(
        "link", text, run: pod?.remedy ?? "\(entry.place.prefix)ip link set dev \(link.name) up")
    }
    if let pod, let name = pod.lostName {
      return .wrong("link", "\(text); it was called \(name)", run: pod.remedy)
    }
    if let keys, keys.mode != link.ipvlanMode || keys.flag != link.ipvlanFlag {
      return .wrong(
        "link", "\(text); the configuration says \(keys.mode)/\(keys.flag)", run: "ipvlanctl doctor")
    }
    return .fine("link", text)
  }

  private func addressStop(_ entry: NodeLink, _ pod: PodInterface?) -> TraceStop {
    let text = entry.hosts.map(\.description).joined(separator: ", ")
    if let pod, !pod.missingAddresses.isEmpty {
      let missing = pod.missingAddresses.map { "\($0.address)" }.joined(separator: ", ")
      return .wrong("addresses", "\(text.isEmpty ? "none" : text); missing: \(missing)", run: pod.remedy)
    }
    if let duplicate = entry.addresses.first(where: \.isDuplicate) {
      return .wrong("addresses", "\(duplicate.address) is in use elsewhere", run: restart)
    }
    let own = state.inventory.nodeAddresses.first { entry.hosts.contains($0.address.address) }
    if let own, !keepsToItself(entry) {
      let remedies = state.nodeAddresses
      return .wrong(
        "addresses", "\(text); \(own.address.address) is on \(remedies.link(of: own)) of the node, too",
        run: remedies.removal(of: own)
          ?? "\(entry.place.prefix)ip address delete \(own.address) dev \(entry.link.name)")
    }
    return text.isEmpty ? .neutral("addresses", "none") : .fine("addresses", text)
  }

  /// Whether the node's addresses are nothing to the link: its master lies in the pod, or the link on the node itself.
  private func keepsToItself(_ entry: NodeLink) -> Bool {
    entry.place.isHostNamespace || keys?.isLinkInContainer ?? false
  }

  /// Only where the pod has rules that some packets do not pass.
  private func filterStops(_ entry: NodeLink) -> [TraceStop] {
    var unread: [String] = []
    let chains = PodFilterCheck.bypassedChains(of: entry, unread: &unread) ?? []
    if let problem = unread.first { return [.neutral("packet filter", problem)] }
    return chains.isEmpty
      ? []
      : [
        .neutral(
          "packet filter",
          "in l3s packets from the wire do not pass the pod's own rules: \(chains.joined(separator: "; "))")
      ]
  }

  private func hostAccessStop(_ entry: NodeLink) -> TraceStop {
    guard state.isPodAccessKnown else { return .neutral("host access", "cannot be looked at") }
    guard state.nodeAccess(of: entry) == .open, let master = entry.master else {
      let isEnclosed = FenceCheck.isEnclosed(entry, state)
      if isEnclosed, let shortfall = HostAccessShortfall.ofFence() {
        return .wrong("host access", "not configured, and \(shortfall.problem)", run: shortfall.remedy)
      }
      let open: [IPAddress]
      do throws(NetlinkError) { open = isEnclosed ? try Fence.missing(entry.hosts) : [] } catch {
        return .wrong("host access", "\(error)", run: "nft list table inet \(Fence.tableName)")
      }
      return open.isEmpty
        ? .neutral("host access", "not configured: the node and the pod do not reach each other")
        : .wrong(
          "host access", "not configured, and nothing keeps the pod from the node and from Services",
          run: "ipvlanctl doctor --fix")
    }
    guard var node = try? NetlinkSocket() else { return .neutral("host access", "cannot be looked at") }
    do throws(NetlinkError) {
      // Addresses that the pod has lost count too: the way to them does not depend on the pod.
      let addresses = Set(entry.hosts).union(cached?.addresses ?? []).sorted()
      let differences = try HostAccessComparison(
        on: master, addresses: addresses, gateways: cached?.gateways ?? []
      ).differences(&node)
      return differences.isEmpty
        ? .fine(
          "host access", "slave \(HostLink.name(ofMaster: master.name)), routes, rules and filter stand")
        : .wrong(
          "host access", differences.map(\.problem).joined(separator: "; "),
          run: differences.map(\.remedy).first ?? "ipvlanctl doctor --fix")
    } catch {
      return .wrong("host access", "\(error)", run: "ip route show proto 118; ip rule")
    }
  }

  private func masterStop(_ entry: NodeLink) -> TraceStop {
    guard let master = entry.master, let place = entry.masterPlace else {
      return .wrong("master", "the link's master is out of sight", run: "ipvlanctl links (as root)")
    }
    let text = "\(master.name) in \(place.name), MTU \(master.mtu), \(master.state)"
    let objections = Master.objections(to: master, mtu: entry.link.mtu)
    if objections.contains(.down) {
      return .wrong("master", text, run: "\(place.prefix)ip link set dev \(master.name) up")
    }
    guard master.hasCarrier else {
      return .wrong("master", text, run: "\(place.prefix)ethtool \(master.name)")
    }
    if objections.contains(.lessThan(mtu: entry.link.mtu)) {
      return .wrong(
        "master", "\(text), less than the pod's",
        run: "\(place.prefix)ip link set dev \(master.name) mtu \(entry.link.mtu)")
    }
    return .fine("master", text)
  }

  /// Only where a metadata service tells what the NICs own.
  private func instanceStops(_ entry: NodeLink) -> [TraceStop] {
    guard let instance = state.instance, let master = entry.master,
      let interface = instance.interface(of: master)
    else { return [] }
    let foreign = entry.hosts.filter { !interface.owned.contains($0) }
    let name = "\(interface.id) (\(master.name))"
    return foreign.isEmpty
      ? [.fine("instance", "\(name) owns the addresses")]
      : [
        .wrong(
          "instance", "\(name) does not own \(foreign.map(\.description).joined(separator: ", "))",
          run: "ipvlanctl doctor")
      ]
  }
}
