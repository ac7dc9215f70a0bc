internal import Netlink
internal import Platform

/// In l3s, packets from the wire pass neither PREROUTING nor INPUT of the pod's own namespace: rules there do nothing, in
/// silence.
struct PodFilterCheck: Check {
  static func findings(_ state: NodeState) -> [Finding] {
    guard let host = try? NetworkNamespace.host() else { return [] }
    var seen: Set<NetworkNamespace.Identity> = []
    return state.podLinks.compactMap { pod in
      guard pod.link.ipvlanMode == .l3s, !pod.place.isHostNamespace, seen.insert(pod.place.identity).inserted,
        let namespace = try? NetworkNamespace(path: pod.place.path),
        let chains = try? namespace.run(
          returningTo: host, { () throws(NetlinkError) in try PacketFilter.incomingChains() }),
        !chains.isEmpty
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
}
