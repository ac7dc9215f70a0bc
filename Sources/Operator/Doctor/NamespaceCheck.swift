internal import Netlink
internal import Platform

/// Every network namespace must be readable: only a look into all of them tells which links and addresses no pod has.
struct NamespaceCheck {
  static func findings(_ unread: [UnreadNamespace]) -> [Finding] {
    unread.map { namespace in
      let cover = namespace.cover
      return Finding(
        .namespaceUnreadable,
        "network namespace \(namespace.path) cannot be read: "
          + (cover.map { "what is mounted on \($0) lies over it" } ?? "\(namespace.errno)"),
        consequence:
          "it may hold a pod's link: gc frees nothing, and the first pod on a master is refused with code 5",
        remedy: cover.map { "umount \($0) # if nothing uses what is mounted there; see: findmnt \($0)" }
          ?? "nsenter --net=\(namespace.path) true # fails as ipvlanctl does; remove the namespace, or what keeps it from being read"
      )
    }
  }
}
