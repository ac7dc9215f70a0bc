public import Addressing
internal import CNetlink
internal import SystemPackage

/// A netfilter netlink socket, for nf_tables of the network namespace in which it was opened.
///
/// It changes only tables that it is given by name; rules of others are neither read nor touched.
public struct NetfilterSocket: ~Copyable {
  private var socket: NetlinkSocket

  /// Opens a socket in the thread's current network namespace.
  /// - Throws: ``NetlinkError``; EPROTONOSUPPORT when the kernel has no netfilter netlink.
  public init() throws(NetlinkError) { socket = try NetlinkSocket(bus: NETLINK_NETFILTER) }

  /// Puts a table in place of one of the same name, or where there is none, in one transaction.
  ///
  /// Packets meet the old rules or the new ones, never none in between. The sets hold `addresses`.
  /// - Throws: ``NetlinkError``; then the old table is still there. ENOENT and EOPNOTSUPP say that the kernel
  ///   lacks nf_tables or one of the expressions.
  public mutating func replace(
    with table: NetfilterTable, addresses: [IPAddress]
  ) throws(NetlinkError) {
    // Adding first makes the deletion valid, whether or not there was one.
    var requests: [Request] = [.addTable(table.name), .deleteTable(table.name), .addTable(table.name)]
    for (number, set) in table.sets.enumerated() {
      requests.append(.addSet(set, number: UInt32(number + 1), to: table.name))
      requests += addresses.filter { $0.family == set.family }
        .map { .addElement($0, to: set, of: table.name) }
    }
    for chain in table.chains {
      requests.append(.addChain(chain, to: table.name))
      requests += chain.rules.map { .addRule($0, to: chain.name, of: table.name) }
    }
    try socket.transact(requests)
  }

  /// Adds addresses to the sets of a table, each to those of its family; one that is there already is fine.
  /// - Throws: ``NetlinkError``; ENOENT when table or set is missing.
  public mutating func add(
    _ addresses: [IPAddress], to sets: [NetfilterSet], of table: String
  ) throws(NetlinkError) {
    try socket.transact(
      sets.flatMap { set in
        addresses.filter { $0.family == set.family }.map { .addElement($0, to: set, of: table) }
      })
  }

  /// Takes addresses out of the sets of a table; what is not there is fine.
  ///
  /// The kernel frees them after a grace period of some milliseconds, and whoever closes a socket meanwhile waits
  /// for its end: keep the socket open while there is other work.
  /// - Throws: ``NetlinkError`` for any other answer.
  public mutating func remove(
    _ addresses: [IPAddress], from sets: [NetfilterSet], of table: String
  ) throws(NetlinkError) {
    let removals = sets.flatMap { set in
      addresses.filter { $0.family == set.family }
        .map { Request.removeElement($0, from: set, of: table) }
    }
    let areGone = try tolerating { socket throws(NetlinkError) in try socket.transact(removals) }
    guard !areGone, removals.count > 1 else { return }
    // A missing one has undone the transaction.
    for removal in removals {
      try tolerating { socket throws(NetlinkError) in try socket.transact([removal]) }
    }
  }

  /// Those of the addresses that the sets of a table lack; all of them when there is no such table.
  /// - Throws: ``NetlinkError`` when the kernel refuses to say.
  public mutating func missing(
    _ addresses: [IPAddress], from sets: [NetfilterSet], of table: String
  ) throws(NetlinkError) -> [IPAddress] {
    var missing: [IPAddress] = []
    for set in sets {
      for address in addresses where address.family == set.family {
        let isFound = try tolerating { socket throws(NetlinkError) in
          try socket.perform([.element(address, in: set, of: table)])
        }
        if !isFound { missing.append(address) }
      }
    }
    return missing
  }

  /// The addresses in a set of a table; none when there is no such set.
  /// - Throws: ``NetlinkError`` when the list cannot be had.
  public mutating func addresses(
    in set: NetfilterSet, of table: String
  ) throws(NetlinkError) -> [IPAddress] {
    do throws(NetlinkError) {
      return try socket.list(.elements(of: set, in: table)).flatMap { message in
        let list = message.attributes(after: MemoryLayout<nfgenmsg>.size)
        return list.nest(Int(NFTA_SET_ELEM_LIST_ELEMENTS.rawValue)).payloads.compactMap { element in
          Attributes(element.payload).nest(Int(NFTA_SET_ELEM_KEY.rawValue)).address(
            Int(NFTA_DATA_VALUE.rawValue))
        }
      }
    } catch  where error.errno == .noSuchFileOrDirectory {
      return []
    }
  }

  /// Whether there is a table of that name.
  /// - Throws: ``NetlinkError`` when the kernel refuses to say.
  public mutating func hasTable(_ name: String) throws(NetlinkError) -> Bool {
    try tolerating { socket throws(NetlinkError) in try socket.perform([.table(name)]) }
  }

  /// The names of the tables for both families.
  /// - Throws: ``NetlinkError`` when the list cannot be had.
  public mutating func tableNames() throws(NetlinkError) -> [String] {
    let outcome = try socket.exchange([.tables()])[0]
    if let error = outcome.error { throw error }
    return outcome.messages.compactMap { message in
      message.attributes(after: MemoryLayout<nfgenmsg>.size).string(Int(NFTA_TABLE_NAME.rawValue))
    }
  }

  /// Asks whether the kernel has nf_tables, loading the module if need be, without making anything.
  /// - Throws: ``NetlinkError`` when it has not.
  public mutating func probe() throws(NetlinkError) { _ = try tableNames() }

  /// Deletes a table; one that is gone is fine.
  /// - Throws: ``NetlinkError`` for any other answer.
  public mutating func deleteTable(_ name: String) throws(NetlinkError) {
    _ = try tolerating { socket throws(NetlinkError) in try socket.transact([.deleteTable(name)]) }
  }

  /// Runs `body`; `false` when the kernel answers ENOENT.
  @discardableResult
  private mutating func tolerating(
    _ body: (inout NetlinkSocket) throws(NetlinkError) -> Void
  ) throws(NetlinkError) -> Bool {
    do throws(NetlinkError) {
      try body(&socket)
      return true
    } catch  where error.errno == .noSuchFileOrDirectory {
      return false
    }
  }
}
