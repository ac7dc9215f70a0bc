internal import Addressing
internal import IPVLAN
internal import Netlink

/// Pods without host access must be behind the fence, which others may flush.
struct FenceCheck {
  static func findings(_ examination: Examination) -> [Finding] {
    pods(examination).compactMap { pod in
      guard let open = try? Fence.missing(pod.hosts), !open.isEmpty else { return nil }
      let addresses = open.map(\.description).joined(separator: ", ")
      return Finding(
        .fenceIncomplete,
        "\(addresses) of \(pod.subject) is missing from nftables table inet \(Fence.tableName)",
        consequence: "the pod reaches the node and Services, although its network has no hostAccess",
        remedy: "ipvlanctl doctor --fix", fix: .restoreFence)
    }
  }

  /// The pods that belong behind it.
  static func pods(_ examination: Examination) -> [NodeLink] {
    examination.podLinks.filter { isEnclosed($0, examination) }
  }

  /// Whether a pod belongs behind it; those of the reference plugin never were.
  static func isEnclosed(_ pod: NodeLink, _ examination: Examination) -> Bool {
    guard let attachment = LinkIdentity.attachment(of: pod.link), attachment == pod.attachment else {
      return false
    }
    return examination.keys(of: pod).map(Fence.encloses) ?? false
  }
}
