import Addressing
import Testing

@testable import Netlink

/// The messages about links, byte for byte.
@Suite struct LinkRequestTests {
  @Test func aLinkIsAskedForByItsNumberWithoutStatistics() {
    let request = NetlinkRequest.link(index: 7)
    #expect(
      request.bytes
        == wire(
          """
          28000000  nlmsg_len 40
          1200      RTM_GETLINK
          0500      NLM_F_REQUEST | NLM_F_ACK
          00000000  sequence, filled in by the socket
          00000000  port
          00000000  ifi_family, ifi_type
          07000000  ifi_index
          00000000  ifi_flags
          00000000  ifi_change
          08001d00  IFLA_EXT_MASK
          08000000  RTEXT_FILTER_SKIP_STATS
          """))
    #expect(request.operation == "find link number 7")
    #expect(!request.isDump)
  }

  @Test func aLinkIsAskedForByItsName() {
    #expect(
      NetlinkRequest.link(named: "ens5").bytes
        == wire(
          """
          34000000  nlmsg_len 52
          1200      RTM_GETLINK
          0500      NLM_F_REQUEST | NLM_F_ACK
          0000000000000000
          00000000000000000000000000000000  ifinfomsg
          09000300  IFLA_IFNAME
          656e733500000000  "ens5", zero, padding
          08001d00  IFLA_EXT_MASK
          08000000
          """))
  }

  @Test func anAltnameHasAnAttributeOfItsOwn() {
    let bytes = NetlinkRequest.link(named: "ens5", isAltName: true).bytes
    #expect(Array(bytes[32..<36]) == wire("09003500  IFLA_ALT_IFNAME"))
  }

  @Test func ipvlanLinksAreSortedOutByTheKernel() {
    let request = NetlinkRequest.ipvlanLinks()
    #expect(request.isDump)
    #expect(
      request.bytes
        == wire(
          """
          38000000  nlmsg_len 56
          1200      RTM_GETLINK
          0103      NLM_F_REQUEST | NLM_F_DUMP, no acknowledgement beside the end
          0000000000000000
          00000000000000000000000000000000  ifinfomsg
          08001d00  IFLA_EXT_MASK
          08000000
          10001280  IFLA_LINKINFO, nested
          0b000100  IFLA_INFO_KIND
          6970766c616e0000  "ipvlan", zero, padding
          """))
  }

  @Test func anIPVLANLinkIsBornInTheOtherNamespace() throws {
    let namespace = try NetworkNamespace.current()
    let parent = try #require(
      Link(received(16, "000001000500000003100000ffffffff\n0900030065 IFLA_IFNAME\n6e733500000000")))
    let link = NewIPVLANLink(group: 7, on: parent, mode: .l3s, flag: .private, mtu: 1500)
    let descriptor = digits(namespace.descriptorNumber)
    #expect(
      NetlinkRequest.createIPVLAN(link, named: "ipv1", in: namespace).bytes
        == wire(
          """
          70000000  nlmsg_len 112
          1000      RTM_NEWLINK
          0506      NLM_F_REQUEST | NLM_F_ACK | NLM_F_EXCL | NLM_F_CREATE
          0000000000000000
          00000000000000000000000000000000  ifinfomsg: down
          08000500  IFLA_LINK
          05000000  number 5
          09000300  IFLA_IFNAME
          6970763100000000  "ipv1"
          08001b00  IFLA_GROUP
          07000000
          08000400  IFLA_MTU
          dc050000  1500
          08001c00  IFLA_NET_NS_FD
          \(descriptor)
          24001280  IFLA_LINKINFO, nested
          0b000100  IFLA_INFO_KIND
          6970766c616e0000  "ipvlan"
          14000280  IFLA_INFO_DATA, nested
          06000100  IFLA_IPVLAN_MODE
          02000000  IPVLAN_MODE_L3S, padding
          06000200  IFLA_IPVLAN_FLAGS
          01000000  IPVLAN_F_PRIVATE, padding
          """))
  }

  @Test func withoutMTUTheKernelTakesTheParents() throws {
    let namespace = try NetworkNamespace.current()
    let parent = try #require(Link(received(16, "000001000500000003100000ffffffff")))
    let link = NewIPVLANLink(on: parent, mode: .l2, flag: .bridge, mtu: nil)
    #expect(NetlinkRequest.createIPVLAN(link, named: "ipv1", in: namespace).bytes.count == 96)
  }

  @Test func aLinkIsNamedNotedAndSetUpByOneMessage() {
    #expect(
      NetlinkRequest.bringUp(index: 7, named: "eth0", alias: "cni:n/c/eth0").bytes
        == wire(
          """
          48000000  nlmsg_len 72
          1000      RTM_NEWLINK
          0500      NLM_F_REQUEST | NLM_F_ACK: the link is there
          0000000000000000
          00000000  ifi_family, ifi_type
          07000000  ifi_index
          01000000  ifi_flags: IFF_UP
          01000000  ifi_change: only IFF_UP
          09000300  IFLA_IFNAME
          6574683000000000  "eth0"
          11001400  IFLA_IFALIAS
          636e693a6e2f632f6574683000000000  "cni:n/c/eth0"
          08001b00  IFLA_GROUP
          00000000  that of all links
          """))
  }

  @Test func aLinkIsDeletedByItsNumber() {
    #expect(
      NetlinkRequest.deleteLink(index: 7, name: "eth0").bytes
        == wire(
          """
          20000000  nlmsg_len 32
          1100      RTM_DELLINK
          0500      NLM_F_REQUEST | NLM_F_ACK
          0000000000000000
          00000000
          07000000  ifi_index
          0000000000000000
          """))
  }

  private func digits(_ number: Int32) -> String {
    (0..<4).map { index in
      let byte = UInt8(truncatingIfNeeded: number >> (index * 8))
      return (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }.joined()
  }
}
