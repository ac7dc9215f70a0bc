internal import CNI
internal import Netlink
internal import SystemPackage

/// The two namespaces of an operation and a netlink socket in each, opened once.
struct NodeSession: ~Copyable {
  /// The namespace that the plugin runs in: the node's.
  let nodeNamespace: NetworkNamespace
  /// The pod's namespace.
  let podNamespace: NetworkNamespace
  /// A socket in the node's namespace.
  var node: NetlinkSocket
  /// A socket in the pod's namespace.
  var pod: NetlinkSocket

  /// Opens the pod's namespace at `path`.
  ///
  /// - Parameter allowsOwnNamespace: whether the pod's namespace may be the node's (CNI_NETNS_OVERRIDE).
  /// - Throws: ``CNIError`` with code 8 when the path is not a namespace, or is the plugin's own.
  init(podNamespace path: String, allowsOwnNamespace: Bool) throws(CNIError) {
    let home = try Self.opened(path) { () throws(Errno) in try NetworkNamespace.current() }
    let target = try Self.opened(path) { () throws(Errno) in try NetworkNamespace(path: path) }
    if !allowsOwnNamespace, Self.isSame(home, target) { throw Self.unusable(path, .notPermitted) }
    let nodeSocket = try Self.connected(path) { () throws(NetlinkError) in try NetlinkSocket() }
    let podSocket = try Self.connected(path) { () throws(NetlinkError) in
      try target.openSocket(returningTo: home)
    }
    self.init(nodeNamespace: home, podNamespace: target, node: nodeSocket, pod: podSocket)
  }

  private init(
    nodeNamespace: consuming NetworkNamespace, podNamespace: consuming NetworkNamespace,
    node: consuming NetlinkSocket, pod: consuming NetlinkSocket
  ) {
    self.nodeNamespace = nodeNamespace
    self.podNamespace = podNamespace
    self.node = node
    self.pod = pod
  }

  private static func opened(
    _ path: String, _ open: () throws(Errno) -> NetworkNamespace
  ) throws(CNIError) -> NetworkNamespace {
    do throws(Errno) { return try open() } catch { throw unusable(path, error) }
  }

  private static func connected(
    _ path: String, _ open: () throws(NetlinkError) -> NetlinkSocket
  ) throws(CNIError) -> NetlinkSocket {
    do throws(NetlinkError) { return try open() } catch {
      throw CNIError(.invalidNamespace, "cannot open a netlink socket for namespace \(path)", error)
    }
  }

  private static func isSame(
    _ left: borrowing NetworkNamespace, _ right: borrowing NetworkNamespace
  ) -> Bool {
    guard let first = try? left.identity(), let second = try? right.identity() else { return false }
    return first == second
  }

  /// Whether the pod's namespace is the node's (CNI_NETNS_OVERRIDE).
  var hasOneNamespace: Bool { Self.isSame(nodeNamespace, podNamespace) }

  private static func unusable(_ path: String, _ error: Errno) -> CNIError {
    let reason =
      switch error {
      case .notPermitted: "is the plugin's own network namespace, so that the node itself would be changed"
      case .invalidArgument: "is not a network namespace"
      case .noSuchFileOrDirectory: "does not exist"
      default: "cannot be opened: \(error)"
      }
    return CNIError(
      code: .invalidNamespace, message: "CNI_NETNS \"\(path)\" \(reason)",
      details: error == .notPermitted ? "set CNI_NETNS_OVERRIDE=1 to allow it" : "")
  }
}
