package import Addressing
internal import JSON
package import Netlink
internal import Platform

/// Keeps pods without host access from the node and from Services, in the modes l3 and l3s.
///
/// There Linux routes in the node's namespace what a pod sends, so that it meets the node's own addresses and kube-proxy's
/// translations: packets would arrive, and Services would work or not by where their backend happens to be. One nftables
/// table a node, `inet ipvlan-fence`, drops such packets. It is there while a pod is behind it.
package enum Fence {
  /// The table's name.
  package static let tableName = "ipvlan-fence"

  private static var table: NetfilterTable {
    // Behind kube-proxy's translation (-100). An address of another NIC would be reached by way of the network outside.
    let rules = NetfilterSet.pods.flatMap { set -> [[NetfilterStatement]] in
      [[.source(in: set), .isForNode, .drop], [.source(in: set), .destinationIsTranslated, .drop]]
    }
    let chain = NetfilterChain(name: "fence", .filter, hook: .output, priority: -90, rules: rules)
    return NetfilterTable(name: tableName, sets: NetfilterSet.pods, chains: [chain])
  }

  /// Puts a pod behind it.
  ///
  /// The table may be missing although pods are behind it: somebody has flushed it. CHECK tells those pods, and
  /// `ipvlanctl doctor --fix` puts them back.
  /// - Throws: ``NetlinkError`` when the kernel lacks a piece of it.
  static func enclose(_ addresses: [IPAddress], host: borrowing NetworkNamespace) throws(NetlinkError) {
    let lock = try NodeLock(tableName, host: host)
    try encloseUnderLock(addresses)
    _ = consume lock
  }

  /// Puts those of the pods back behind it that still run and are not.
  /// - Throws: ``NetlinkError`` when the kernel refuses.
  package static func restore(_ pods: [RunningPod], host: borrowing NetworkNamespace) throws(NetlinkError) {
    let lock = try NodeLock(tableName, host: host)
    var failure: NetlinkError?
    try encloseUnderLock(missing(pods.presentAddresses(host: host, &failure)))
    _ = consume lock
    if let failure { throw failure }
  }

  private static func encloseUnderLock(_ addresses: [IPAddress]) throws(NetlinkError) {
    guard !addresses.isEmpty else { return }
    var socket = try NetfilterSocket()
    do throws(NetlinkError) {
      try socket.add(addresses, to: NetfilterSet.pods, of: tableName)
    } catch  where error.errno == .noSuchFileOrDirectory {
      try socket.replace(with: table) { _ in addresses }
    }
  }

  /// Takes a pod out; the last one takes the table along.
  ///
  /// - Returns: the socket, whose end waits for the kernel to clean up: keep it while a link is removed.
  /// - Throws: ``NetlinkError`` when the kernel refuses.
  @discardableResult
  static func release(
    _ addresses: [IPAddress], host: borrowing NetworkNamespace
  ) throws(NetlinkError) -> NetfilterSocket? {
    let lock = try NodeLock(tableName, host: host)
    let socket = try releaseUnderLock(addresses)
    _ = consume lock
    return socket
  }

  /// As ``release(_:host:)``, for a pod that does not belong behind it: most often it is not there, and nothing is locked
  /// or changed. Somebody may have edited `hostAccess` or `mode` since its ADD, or since that of the pod before.
  @discardableResult
  static func releaseStray(
    _ addresses: [IPAddress], host: borrowing NetworkNamespace
  ) throws(NetlinkError) -> NetfilterSocket? {
    try enclosed(among: addresses).isEmpty ? nil : release(addresses, host: host)
  }

  /// As ``release(_:host:)``, for who holds the lock ``tableName``.
  @discardableResult
  static func releaseUnderLock(_ addresses: [IPAddress]) throws(NetlinkError) -> NetfilterSocket? {
    try NetfilterSocket.wherePresent { (socket: consuming NetfilterSocket) throws(NetlinkError) in
      try socket.remove(addresses, from: NetfilterSet.pods, of: tableName)
      if try socket.addresses(in: NetfilterSet.pods, of: tableName).isEmpty {
        try socket.deleteTable(tableName)
      }
      return socket
    }
  }

  /// Those of a pod's addresses that are not behind it; none where the kernel has no nftables, which
  /// ``HostAccessShortfall/ofFence()`` tells.
  /// - Throws: ``NetlinkError`` when the kernel refuses to say.
  package static func missing(_ addresses: [IPAddress]) throws(NetlinkError) -> [IPAddress] {
    try NetfilterSocket.wherePresent { (socket: consuming NetfilterSocket) throws(NetlinkError) in
      try socket.missing(addresses, from: NetfilterSet.pods, of: tableName)
    } ?? []
  }

  /// Those of a pod's addresses that are behind it.
  /// - Throws: ``NetlinkError`` when the kernel refuses to say.
  package static func enclosed(among addresses: [IPAddress]) throws(NetlinkError) -> [IPAddress] {
    try NetfilterSocket.wherePresent { (socket: consuming NetfilterSocket) throws(NetlinkError) in
      let missing = try socket.missing(addresses, from: NetfilterSet.pods, of: tableName)
      return addresses.filter { !missing.contains($0) }
    } ?? []
  }

  /// The addresses behind it; none where there is no table.
  /// - Throws: ``NetlinkError`` when the kernel refuses to say.
  static func enclosed() throws(NetlinkError) -> [IPAddress] {
    try NetfilterSocket.wherePresent { (socket: consuming NetfilterSocket) throws(NetlinkError) in
      try socket.addresses(in: NetfilterSet.pods, of: tableName)
    } ?? []
  }
}
