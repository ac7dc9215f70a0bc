internal import CNetlink
internal import Platform

/// What catches packets that come into a network namespace, by nf_tables or by the older iptables.
public enum PacketFilter {
  /// The chains of the thread's namespace that have rules, or drop by their policy, at the hooks PREROUTING and INPUT.
  ///
  /// - Returns: each as `table ip nat, chain PREROUTING`.
  /// - Throws: ``NetlinkError`` when the kernel does not say.
  public static func incomingChains() throws(NetlinkError) -> [String] {
    let chains = try NetfilterSocket.wherePresent {
      (socket: consuming NetfilterSocket) throws(NetlinkError) in
      try socket.incomingChains()
    }
    return (chains ?? []) + legacyChains()
  }

  private static func legacyChains() -> [String] {
    [("ip", CInt(2)), ("ip6", CInt(10))].flatMap { program, family -> [String] in
      // To ask for a table that is not there would make it.
      let names = (try? Files.read("/proc/thread-self/net/\(program)_tables_names", limit: 4096)) ?? []
      return names.split(separator: 0x0A).flatMap { name -> [String] in
        let table = String(decoding: name, as: UTF8.self)
        let hooks = unsafe cnetlink_legacy_hooks(family, table)
        guard hooks > 0 else { return [] }
        return [(0, "PREROUTING"), (1, "INPUT")].filter { hooks & (1 << $0.0) != 0 }.map { _, chain in
          "table \(program) \(table), chain \(chain)"
        }
      }
    }
  }
}

extension NetfilterSocket {
  /// A base chain, as far as it matters here.
  private struct Chain: Hashable {
    let family: UInt8
    let table: String
    let name: String
  }

  /// As ``PacketFilter/incomingChains()``, of nf_tables.
  fileprivate mutating func incomingChains() throws(NetlinkError) -> [String] {
    var chains: [(chain: Chain, drops: Bool)] = []
    for message in try socket.list(.chains()) {
      let attributes = message.attributes(after: MemoryLayout<nfgenmsg>.size)
      let hook = attributes.nest(Int(NFTA_CHAIN_HOOK.rawValue))
      guard let family = message.payload.first, [1, 2, 10].contains(family),
        let number = hook.number(Int(NFTA_HOOK_HOOKNUM.rawValue), as: UInt32.self),
        UInt32(bigEndian: number) <= 1,
        let table = attributes.string(Int(NFTA_CHAIN_TABLE.rawValue)),
        let name = attributes.string(Int(NFTA_CHAIN_NAME.rawValue))
      else { continue }
      let policy = attributes.number(Int(NFTA_CHAIN_POLICY.rawValue), as: UInt32.self)
      chains.append((Chain(family: family, table: table, name: name), policy == 0))
    }
    guard !chains.isEmpty else { return [] }
    var filled: Set<Chain> = []
    for message in try socket.list(.rules()) {
      let attributes = message.attributes(after: MemoryLayout<nfgenmsg>.size)
      guard let family = message.payload.first, let table = attributes.string(Int(NFTA_RULE_TABLE.rawValue)),
        let name = attributes.string(Int(NFTA_RULE_CHAIN.rawValue))
      else { continue }
      filled.insert(Chain(family: family, table: table, name: name))
    }
    return chains.filter { $0.drops || filled.contains($0.chain) }.map { entry in
      let family = entry.chain.family == 1 ? "inet" : entry.chain.family == 2 ? "ip" : "ip6"
      return "table \(family) \(entry.chain.table), chain \(entry.chain.name)"
    }
  }
}
