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
  let namespace: String
  private let identity: NetworkNamespace.Identity
  private let linkIndex: Int32
  private let master: Link

  /// - Parameters:
  ///   - link: the pod's.
  ///   - master: the link of the node that it stands on.
  ///   - namespace: the one that the link is in, which `path` opens.
  package init(
    _ link: Link, on master: Link, in namespace: NetworkNamespace.Identity, path: String,
    addresses: [IPAddress]
  ) {
    (self.namespace, identity, linkIndex) = (path, namespace, link.index)
    self.master = master
    self.addresses = addresses
  }

  /// The link as it is now; `nil` when it is gone.
  /// - Throws: ``NetlinkError`` when it cannot be asked.
  func link(host: borrowing NetworkNamespace) throws(NetlinkError) -> Link? {
    guard let opened = try NetworkNamespace.open(namespace, identity: identity) else { return nil }
    var socket = try opened.openSocket(returningTo: host)
    let isBeside = try host.checkedIdentity() == identity
    guard let link = try socket.link(index: linkIndex), link.isSlave(of: master, besideIt: isBeside)
    else { return nil }
    return link
  }
}

extension [RunningPod] {
  /// The addresses of those that still run.
  /// - Parameter failure: why one of them could not be asked.
  func presentAddresses(host: borrowing NetworkNamespace, _ failure: inout NetlinkError?) -> [IPAddress] {
    var addresses: [IPAddress] = []
    for pod in self {
      do throws(NetlinkError) {
        if try pod.link(host: host) != nil { addresses += pod.addresses }
      } catch {
        failure = error
      }
    }
    return addresses
  }
}
