import Addressing
import Testing

@testable import Netlink

/// nf_tables on the wire (linux/netfilter/nf_tables.h).
@Suite struct NetfilterTests {
  @Test func aRuleIsWrittenExpressionByExpression() {
    let mark = NetfilterMark(value: 0x0200_0000, mask: 0x1F00_0000)
    let request = NetlinkRequest.addRule([.came(in: 3), .setConnectionMark(mark)], to: "c", of: "t")
    #expect(
      request.bytes
        == wire(
          """
          fc000000  nlmsg_len 252
          060a      NFNL_SUBSYS_NFTABLES, NFT_MSG_NEWRULE
          050c      NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_APPEND
          0000000000000000
          01000000  NFPROTO_INET, NFNETLINK_V0
          06000100  NFTA_RULE_TABLE
          74000000
          06000200  NFTA_RULE_CHAIN
          63000000
          d8000480  NFTA_RULE_EXPRESSIONS
          24000180  NFTA_LIST_ELEM
          09000100  NFTA_EXPR_NAME
          6d65746100000000  meta
          14000280  NFTA_EXPR_DATA
          08000200  NFTA_META_KEY
          00000004  NFT_META_IIF
          08000100  NFTA_META_DREG
          00000001  NFT_REG_1
          2c000180  NFTA_LIST_ELEM
          08000100  NFTA_EXPR_NAME
          636d7000  cmp
          20000280  NFTA_EXPR_DATA
          08000100  NFTA_CMP_SREG
          00000001
          08000200  NFTA_CMP_OP
          00000000  NFT_CMP_EQ
          0c000380  NFTA_CMP_DATA
          08000100  NFTA_DATA_VALUE
          03000000  link 3, in the machine's order
          20000180  NFTA_LIST_ELEM
          07000100  NFTA_EXPR_NAME
          63740000  ct
          14000280  NFTA_EXPR_DATA
          08000200  NFTA_CT_KEY
          00000003  NFT_CT_MARK
          08000100  NFTA_CT_DREG
          00000001
          44000180  NFTA_LIST_ELEM
          0c000100  NFTA_EXPR_NAME
          6269747769736500  bitwise
          34000280  NFTA_EXPR_DATA
          08000100  NFTA_BITWISE_SREG
          00000001
          08000200  NFTA_BITWISE_DREG
          00000001
          08000300  NFTA_BITWISE_LEN
          00000004
          0c000480  NFTA_BITWISE_MASK
          08000100  NFTA_DATA_VALUE
          ffffffe0  all bits but those of the mark
          0c000580  NFTA_BITWISE_XOR
          08000100  NFTA_DATA_VALUE
          00000002
          20000180  NFTA_LIST_ELEM
          07000100  NFTA_EXPR_NAME
          63740000  ct
          14000280  NFTA_EXPR_DATA
          08000200  NFTA_CT_KEY
          00000003  NFT_CT_MARK
          08000400  NFTA_CT_SREG
          00000001
          """))
  }

  @Test func aTransactionIsFramedForNFTables() {
    // NFNL_MSG_BATCH_BEGIN and _END carry the subsystem in network byte order, and ask for no answer.
    #expect(
      NetlinkRequest.beginBatch().bytes
        == wire("14000000\n1000  NFNL_MSG_BATCH_BEGIN\n0100  NLM_F_REQUEST\n0000000000000000\n0000000a"))
    #expect(
      NetlinkRequest.endBatch().bytes
        == wire("14000000\n1100  NFNL_MSG_BATCH_END\n0100  NLM_F_REQUEST\n0000000000000000\n0000000a"))
  }

  @Test(arguments: ["172.31.16.4", "2600:1f:5::11"])
  func anElementCarriesTheAddressAsItIsOnTheWire(text: String) throws {
    let address = try #require(IPAddress(text))
    let set = NetfilterSet(name: "pods", family: address.family)
    let requests = NetlinkRequest.addElements([address], to: set, of: "ih-ens5")
    let request = try #require(requests.first)
    #expect(requests.count == 1 && request.bytes.count % 4 == 0)
    #expect(request.bytes.suffix(address.bytes.count) == address.bytes[...])
  }

  @Test func manyElementsTakeFewMessages() {
    let addresses = (0..<250).map { IPAddress(family: .v6, value: 0x2600_001f << 96 | UInt128($0)) }
    let set = NetfilterSet(name: "pods6", family: .v6)
    let requests = NetlinkRequest.addElements(addresses, to: set, of: "ih-ens5")
    #expect(requests.count == 3)
    #expect(requests.allSatisfy { !$0.bytes.isEmpty })
    #expect(
      requests.map(\.operation).first == "add 100 addresses to set pods6 of nftables table inet ih-ens5")
    let others = NetfilterSet(name: "pods4", family: .v4)
    #expect(NetlinkRequest.addElements(addresses, to: others, of: "ih-ens5").isEmpty)
  }

  @Test func aMapKeepsTheFirstChainOfANumber() {
    var map = NetfilterVerdictMap(name: "by-arrival", key: .link)
    map.add(2, leadingTo: "a")
    map.add(3, leadingTo: "b")
    map.add(2, leadingTo: "b")
    #expect(map.entries.map(\.key) == [2, 3] && map.entries.map(\.chain) == ["a", "b"])
    let requests = NetlinkRequest.addMap(map, number: 1, to: "t")
    #expect(
      requests.map(\.operation) == [
        "add map by-arrival to nftables table inet t",
        "add 2 entries to map by-arrival of nftables table inet t",
      ])
    #expect(
      NetlinkRequest.addMap(NetfilterVerdictMap(name: "m", key: .mark), number: 1, to: "t").count == 1)
  }

  @Test func marksKeepToTheirBits() {
    #expect(NetfilterMark(value: 0xFF, mask: 0x0F).value == 0x0F)
  }

  @Test func aSetIsLookedUpForItsOwnFamilyOnly() {
    let statement = NetfilterStatement.source(in: NetfilterSet(name: "pods6", family: .v6))
    #expect(
      statement.expressions.dropFirst() == [
        .equals([10]), .networkHeader(offset: 8, length: 16), .isIn(set: "pods6"),
      ])
  }
}
