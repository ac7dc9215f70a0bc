internal import Addressing
internal import IPVLAN
internal import Netlink

/// Pods without host access must be behind the fence, which others may flush.
struct FenceCheck: Check {
  static func findings(_ state: NodeState, unread: inout [String]) -> [Finding] {
    let pods = pods(state)
    if let pod = pods.first, let shortfall = HostAccessShortfall.ofFence() {
      return [
        Finding(
          .fenceIncomplete, shortfall.problem,
          consequence:
            "\(pods.count == 1 ? pod.subject : "\(pods.count) pods") may reach the node and Services",
          remedy: shortfall.remedy)
      ]
    }
    let open: Set<IPAddress>
    do throws(NetlinkError) { open = Set(try Fence.missing(addresses(state))) } catch {
      unread.append("the fence is not looked at: \(error)")
      return []
    }
    return pods.compactMap { pod in
      let addresses = pod.hosts.filter(open.contains)
      guard !addresses.isEmpty else { return nil }
      return Finding(
        .fenceIncomplete,
        "\(addresses.map(\.description).joined(separator: ", ")) of \(pod.subject) is missing from nftables table inet \(Fence.tableName)",
        consequence: "the pod reaches the node and Services, although its network has no hostAccess",
        remedy: "ipvlanctl doctor --fix", fix: .restoreFence)
    }
  }

  /// The pods that belong behind it.
  static func pods(_ state: NodeState) -> [NodeLink] {
    state.podLinks.filter { isEnclosed($0, state) }
  }

  /// The addresses that belong behind it. One that a pod with host access has too would cut that off: it is told as being in use
  /// twice.
  static func addresses(_ state: NodeState) -> [IPAddress] {
    let opened = Set(state.podLinks.filter { state.nodeAccess(of: $0) == .open }.flatMap(\.hosts))
    return pods(state).flatMap(\.hosts).filter { !opened.contains($0) }
  }

  /// Whether a pod belongs behind it; those of the reference plugin never were.
  static func isEnclosed(_ pod: NodeLink, _ state: NodeState) -> Bool {
    LinkIdentity.attachment(of: pod.link) != nil && state.nodeAccess(of: pod) == .fenced
  }
}
