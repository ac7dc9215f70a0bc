internal import Netlink
internal import Platform

/// Every network namespace must be readable: only a look into all of them tells which links and addresses no pod has.
struct NamespaceCheck: StateCheck {
  static func findings(_ state: NodeState) -> [Finding] {
    let unread = state.inventory.unread
    guard !unread.isEmpty else { return [] }
    let mounts = try? MountTable()
    let groups = Dictionary(grouping: unread) { mounts?.cover(of: $0) }
    return groups.sorted { ($0.key ?? "") < ($1.key ?? "") }.flatMap { cover, namespaces in
      guard let cover else { return namespaces.map(unreadable) }
      return [hidden(namespaces, under: cover)]
    }
  }

  private static let consequence =
    "it may hold a pod's link: gc frees nothing, and the first pod on a master is refused with code 5"

  private static func hidden(_ namespaces: [UnreadNamespace], under cover: String) -> Finding {
    let first = namespaces.map(\.path).sorted().first ?? ""
    let subject =
      namespaces.count == 1
      ? "network namespace \(first) cannot be read"
      : "\(namespaces.count) network namespaces cannot be read, the first is \(first)"
    return Finding(
      .namespaceUnreadable,
      "\(subject): what is mounted on \(cover) lies over \(namespaces.count == 1 ? "it" : "them")",
      consequence: consequence,
      remedy: "umount \(cover) # if nothing uses what is mounted there; see: findmnt \(cover)")
  }

  private static func unreadable(_ namespace: UnreadNamespace) -> Finding {
    Finding(
      .namespaceUnreadable, "network namespace \(namespace.path) cannot be read: \(namespace.errno)",
      consequence: consequence,
      remedy: "nsenter --net=\(namespace.path) true # shows the same error; remove what causes it")
  }
}
