internal import Netlink
internal import Platform

/// In l3s, packets from the wire pass neither PREROUTING nor INPUT of the pod's own namespace: rules there do nothing, in
/// silence.
struct PodFilterCheck: Check {
  static func findings(_ state: NodeState, unread: inout [String]) -> [Finding] {
    var seen: Set<NetworkNamespace.Identity> = []
    return state.podLinks.compactMap { pod in
      guard let chains = bypassedChains(of: pod, unread: &unread), !chains.isEmpty,
        seen.insert(pod.place.identity).inserted
      else { return nil }
      let network = pod.attachment.flatMap { attachment in
        state.subjects.first { $0.network.name == attachment.network }?.network.source
      }
      return Finding(
        .podFilterBypassed,
        "\(pod.subject) is in l3s, and has packet filter rules of its own: \(chains.joined(separator: "; "))",
        consequence:
          "packets from the wire pass neither PREROUTING nor INPUT there: a sidecar or a firewall is bypassed",
        remedy:
          "set \"mode\": \"l3\" in \(network ?? "its network"), when no pod of \(pod.master?.name ?? "its master") is left; see \"Choosing a mode\""
      )
    }
  }

  /// The chains of a pod in l3s that packets from the wire do not pass; `nil` where they cannot be told.
  static func bypassedChains(of pod: NodeLink, unread: inout [String]) -> [String]? {
    guard pod.link.ipvlanMode == .l3s, !pod.place.isHostNamespace else { return [] }
    do throws(NetlinkError) {
      guard let namespace = try pod.place.open() else { return nil }
      return try namespace.run(returningTo: NetworkNamespace.host()) { () throws(NetlinkError) in
        try PacketFilter.incomingChains()
      }
    } catch {
      unread.append("whether \(pod.subject) has packet filter rules of its own is not known: \(error)")
      return nil
    }
  }
}
