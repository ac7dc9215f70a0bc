public import Addressing
internal import CNetlink
internal import Platform

/// A netfilter netlink socket, for nf_tables of the network namespace in which it was opened.
///
/// It changes only tables that it is given by name; rules of others are not touched, and read by ``PacketFilter`` only.
public struct NetfilterSocket: ~Copyable {
  var socket: NetlinkSocket

  /// Opens a socket in the thread's current network namespace.
  /// - Throws: ``NetlinkError``; EPROTONOSUPPORT when the kernel has no netfilter netlink.
  public init() throws(NetlinkError) { socket = try NetlinkSocket(bus: NETLINK_NETFILTER) }

  /// Puts a table in place of one of the same name, or where there is none, in one transaction.
  ///
  /// Packets meet the old rules or the new ones, never none in between.
  /// As `nft -f -` with `add table inet TABLE`, `delete table inet TABLE`, and the table as `nft list table` shows it.
  ///
  /// - Parameters:
  ///   - former: tables of other names that go at the same time.
  ///   - addresses: what a set holds.
  /// - Throws: ``NetlinkError``; then the old tables are still there. ENOENT and EOPNOTSUPP say that the kernel
  ///   lacks nf_tables or one of the expressions.
  public mutating func replace(
    with table: NetfilterTable, insteadOf former: [String] = [],
    addresses: (NetfilterSet) -> [IPAddress]
  ) throws(NetlinkError) {
    // Adding first makes the deletion valid, whether or not there was one.
    var requests = (former + [table.name]).flatMap { [.addTable($0), .deleteTable($0)] as [NetlinkRequest] }
    requests.append(.addTable(table.name))
    var number: UInt32 = 0
    for set in table.sets {
      number += 1
      requests.append(.addSet(set, number: number, to: table.name))
      requests += NetlinkRequest.addElements(addresses(set), to: set, of: table.name)
    }
    // Maps lead to chains, and rules to maps.
    requests += table.chains.map { .addChain($0, to: table.name) }
    for map in table.maps {
      number += 1
      requests += NetlinkRequest.addMap(map, number: number, to: table.name)
    }
    for chain in table.chains {
      requests += chain.rules.map { .addRule($0, to: chain.name, of: table.name) }
    }
    try socket.transact(requests)
  }

  /// Adds addresses to the sets of a table, each to those of its family. An address that a set
  /// has already is no error.
  /// As `nft add element inet TABLE SET '{ ADDRESS, ... }'`.
  /// - Throws: ``NetlinkError``; ENOENT when table or set is missing.
  public mutating func add(
    _ addresses: [IPAddress], to sets: [NetfilterSet], of table: String
  ) throws(NetlinkError) {
    try socket.transact(sets.flatMap { NetlinkRequest.addElements(addresses, to: $0, of: table) })
  }

  /// Takes addresses out of the sets of a table. An address that no set has is no error.
  ///
  /// The kernel frees them after a grace period of some milliseconds, and whoever closes a socket meanwhile waits
  /// for its end: keep the socket open while there is other work.
  /// As `nft delete element inet TABLE SET '{ ADDRESS, ... }'`.
  /// - Throws: ``NetlinkError`` for any other answer.
  public mutating func remove(
    _ addresses: [IPAddress], from sets: [NetfilterSet], of table: String
  ) throws(NetlinkError) {
    var present = addresses
    for _ in 0..<10 {
      let removals = sets.flatMap { NetlinkRequest.removeElements(present, from: $0, of: table) }
      let areGone = try tolerating { socket throws(NetlinkError) in try socket.transact(removals) }
      // One that is missing has undone the transaction.
      guard !areGone, present.count > 1 else { return }
      let held = try members(of: sets, of: table)
      present = present.filter(held.contains)
    }
    throw NetlinkError(
      operation:
        "remove \(present.count) addresses from nftables table inet \(table), which others change all the time",
      errno: .resourceTemporarilyUnavailable)
  }

  /// Those of the addresses that the sets of a table lack; all of them when there is no such table.
  /// As `nft get element inet TABLE SET '{ ADDRESS }'` of each, or `nft list set` where there are many.
  /// - Throws: ``NetlinkError`` when the kernel refuses to say.
  public mutating func missing(
    _ addresses: [IPAddress], from sets: [NetfilterSet], of table: String
  ) throws(NetlinkError) -> [IPAddress] {
    // To list a large set is cheaper than many questions.
    if addresses.count > 8 {
      let held = try members(of: sets, of: table)
      return addresses.filter { !held.contains($0) }
    }
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

  /// Whether the sets of a table have one of the addresses; they have none when there is no such table.
  /// As ``missing(_:from:of:)``.
  /// - Throws: ``NetlinkError`` when the kernel refuses to say.
  public mutating func holdAny(
    of addresses: [IPAddress], in sets: [NetfilterSet], of table: String
  ) throws(NetlinkError) -> Bool {
    try missing(addresses, from: sets, of: table).count < addresses.count
  }

  /// Takes addresses out of the sets of a table, most often none of which is there: that is asked first, since to abandon
  /// a transaction can take the kernel some milliseconds.
  /// - Throws: ``NetlinkError`` when the kernel refuses.
  public mutating func removeStrays(
    _ addresses: [IPAddress], from sets: [NetfilterSet], of table: String
  ) throws(NetlinkError) {
    guard try holdAny(of: addresses, in: sets, of: table) else { return }
    try remove(addresses, from: sets, of: table)
  }

  private mutating func members(
    of sets: [NetfilterSet], of table: String
  ) throws(NetlinkError) -> Set<IPAddress> {
    var members: Set<IPAddress> = []
    for set in sets { members.formUnion(try addresses(in: set, of: table)) }
    return members
  }

  /// The addresses in a set of a table; none when there is no such set.
  /// As `nft list set inet TABLE SET`.
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

  /// The addresses in sets of a table; none in a set that is not there.
  /// - Throws: ``NetlinkError`` when a list cannot be had.
  public mutating func addresses(
    in sets: [NetfilterSet], of table: String
  ) throws(NetlinkError) -> [IPAddress] {
    var addresses: [IPAddress] = []
    for set in sets { addresses += try self.addresses(in: set, of: table) }
    return addresses
  }

  /// The names of the tables for both families.
  /// As `nft list tables inet`.
  /// - Throws: ``NetlinkError`` when the list cannot be had.
  public mutating func tableNames() throws(NetlinkError) -> [String] {
    try socket.list(.tables()).compactMap { message in
      message.attributes(after: MemoryLayout<nfgenmsg>.size).string(Int(NFTA_TABLE_NAME.rawValue))
    }
  }

  /// The names of the sets and maps of a table; none when there is no such table.
  /// As `nft list sets table inet TABLE`, and `nft list maps`.
  /// - Throws: ``NetlinkError`` when the list cannot be had.
  public mutating func setNames(of table: String) throws(NetlinkError) -> [String] {
    do throws(NetlinkError) {
      return try socket.list(.sets(of: table)).compactMap { message in
        message.attributes(after: MemoryLayout<nfgenmsg>.size).string(Int(NFTA_SET_NAME.rawValue))
      }
    } catch  where error.errno == .noSuchFileOrDirectory {
      return []
    }
  }

  /// Whether the kernel has nf_tables, whose module is loaded if need be. Nothing is made.
  ///
  /// Netfilter's netlink may be there without nf_tables: it answers EINVAL then, to a question in which nothing can be
  /// invalid.
  /// - Throws: ``NetlinkError`` when the kernel refuses to say.
  public static func isPresent() throws(NetlinkError) -> Bool {
    do throws(NetlinkError) {
      var socket = try NetfilterSocket()
      _ = try socket.tableNames()
      return true
    } catch  where absences.contains(error.errno) {
      return false
    }
  }

  /// Does something with a socket; `nil` where the kernel has no nf_tables, and so no table of anybody's.
  ///
  /// Whether it has is asked only when `body` fails as it would without.
  /// - Throws: ``NetlinkError`` of `body`.
  public static func wherePresent<Value: ~Copyable>(
    _ body: (consuming NetfilterSocket) throws(NetlinkError) -> Value
  ) throws(NetlinkError) -> Value? {
    do throws(NetlinkError) {
      return try body(NetfilterSocket())
    } catch  where absences.contains(error.errno) {
      guard try !isPresent() else { throw error }
      return nil
    }
  }

  /// What a kernel without nf_tables answers, with netfilter's netlink or without.
  private static let absences: [Errno] = [.protocolNotSupported, .notSupported, .invalidArgument]

  /// Deletes a table. A table that is gone already is no error.
  /// As `nft delete table inet TABLE`.
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
