import Addressing
import Testing

@testable import Netlink

/// The messages about addresses, byte for byte.
@Suite struct AddressRequestTests {
  @Test func anIPv4AddressHasItsBroadcastAddress() throws {
    let address = try #require(CIDR("172.31.16.4/20"))
    #expect(
      NetlinkRequest.addAddress(address, toLink: 2).bytes
        == wire(
          """
          30000000  nlmsg_len 48
          1400      RTM_NEWADDR
          0506      NLM_F_REQUEST | NLM_F_ACK | NLM_F_EXCL | NLM_F_CREATE
          0000000000000000
          02        AF_INET
          14        prefix length 20
          00        ifa_flags
          00        RT_SCOPE_UNIVERSE
          02000000  ifa_index
          08000200  IFA_LOCAL
          ac1f1004  172.31.16.4
          08000100  IFA_ADDRESS
          ac1f1004
          08000400  IFA_BROADCAST
          ac1f1fff  172.31.31.255
          """))
  }

  @Test(arguments: ["172.31.16.4/31", "172.31.16.4/32"])
  func anIPv4AddressWithoutRoomForABroadcastAddressHasNone(text: String) throws {
    #expect(NetlinkRequest.addAddress(try #require(CIDR(text)), toLink: 2).bytes.count == 40)
  }

  @Test func anIPv6AddressIsUsableAtOnce() throws {
    let address = try #require(CIDR("2001:db8:5::4/64"))
    #expect(
      NetlinkRequest.addAddress(address, toLink: 2).bytes
        == wire(
          """
          48000000  nlmsg_len 72
          1400      RTM_NEWADDR
          0506      NLM_F_REQUEST | NLM_F_ACK | NLM_F_EXCL | NLM_F_CREATE
          0000000000000000
          0a        AF_INET6
          40        prefix length 64
          00        ifa_flags
          00        RT_SCOPE_UNIVERSE
          02000000  ifa_index
          14000200  IFA_LOCAL
          20010db8000500000000000000000004
          14000100  IFA_ADDRESS
          20010db8000500000000000000000004
          08000800  IFA_FLAGS
          02000000  IFA_F_NODAD
          """))
  }

  @Test func addressesAreAskedForByLink() {
    let request = NetlinkRequest.addresses(ofLink: 2)
    #expect(request.isDump)
    #expect(
      request.bytes
        == wire(
          """
          18000000  nlmsg_len 24
          1600      RTM_GETADDR
          0103      NLM_F_REQUEST | NLM_F_DUMP
          0000000000000000
          00000000  both families
          02000000  ifa_index
          """))
  }

  @Test func anAddressIsReadWithItsFlags() throws {
    let address = try #require(
      InterfaceAddress(
        received(
          20,
          """
          0a        AF_INET6
          40        prefix length 64
          80        the lower eight flags
          00        RT_SCOPE_UNIVERSE
          02000000  ifa_index
          14000100  IFA_ADDRESS
          20010db8000500000000000000000004
          08000800  IFA_FLAGS
          48000000  IFA_F_TENTATIVE | IFA_F_DADFAILED
          """)))
    #expect(address.linkIndex == 2)
    #expect("\(address.address)" == "2001:db8:5::4/64")
    #expect(address.isDuplicate)
  }

  @Test func onAPointToPointLinkTheLocalAddressCounts() throws {
    let address = try #require(
      InterfaceAddress(
        received(20, "0220800002000000\n08000100\n0a000001  the peer\n08000200\n0a000002  IFA_LOCAL")))
    #expect("\(address.address)" == "10.0.0.2/32")
  }

  @Test(arguments: [
    "", "02", "0220800002000000", "0221800002000000\n08000100\n0a000001", "0220800002000000\n08000100\n0a00",
  ])
  func whatIsNoAddressIsLeftOut(text: String) {
    #expect(InterfaceAddress(received(20, text)) == nil)
  }
}
