internal import Addressing
internal import CNetlink

/// The requests of nf_tables.
extension NetlinkRequest {
  /// Starts a transaction: all requests up to ``endBatch()`` take effect at once, or none does.
  static func beginBatch() -> NetlinkRequest { batch("begin a transaction", NFNL_MSG_BATCH_BEGIN) }

  /// Ends a transaction.
  static func endBatch() -> NetlinkRequest { batch("end a transaction", NFNL_MSG_BATCH_END) }

  /// Makes an empty table; one that is there stays as it is.
  static func addTable(_ name: String) -> NetlinkRequest {
    netfilter("add nftables table inet \(name)", NFT_MSG_NEWTABLE, flags: NLM_F_CREATE) { message in
      message.put(NFTA_TABLE_NAME, name)
    }
  }

  /// Deletes a table with all that is in it.
  static func deleteTable(_ name: String) -> NetlinkRequest {
    netfilter("delete nftables table inet \(name)", NFT_MSG_DELTABLE) { $0.put(NFTA_TABLE_NAME, name) }
  }

  /// Asks for a table; ENOENT when there is none.
  static func table(_ name: String) -> NetlinkRequest {
    netfilter("find nftables table inet \(name)", NFT_MSG_GETTABLE) { $0.put(NFTA_TABLE_NAME, name) }
  }

  /// Asks for the tables for both families.
  static func tables() -> NetlinkRequest {
    netfilter("list the nftables tables", NFT_MSG_GETTABLE, flags: NLM_F_DUMP) { _ in }
  }

  /// Asks for the chains of all families.
  static func chains() -> NetlinkRequest {
    netfilter("list the nftables chains", NFT_MSG_GETCHAIN, flags: NLM_F_DUMP, family: 0) { _ in }
  }

  /// Asks for the rules of all families.
  static func rules() -> NetlinkRequest {
    netfilter("list the nftables rules", NFT_MSG_GETRULE, flags: NLM_F_DUMP, family: 0) { _ in }
  }

  /// Makes a set. `number` tells sets of one transaction apart.
  static func addSet(_ set: NetfilterSet, number: UInt32, to table: String) -> NetlinkRequest {
    let operation = "add set \(set.name) to nftables table inet \(table)"
    return netfilter(operation, NFT_MSG_NEWSET, flags: NLM_F_CREATE) { message in
      message.put(NFTA_SET_TABLE, table)
      message.put(NFTA_SET_NAME, set.name)
      message.put(NFTA_SET_FLAGS, bigEndian: 0)
      // The number that nft(8) has for the type, with which it prints the addresses.
      message.put(NFTA_SET_KEY_TYPE, bigEndian: set.family == .v4 ? 7 : 8)
      message.put(NFTA_SET_KEY_LEN, bigEndian: UInt32(set.family.bitWidth / 8))
      message.put(NFTA_SET_ID, bigEndian: number)
    }
  }

  /// Adds addresses of the set's family to it. An address that the set has already is no error.
  static func addElements(
    _ addresses: [IPAddress], to set: NetfilterSet, of table: String
  ) -> [NetlinkRequest] {
    pieces(addresses, set).map { piece in
      elements("add \(name(piece)) to", NFT_MSG_NEWSETELEM, flags: NLM_F_CREATE, piece, set, table)
    }
  }

  /// Takes addresses of the set's family out of it; ENOENT when one is not in it.
  static func removeElements(
    _ addresses: [IPAddress], from set: NetfilterSet, of table: String
  ) -> [NetlinkRequest] {
    pieces(addresses, set).map { piece in
      elements("remove \(name(piece)) from", NFT_MSG_DELSETELEM, flags: 0, piece, set, table)
    }
  }

  /// Asks whether an address is in a set; ENOENT when it is not.
  static func element(_ address: IPAddress, in set: NetfilterSet, of table: String) -> NetlinkRequest {
    elements("find \(address) in", NFT_MSG_GETSETELEM, flags: 0, [address], set, table)
  }

  /// Asks for everything in a set.
  static func elements(of set: NetfilterSet, in table: String) -> NetlinkRequest {
    let operation = "list set \(set.name) of nftables table inet \(table)"
    return netfilter(operation, NFT_MSG_GETSETELEM, flags: NLM_F_DUMP) { message in
      message.put(NFTA_SET_ELEM_LIST_TABLE, table)
      message.put(NFTA_SET_ELEM_LIST_SET, set.name)
    }
  }

  /// Makes a chain; a base chain lets everything pass.
  static func addChain(_ chain: NetfilterChain, to table: String) -> NetlinkRequest {
    let operation = "add chain \(chain.name) to nftables table inet \(table)"
    return netfilter(operation, NFT_MSG_NEWCHAIN, flags: NLM_F_CREATE) { message in
      message.put(NFTA_CHAIN_TABLE, table)
      message.put(NFTA_CHAIN_NAME, chain.name)
      guard let base = chain.base else { return }
      message.put(NFTA_CHAIN_TYPE, base.kind.rawValue)
      message.nest(NFTA_CHAIN_HOOK) { message in
        message.put(NFTA_HOOK_HOOKNUM, bigEndian: base.hook.rawValue)
        message.put(NFTA_HOOK_PRIORITY, bigEndian: UInt32(bitPattern: base.priority))
      }
    }
  }

  /// Makes a map and its entries. `number` tells sets and maps of one transaction apart; the chains have to be there.
  static func addMap(_ map: NetfilterVerdictMap, number: UInt32, to table: String) -> [NetlinkRequest] {
    let definition = netfilter(
      "add map \(map.name) to nftables table inet \(table)", NFT_MSG_NEWSET, flags: NLM_F_CREATE
    ) { message in
      message.put(NFTA_SET_TABLE, table)
      message.put(NFTA_SET_NAME, map.name)
      message.put(NFTA_SET_FLAGS, bigEndian: NFT_SET_MAP.rawValue)
      // As for addresses: nft(8)'s numbers for `mark` and `iface_index`.
      message.put(NFTA_SET_KEY_TYPE, bigEndian: map.key == .mark ? 19 : 20)
      message.put(NFTA_SET_KEY_LEN, bigEndian: 4)
      message.put(NFTA_SET_DATA_TYPE, bigEndian: NFT_DATA_VERDICT.rawValue)
      message.put(NFTA_SET_ID, bigEndian: number)
      // The kernel takes a table of fixed size for a set whose size it knows, the quickest that it has.
      message.nest(NFTA_SET_DESC) {
        $0.put(NFTA_SET_DESC_SIZE, bigEndian: UInt32(max(1, map.entries.count)))
      }
    }
    guard !map.entries.isEmpty else { return [definition] }
    let entries = netfilter(
      "add \(map.entries.count) entries to map \(map.name) of nftables table inet \(table)",
      NFT_MSG_NEWSETELEM, flags: NLM_F_CREATE
    ) { message in
      message.put(NFTA_SET_ELEM_LIST_TABLE, table)
      message.put(NFTA_SET_ELEM_LIST_SET, map.name)
      message.nest(NFTA_SET_ELEM_LIST_ELEMENTS) { message in
        for entry in map.entries {
          message.nest(NFTA_LIST_ELEM) { message in
            // In the machine's order, as the register that is looked up has it.
            message.nest(NFTA_SET_ELEM_KEY) { $0.put(Int(NFTA_DATA_VALUE.rawValue), entry.key) }
            message.nest(NFTA_SET_ELEM_DATA) { message in
              message.nest(NFTA_DATA_VERDICT) { message in
                message.put(NFTA_VERDICT_CODE, bigEndian: UInt32(bitPattern: NFT_JUMP.rawValue))
                message.put(NFTA_VERDICT_CHAIN, entry.chain)
              }
            }
          }
        }
      }
    }
    return [definition, entries]
  }

  /// Asks for the sets and maps of a table.
  static func sets(of table: String) -> NetlinkRequest {
    netfilter(
      "list the sets of nftables table inet \(table)", NFT_MSG_GETSET, flags: NLM_F_DUMP
    ) { $0.put(NFTA_SET_TABLE, table) }
  }

  /// Appends a rule to a chain.
  static func addRule(_ rule: [NetfilterStatement], to chain: String, of table: String) -> NetlinkRequest {
    let operation = "add a rule to chain \(chain) of nftables table inet \(table)"
    return netfilter(operation, NFT_MSG_NEWRULE, flags: NLM_F_CREATE | NLM_F_APPEND) { message in
      message.put(NFTA_RULE_TABLE, table)
      message.put(NFTA_RULE_CHAIN, chain)
      message.nest(NFTA_RULE_EXPRESSIONS) { message in
        for expression in rule.flatMap({ $0.expressions }) { expression.put(into: &message) }
      }
    }
  }

  /// Those of the set's family, in as many messages as they take.
  private static func pieces(_ addresses: [IPAddress], _ set: NetfilterSet) -> [[IPAddress]] {
    let addresses = addresses.filter { $0.family == set.family }
    // An IPv6 address takes 28 bytes of a message.
    let size = 100
    return stride(from: 0, to: addresses.count, by: size).map { Array(addresses[$0...].prefix(size)) }
  }

  private static func name(_ addresses: [IPAddress]) -> String {
    addresses.count == 1 ? "\(addresses[0])" : "\(addresses.count) addresses"
  }

  private static func elements(
    _ verb: String, _ type: nf_tables_msg_types, flags: Int32, _ addresses: [IPAddress], _ set: NetfilterSet,
    _ table: String
  ) -> NetlinkRequest {
    let operation = "\(verb) set \(set.name) of nftables table inet \(table)"
    return netfilter(operation, type, flags: flags) { message in
      message.put(NFTA_SET_ELEM_LIST_TABLE, table)
      message.put(NFTA_SET_ELEM_LIST_SET, set.name)
      message.nest(NFTA_SET_ELEM_LIST_ELEMENTS) { message in
        for address in addresses {
          message.nest(NFTA_LIST_ELEM) { message in
            message.nest(NFTA_SET_ELEM_KEY) { $0.put(Int(NFTA_DATA_VALUE.rawValue), address) }
          }
        }
      }
    }
  }

  private static func netfilter(
    _ operation: String, _ type: nf_tables_msg_types, flags: Int32 = 0,
    family: UInt8 = 1, _ body: (inout MessageBuilder) -> Void
  ) -> NetlinkRequest {
    // NFPROTO_INET of linux/netfilter.h: both families; NFPROTO_UNSPEC: all there are.
    let header = nfgenmsg(nfgen_family: family, version: UInt8(NFNETLINK_V0), res_id: 0)
    let number = Int(NFNL_SUBSYS_NFTABLES) << 8 | Int(type.rawValue)
    return NetlinkRequest(operation, type: number, flags: flags, header: header, body)
  }

  private static func batch(_ operation: String, _ type: Int32) -> NetlinkRequest {
    // The subsystem that the transaction belongs to, in network byte order.
    let header = nfgenmsg(
      nfgen_family: 0, version: UInt8(NFNETLINK_V0), res_id: UInt16(NFNL_SUBSYS_NFTABLES).bigEndian)
    return NetlinkRequest(operation, type: Int(type), isAcknowledged: false, header: header)
  }
}
