internal import Addressing
internal import CNI
internal import IPAM
internal import Netlink

/// What the node has for pods: host routes, and places in the filters of masters and behind the fence.
struct NodeLeftovers {
  private var routes: [Route] = []
  private var fenced: [IPAddress] = []
  /// The addresses in the filters of masters.
  private var admitted: [Admitted] = []

  /// A set of pods' addresses.
  private struct Admitted {
    let table: String
    let set: NetfilterSet
    var addresses: [IPAddress]
  }

  /// Reads them.
  /// - Throws: ``NetlinkError`` when one of the lists cannot be had.
  init() throws(NetlinkError) {
    var node = try NetlinkSocket()
    routes = try HostAccessPlan.hostRoutes(through: &node)
    fenced = try Fence.enclosed()
    admitted = try Self.admitted()
  }

  /// Their addresses.
  var addresses: [IPAddress] {
    Set(routes.map { $0.destination.address } + fenced + admitted.flatMap { $0.addresses }).sorted()
  }

  /// The addresses that have a way, or a part of one.
  var opened: Set<IPAddress> {
    Set(routes.map { $0.destination.address } + admitted.flatMap { $0.addresses })
  }

  /// The addresses behind the fence.
  var enclosed: Set<IPAddress> { Set(fenced) }

  /// Removes what the node has for addresses that belong to nobody.
  ///
  /// - Parameters:
  ///   - stores: those of the scope.
  ///   - known: addresses that belonged to an attachment that is gone.
  ///   - attachment: that one: what it holds does not count.
  ///   - failures: gets those of stores that cannot be read. What the node has stays then, but for the known addresses.
  /// - Returns: the addresses.
  /// - Throws: ``NetlinkError`` when something cannot be read, or removed.
  static func sweep(
    _ scope: Garbage.Scope, stores: [any IPAllocator], known: Set<IPAddress>,
    of attachment: AttachmentID? = nil, _ failures: inout [CNIError]
  ) throws(NetlinkError) -> [IPAddress] {
    let host = try NetworkNamespace.host()
    var unread: [CNIError] = []
    // A store that could not be read before has been told of.
    defer { failures += unread.filter { failure in !failures.contains { $0.message == failure.message } } }
    // Most often nothing is found, and nobody has to wait.
    guard try !look(scope, stores, known, attachment, host: host, &unread).addresses.isEmpty else {
      return []
    }
    unread = []
    // From here on no ADD makes an entry. One that was at work before has its address on its link, and is seen.
    let access = try NodeLock(HostAccess.lockName, host: host)
    let fence = try NodeLock(Fence.tableName, host: host)
    let leftover = try look(scope, stores, known, attachment, host: host, &unread)
    try leftover.remove()
    _ = consume fence
    _ = consume access
    return leftover.addresses
  }

  private static func look(
    _ scope: Garbage.Scope, _ stores: [any IPAllocator], _ known: Set<IPAddress>, _ attachment: AttachmentID?,
    host: borrowing NetworkNamespace, _ failures: inout [CNIError]
  ) throws(NetlinkError) -> NodeLeftovers {
    // The lists come first: an ADD gives the link its address before it makes an entry.
    let entries = try NodeLeftovers()
    guard !entries.addresses.isEmpty else { return entries }
    let holders = Garbage.holders(of: stores, in: scope, &failures)
    let limits = SweepLimits(
      try SlaveInventory(host: host).complete(), scope: scope, holders: holders, except: attachment)
    let leftover = Set(limits.leftover(of: entries.addresses, known: known))
    return entries.only(leftover)
  }

  private func only(_ addresses: Set<IPAddress>) -> NodeLeftovers {
    var entries = self
    entries.routes.removeAll { !addresses.contains($0.destination.address) }
    entries.fenced.removeAll { !addresses.contains($0) }
    for index in entries.admitted.indices {
      entries.admitted[index].addresses.removeAll { !addresses.contains($0) }
    }
    return entries
  }

  private func remove() throws(NetlinkError) {
    var node = try NetlinkSocket()
    try node.remove(
      routes.compactMap { $0.asNodeRoute }, routeProtocol: HostAccessNumbers.routeProtocol)
    if !fenced.isEmpty { try Fence.releaseUnderLock(fenced) }
    for entry in admitted where !entry.addresses.isEmpty {
      var filter = try NetfilterSocket()
      try filter.remove(entry.addresses, from: [entry.set], of: entry.table)
    }
  }

  /// The addresses in the filters of all masters.
  private static func admitted() throws(NetlinkError) -> [Admitted] {
    try NetfilterSocket.wherePresent { (filter: consuming NetfilterSocket) throws(NetlinkError) in
      let table = HostAccessFilter.tableName
      var sets = HostAccessFilter.pods(among: try filter.setNames(of: table)).map { (table, $0) }
      // Before version 1.1 each master had a table of its own.
      for name in try filter.tableNames() where HostLink.isName(name) {
        sets += NetfilterSet.pods.map { (name, $0) }
      }
      var admitted: [Admitted] = []
      for (table, set) in sets {
        admitted.append(
          Admitted(table: table, set: set, addresses: try filter.addresses(in: set, of: table)))
      }
      return admitted
    } ?? []
  }
}
