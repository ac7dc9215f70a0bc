package import Addressing
package import IPAM
internal import IPVLAN
package import Netlink
package import Platform

/// An ipvlan link of the node with all that is known of it.
package struct NodeLink: Sendable {
  /// The link as its namespace describes it, counters included.
  package let link: Link
  /// The namespace that it lies in.
  package let place: NamespacePlace
  /// The addresses that it has.
  package let addresses: [InterfaceAddress]
  /// The link that it stands on; `nil` when that is out of sight.
  package let master: Link?
  /// The namespace of the master.
  package let masterPlace: NamespacePlace?
  /// The slave by which the node itself reaches its pods.
  package let isHostLink: Bool
  /// The attachment that its note names, or that the cache knows.
  package var attachment: AttachmentID?
  /// What libcni's cache says.
  package var cached: CachedAttachment?
  /// The pod, `namespace/name`.
  package var pod: String?

  /// Addresses without prefix lengths and without those that the kernel made itself.
  package var hosts: [IPAddress] {
    addresses.map(\.address.address).filter { !$0.isLinkLocal }
  }
}

/// A network namespace, and how to name it.
package struct NamespacePlace: Sendable, Hashable {
  /// A path that opens it.
  package let path: String
  /// What tells it apart.
  package let identity: NetworkNamespace.Identity
  /// The namespace of the node itself.
  package let isHostNamespace: Bool

  /// What people call it: `node`, the name under /run/netns, or the process that lives in it.
  package var name: String { isHostNamespace ? "node" : Self.name(path) }

  /// What people call the namespace that a path opens.
  static func name(_ path: String) -> String {
    for directory in ["/run/netns/", "/var/run/netns/"] where path.hasPrefix(directory) {
      return String(path.dropFirst(directory.count))
    }
    let parts = path.split(separator: "/")
    return parts.first == "proc" && parts.count > 1 ? "pid \(parts[1])" : path
  }

  /// As `name`, for a table: runtimes number namespaces with 36 digits.
  var shortName: String { name.count > 20 ? name.prefix(19) + "…" : name }

  /// The words before a command that is to run in the namespace; empty for the node's own.
  package var prefix: ShellCommand { isHostNamespace ? "" : "nsenter --net=\(path) " }
}

extension NamespacePlace {
  /// The namespace; `nil` when it is gone, or the path leads to another one.
  /// - Throws: ``NetlinkError`` when it is there and cannot be opened.
  func open() throws(NetlinkError) -> NetworkNamespace? {
    try NetworkNamespace.open(path, identity: identity)
  }
}

extension NodeLink {
  /// An ADD is at work on it, or was killed.
  var isHalfMade: Bool { LinkIdentity.isHalfMade(link) }
}

extension AttachmentID {
  /// As much of the container's ID as runtimes show.
  var shortContainerID: String { String(containerID.prefix(13)) }
}
