import Addressing
import Testing

@testable import Netlink

/// Rules of policy routing on the wire (linux/fib_rules.h).
@Suite struct PolicyRuleTests {
  @Test func aRuleForALinkIsWrittenByteForByte() {
    let rule = PolicyRule(.v4, priority: 500, table: 4102, outgoingLink: "ens6")
    let request = NetlinkRequest.addRule(rule, routeProtocol: 118)
    #expect(
      request.bytes
        == wire(
          """
          40000000  nlmsg_len 64
          2000      RTM_NEWRULE
          0506      NLM_F_REQUEST | NLM_F_ACK | NLM_F_EXCL | NLM_F_CREATE
          0000000000000000
          02        AF_INET
          000000    lengths of destination and source, type of service
          000000    table, which the attribute tells, and reserved
          01        FR_ACT_TO_TBL
          00000000  flags
          08000600  FRA_PRIORITY
          f4010000  500
          08000f00  FRA_TABLE
          06100000  4102
          09001100  FRA_OIFNAME
          656e733600000000
          05001500  FRA_PROTOCOL
          76000000  118
          """))
  }

  @Test(arguments: [
    PolicyRule(.v4, priority: 400, table: 254, suppressedPrefixLength: 31),
    PolicyRule(.v6, priority: 450, table: 4101, mark: NetfilterMark(value: 1 << 24, mask: 0x1F00_0000)),
    PolicyRule(.v6, priority: 500, table: 4131, outgoingLink: "enp0s31f6"),
    PolicyRule(
      .v4, priority: 501, table: 4101, source: IPAddress("172.31.22.228").map { CIDR(host: $0) }),
  ])
  func whatIsWrittenIsReadBack(rule: PolicyRule) throws {
    let message = try #require(
      ReceivedMessage.all(in: NetlinkRequest.addRule(rule, routeProtocol: 118).bytes).first)
    #expect(PolicyRule(message) == rule)
  }

  @Test func aRuleReadsAsIPWritesIt() {
    let mark = NetfilterMark(value: 2 << 24, mask: 0x1F00_0000)
    #expect(
      PolicyRule(.v4, priority: 450, table: 4102, mark: mark).description
        == "450: from all fwmark 0x2000000/0x1f000000 lookup 4102")
    #expect(
      PolicyRule(.v4, priority: 400, table: 254, suppressedPrefixLength: 31).description
        == "400: from all lookup main suppress_prefixlength 31")
  }

  @Test func messagesOfOtherTypesAreNoRules() {
    for message in ReceivedMessage.all(in: NetlinkRequest.links().bytes) {
      #expect(PolicyRule(message) == nil)
    }
  }
}
