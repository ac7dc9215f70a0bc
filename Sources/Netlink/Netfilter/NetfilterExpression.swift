internal import CNetlink

/// One instruction of the nf_tables virtual machine (linux/netfilter/nf_tables.h), with register 1 as its
/// only register.
enum NetfilterExpression: Sendable, Hashable {
  /// Loads a property of the packet: an `NFT_META_` number.
  case meta(nft_meta_keys)
  /// Sets a property of the packet from the register.
  case setMeta(nft_meta_keys)
  /// Loads a property of the packet's connection: an `NFT_CT_` number. Ends the rule where there is none.
  case connection(nft_ct_keys)
  /// Sets a property of the packet's connection from the register.
  case setConnection(nft_ct_keys)
  /// Loads bytes of the network header.
  case networkHeader(offset: UInt32, length: UInt32)
  /// Loads the kind of the packet's destination: an `RTN_` number (linux/rtnetlink.h), whatever link it leaves by.
  case destinationKind
  /// Keeps the bits of a 32-bit number that are in `mask`, then turns those in `toggle`.
  case bits(mask: UInt32, toggle: UInt32)
  /// Ends the rule unless the register holds these bytes.
  case equals([UInt8])
  /// Ends the rule when the register holds these bytes.
  case differs([UInt8])
  /// Ends the rule unless the register is in the set.
  case isIn(set: String)
  /// Goes on by the chain that the map has for the register; to the next rule where it has none.
  case verdict(map: String)
  /// Gives the packet the address of the link that it leaves by.
  case masquerade
  /// Keeps the packet out of connection tracking.
  case untrack
  /// Drops the packet.
  case drop

  /// `NFTA_EXPR_NAME`, by which the kernel finds the module.
  var name: String {
    switch self {
    case .meta, .setMeta: "meta"
    case .connection, .setConnection: "ct"
    case .networkHeader: "payload"
    case .destinationKind: "fib"
    case .bits: "bitwise"
    case .equals, .differs: "cmp"
    case .isIn, .verdict: "lookup"
    case .masquerade: "masq"
    case .untrack: "notrack"
    case .drop: "immediate"
    }
  }

  /// Appends the expression as an element of a rule's list.
  func put(into message: inout MessageBuilder) {
    message.nest(NFTA_LIST_ELEM) { message in
      message.put(NFTA_EXPR_NAME, name)
      message.nest(NFTA_EXPR_DATA) { putOperands(into: &$0) }
    }
  }

  private func putOperands(into message: inout MessageBuilder) {
    let register = NFT_REG_1.rawValue
    switch self {
    case .meta(let key):
      message.put(NFTA_META_KEY, bigEndian: key.rawValue)
      message.put(NFTA_META_DREG, bigEndian: register)
    case .setMeta(let key):
      message.put(NFTA_META_KEY, bigEndian: key.rawValue)
      message.put(NFTA_META_SREG, bigEndian: register)
    case .connection(let key):
      message.put(NFTA_CT_KEY, bigEndian: key.rawValue)
      message.put(NFTA_CT_DREG, bigEndian: register)
    case .setConnection(let key):
      message.put(NFTA_CT_KEY, bigEndian: key.rawValue)
      message.put(NFTA_CT_SREG, bigEndian: register)
    case .networkHeader(let offset, let length):
      message.put(NFTA_PAYLOAD_DREG, bigEndian: register)
      message.put(NFTA_PAYLOAD_BASE, bigEndian: NFT_PAYLOAD_NETWORK_HEADER.rawValue)
      message.put(NFTA_PAYLOAD_OFFSET, bigEndian: offset)
      message.put(NFTA_PAYLOAD_LEN, bigEndian: length)
    case .destinationKind:
      message.put(NFTA_FIB_DREG, bigEndian: register)
      message.put(NFTA_FIB_RESULT, bigEndian: NFT_FIB_RESULT_ADDRTYPE.rawValue)
      message.put(NFTA_FIB_FLAGS, bigEndian: NFTA_FIB_F_DADDR.rawValue)
    case .bits(let mask, let toggle):
      message.put(NFTA_BITWISE_SREG, bigEndian: register)
      message.put(NFTA_BITWISE_DREG, bigEndian: register)
      message.put(NFTA_BITWISE_LEN, bigEndian: 4)
      // The register is in the machine's order, as marks and states are.
      message.nest(NFTA_BITWISE_MASK) { $0.put(Int(NFTA_DATA_VALUE.rawValue), mask) }
      message.nest(NFTA_BITWISE_XOR) { $0.put(Int(NFTA_DATA_VALUE.rawValue), toggle) }
    case .equals(let bytes): putComparison(NFT_CMP_EQ, bytes, into: &message)
    case .differs(let bytes): putComparison(NFT_CMP_NEQ, bytes, into: &message)
    case .isIn(let set):
      message.put(NFTA_LOOKUP_SET, set)
      message.put(NFTA_LOOKUP_SREG, bigEndian: register)
    case .verdict(let map):
      message.put(NFTA_LOOKUP_SET, map)
      message.put(NFTA_LOOKUP_SREG, bigEndian: register)
      message.put(NFTA_LOOKUP_DREG, bigEndian: NFT_REG_VERDICT.rawValue)
    case .masquerade, .untrack: break
    case .drop:
      message.put(NFTA_IMMEDIATE_DREG, bigEndian: NFT_REG_VERDICT.rawValue)
      message.nest(NFTA_IMMEDIATE_DATA) { message in
        // NF_DROP of linux/netfilter.h.
        message.nest(NFTA_DATA_VERDICT) { $0.put(NFTA_VERDICT_CODE, bigEndian: 0) }
      }
    }
  }

  private func putComparison(_ operation: nft_cmp_ops, _ bytes: [UInt8], into message: inout MessageBuilder) {
    message.put(NFTA_CMP_SREG, bigEndian: NFT_REG_1.rawValue)
    message.put(NFTA_CMP_OP, bigEndian: operation.rawValue)
    message.nest(NFTA_CMP_DATA) { $0.put(Int(NFTA_DATA_VALUE.rawValue), bytes) }
  }
}

/// nf_tables names its attributes in C enumerations and sends numbers in network byte order.
extension MessageBuilder {
  /// Appends a number in network byte order.
  mutating func put(_ attribute: some RawRepresentable<UInt32>, bigEndian number: UInt32) {
    put(Int(attribute.rawValue), number.bigEndian)
  }

  /// Appends a string.
  mutating func put(_ attribute: some RawRepresentable<UInt32>, _ text: String) {
    put(Int(attribute.rawValue), text)
  }

  /// Appends an attribute that holds the attributes that `body` appends.
  mutating func nest(_ attribute: some RawRepresentable<UInt32>, _ body: (inout MessageBuilder) -> Void) {
    nest(Int(attribute.rawValue), body)
  }
}
