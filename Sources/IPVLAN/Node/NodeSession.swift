internal import CNI
internal import Netlink
internal import Platform

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
  /// Whether the master lies in the pod's namespace (`linkInContainer`), and not in the node's.
  let isMasterInPod: Bool

  /// Opens the pod's namespace at `path`.
  ///
  /// - Parameters:
  ///   - allowsOwnNamespace: whether the pod's namespace may be the node's (CNI_NETNS_OVERRIDE).
  ///   - isMasterInPod: whether the master lies in the pod's namespace.
  /// - Throws: ``CNIError`` with code 8 when the path is not a namespace, or is the plugin's own.
  init(podNamespace path: String, allowsOwnNamespace: Bool, isMasterInPod: Bool) throws(CNIError) {
    let host: NetworkNamespace
    do throws(NetlinkError) { host = try NetworkNamespace.host() } catch {
      throw CNIError(.ioFailure, "the node's own network namespace cannot be opened", error)
    }
    let target: NetworkNamespace
    do throws(Errno) { target = try NetworkNamespace(path: path) } catch { throw Self.unusable(path, error) }
    if !allowsOwnNamespace, Self.isSame(host, target) { throw Self.unusable(path, .notPermitted) }
    let nodeSocket: NetlinkSocket
    do throws(NetlinkError) { nodeSocket = try NetlinkSocket() } catch {
      throw CNIError(.ioFailure, "cannot open a netlink socket in the node's own network namespace", error)
    }
    let podSocket: NetlinkSocket
    do throws(NetlinkError) { podSocket = try target.openSocket(returningTo: host) } catch {
      throw CNIError(.invalidNamespace, "cannot open a netlink socket in CNI_NETNS \"\(path)\"", error)
    }
    self.init(
      nodeNamespace: host, podNamespace: target, node: nodeSocket, pod: podSocket,
      isMasterInPod: isMasterInPod)
  }

  private init(
    nodeNamespace: consuming NetworkNamespace, podNamespace: consuming NetworkNamespace,
    node: consuming NetlinkSocket, pod: consuming NetlinkSocket, isMasterInPod: Bool
  ) {
    self.nodeNamespace = nodeNamespace
    self.podNamespace = podNamespace
    self.node = node
    self.pod = pod
    self.isMasterInPod = isMasterInPod
  }

  /// Asks the kernel in the namespace that the master lies in.
  mutating func withMasterSocket<Value, Failure: Error>(
    _ body: (inout NetlinkSocket) throws(Failure) -> Value
  ) throws(Failure) -> Value {
    try isMasterInPod ? body(&pod) : body(&node)
  }

  /// Hands over the namespace that the master lies in.
  borrowing func withMasterNamespace<Value: ~Copyable, Failure: Error>(
    _ body: (borrowing NetworkNamespace) throws(Failure) -> Value
  ) throws(Failure) -> Value {
    try isMasterInPod ? body(podNamespace) : body(nodeNamespace)
  }

  /// Makes an ipvlan link in the pod, down, on a master where it lies.
  /// - Throws: ``NetlinkError`` when the kernel refuses.
  mutating func createIPVLAN(_ link: NewIPVLANLink, named name: String) throws(NetlinkError) {
    try isMasterInPod
      ? pod.createIPVLAN(link, named: name, in: podNamespace)
      : node.createIPVLAN(link, named: name, in: podNamespace)
  }

  private static func isSame(
    _ left: borrowing NetworkNamespace, _ right: borrowing NetworkNamespace
  ) -> Bool {
    guard let first = try? left.identity(), let second = try? right.identity() else { return false }
    return first == second
  }

  /// Whether a path leads to the pod's namespace.
  func isPodNamespace(_ path: String) -> Bool {
    guard let other = try? NetworkNamespace(path: path) else { return false }
    return Self.isSame(other, podNamespace)
  }

  /// Whether a path leads to the plugin's own namespace.
  static func isOwnNamespace(_ path: String) -> Bool {
    guard let host = try? NetworkNamespace.current(), let other = try? NetworkNamespace(path: path) else {
      return false
    }
    return isSame(host, other)
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
