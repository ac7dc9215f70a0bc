import Addressing
import Testing

@testable import Netlink

/// Links as the kernel describes them.
@Suite struct LinkReadingTests {
  @Test func anIPVLANSlaveIsReadWhole() throws {
    let link = try #require(
      Link(
        received(
          16,
          """
          00000100  ARPHRD_ETHER
          07000000  ifi_index
          43000100  IFF_UP | IFF_BROADCAST | IFF_RUNNING | IFF_LOWER_UP
          00000000
          09000300  IFLA_IFNAME
          6574683000000000
          0a000100  IFLA_ADDRESS
          0a00000005e40000
          08000400  IFLA_MTU
          29230000  9001
          08000500  IFLA_LINK
          02000000
          08002500  IFLA_LINK_NETNSID
          00000000
          0a001400  IFLA_IFALIAS
          636e693a610000
          00
          24001200  IFLA_LINKINFO
          0b000100  IFLA_INFO_KIND
          6970766c616e0000
          14000200  IFLA_INFO_DATA
          06000100  IFLA_IPVLAN_MODE
          02000000
          06000200  IFLA_IPVLAN_FLAGS
          01000000
          """)))
    #expect(link.index == 7 && link.name == "eth0")
    #expect(link.mac == MACAddress("0a:00:00:00:05:e4"))
    #expect(link.mtu == 9001)
    #expect(link.parentIndex == 2 && link.parentNamespaceID == 0)
    #expect(link.alias == "cni:a")
    #expect(link.isIPVLAN && link.ipvlanMode == .l3s && link.ipvlanFlag == .private)
    #expect(link.isUp && link.hasCarrier && link.isEthernet && !link.isLoopback)
  }

  @Test func altnamesAreRead() throws {
    let link = try #require(
      Link(
        received(
          16,
          """
          00000100070000000000000000000000
          18003480  IFLA_PROP_LIST, nested
          0b003500  IFLA_ALT_IFNAME
          656e703073360000  "enp0s6"
          08003500
          61623100  "ab1"
          """)))
    #expect(link.altNames == ["enp0s6", "ab1"])
  }

  @Test func theDataOfAnotherKindIsNotTakenForIPVLANs() throws {
    let link = try #require(
      Link(
        received(
          16,
          """
          00000100070000000000000000000000
          18001200  IFLA_LINKINFO
          09000100  IFLA_INFO_KIND
          7665746800000000  "veth"
          08000200  IFLA_INFO_DATA
          02000000
          """)))
    #expect(link.kind == "veth" && link.ipvlanMode == nil && link.ipvlanFlag == nil)
  }

  @Test(arguments: ["", "00000100", "000001000700000000"])
  func whatIsNoLinkIsLeftOut(text: String) {
    #expect(Link(received(16, text)) == nil)
  }

  @Test func anotherMessageIsNoLink() {
    #expect(Link(received(17, "00000100070000000000000000000000")) == nil)
  }
}
