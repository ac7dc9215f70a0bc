package import Addressing
package import Netlink

/// A pod's link as it was seen by somebody who is about to mend something for it.
///
/// Until then the pod may be gone, its addresses another pod's, and its master's mode another one: the link is asked once more
/// under the lock that the mending takes.
package struct RunningPod: Sendable {
  /// The addresses that the link had.
  let addresses: [IPAddress]
  /// A path of the namespace that the link is in.
  var namespace: String { slave.namespace }
  private let slave: KnownSlave
  private let master: Link

  /// - Parameters:
  ///   - link: the pod's.
  ///   - master: the link of the node that it stands on.
  ///   - namespace: the one that the link is in, which `path` opens.
  package init(
    _ link: Link, on master: Link, in namespace: NetworkNamespace.Identity, path: String,
    addresses: [IPAddress]
  ) {
    slave = KnownSlave(linkIndex: link.index, namespaceInode: namespace.inode, namespace: path)
    self.master = master
    self.addresses = addresses
  }

  /// The link as it is now; `nil` when it is gone, or cannot be asked.
  func link(host: borrowing NetworkNamespace) -> Link? { slave.open(on: master, host: host)?.link }
}

extension [RunningPod] {
  /// The addresses of those that still run.
  func presentAddresses(host: borrowing NetworkNamespace) -> [IPAddress] {
    flatMap { pod in pod.link(host: host) == nil ? [] : pod.addresses }
  }
}
