import Addressing
import Testing

@testable import Netlink

/// The messages about routes, byte for byte.
@Suite struct RouteRequestTests {
  private func route(_ destination: String, via gateway: String? = nil) throws -> IPRoute {
    IPRoute(destination: try #require(CIDR(destination)), gateway: gateway.flatMap(IPAddress.init))
  }

  @Test func aDefaultRouteHasNoDestination() throws {
    #expect(
      NetlinkRequest.addRoute(try route("0.0.0.0/0", via: "172.31.16.1"), outOf: 2).bytes
        == wire(
          """
          34000000  nlmsg_len 52
          1800      RTM_NEWROUTE
          0506      NLM_F_REQUEST | NLM_F_ACK | NLM_F_EXCL | NLM_F_CREATE
          0000000000000000
          02        AF_INET
          00        rtm_dst_len
          00        rtm_src_len
          00        rtm_tos
          00        RT_TABLE_UNSPEC: the attribute tells
          03        RTPROT_BOOT
          00        RT_SCOPE_UNIVERSE
          01        RTN_UNICAST
          00000000  rtm_flags
          08000500  RTA_GATEWAY
          ac1f1001  172.31.16.1
          08000400  RTA_OIF
          02000000
          08000f00  RTA_TABLE
          fe000000  main
          """))
  }

  @Test func aRouteWithoutGatewayHasTheScopeOfTheLink() throws {
    let bytes = NetlinkRequest.addRoute(try route("10.0.0.0/8"), outOf: 2).bytes
    #expect(Array(bytes[16..<28]) == wire("02\n08\n0000\n00\n03\nfd  RT_SCOPE_LINK\n01\n00000000"))
    #expect(Array(bytes[28..<36]) == wire("08000100  RTA_DST\n0a000000"))
  }

  @Test func aScopeThatIsAskedForGoesFirst() throws {
    var route = try route("10.0.0.0/8", via: "172.31.16.1")
    route.scope = 200
    #expect(NetlinkRequest.addRoute(route, outOf: 2).bytes[22] == 200)
  }

  @Test func aGatewayOnTheLinkIsMarkedSo() throws {
    let bytes = NetlinkRequest.addRoute(try route("0.0.0.0/0", via: "172.31.16.1"), outOf: 2, isOnLink: true)
      .bytes
    #expect(Array(bytes[24..<28]) == wire("04000000  RTNH_F_ONLINK"))
  }

  @Test func everyAttributeOfAnIPv6RouteIsSent() throws {
    var route = try route("2001:db8:9::/48", via: "fe80:ec2::1")
    route.mtu = 1400
    route.advertisedMSS = 1300
    route.priority = 77
    route.table = 100
    #expect(
      NetlinkRequest.addRoute(route, outOf: 2).bytes
        == wire(
          """
          70000000  nlmsg_len 112
          1800      RTM_NEWROUTE
          0506
          0000000000000000
          0a        AF_INET6
          30        rtm_dst_len 48
          0000
          00        RT_TABLE_UNSPEC
          03        RTPROT_BOOT
          00        RT_SCOPE_UNIVERSE
          01        RTN_UNICAST
          00000000
          14000100  RTA_DST
          20010db8000900000000000000000000
          14000500  RTA_GATEWAY
          fe800ec2000000000000000000000001
          08000400  RTA_OIF
          02000000
          08000f00  RTA_TABLE
          64000000  100
          08000600  RTA_PRIORITY
          4d000000  77
          14000880  RTA_METRICS, nested
          08000200  RTAX_MTU
          78050000  1400
          08000800  RTAX_ADVMSS
          14050000  1300
          """))
  }

  @Test func routesAreAskedForByTableAndLink() {
    #expect(
      NetlinkRequest.routes(.v6, table: 254, outOf: 2).bytes
        == wire(
          """
          2c000000  nlmsg_len 44
          1a00      RTM_GETROUTE
          0103      NLM_F_REQUEST | NLM_F_DUMP
          0000000000000000
          0a0000000000000000000000  rtmsg: AF_INET6
          08000f00  RTA_TABLE
          fe000000
          08000400  RTA_OIF
          02000000
          """))
  }

  @Test func aRouteIsReadWithItsMetrics() throws {
    let route = try #require(
      Route(
        received(
          24,
          """
          020800006403000100000000  rtmsg: 8 bits, table 100, RTPROT_BOOT, RTN_UNICAST
          08000f00  RTA_TABLE
          d2040000  1234
          08000100  RTA_DST
          0a000000
          14000800  RTA_METRICS
          08000200  RTAX_MTU
          78050000
          08000800  RTAX_ADVMSS
          14050000
          08000500  RTA_GATEWAY
          ac1f1001
          08000400  RTA_OIF
          02000000
          """)))
    #expect("\(route.destination)" == "10.0.0.0/8")
    #expect(route.table == 1234)
    #expect(route.mtu == 1400 && route.advertisedMSS == 1300)
    #expect(route.gateway == IPAddress("172.31.16.1"))
    #expect(route.linkIndex == 2 && route.isUnicast && route.nextHopCount == 1)
  }

  @Test func aMultipathRouteIsReadWithItsFirstNextHop() throws {
    let route = try #require(
      Route(
        received(
          24,
          """
          02000000fe03000100000000  rtmsg: default route, main
          24000900  RTA_MULTIPATH
          1000      rtnh_len 16
          0000      rtnh_flags, rtnh_hops
          02000000  rtnh_ifindex
          08000500  RTA_GATEWAY
          ac1f1001
          10000000
          03000000
          08000500
          d2161001
          """)))
    #expect(route.nextHopCount == 2)
    #expect(route.nextHops.map(\.linkIndex) == [2, 3])
    #expect(route.nextHops.last?.gateway == IPAddress("210.22.16.1"))
    #expect(route.linkIndex == 2)
    #expect(route.gateway == IPAddress("172.31.16.1"))
  }

  @Test func aBlackholeRouteLeadsNowhere() throws {
    let route = try #require(Route(received(24, "02000000fe03000600000000")))
    #expect(route.linkIndex == nil && route.gateway == nil && !route.isUnicast)
  }

  @Test(arguments: ["", "02", "63000000fe03000100000000", "0221000001"])
  func whatIsNoRouteIsLeftOut(text: String) {
    #expect(Route(received(24, text)) == nil)
  }
}
