import Addressing
import Testing

@Suite struct CIDRTests {
  /// A prefix, its network, its last address, and whether it is a network itself.
  @Test(arguments: [
    ("172.31.16.4/20", "172.31.16.0/20", "172.31.31.255", false),
    ("10.0.0.0/8", "10.0.0.0/8", "10.255.255.255", true),
    ("0.0.0.0/0", "0.0.0.0/0", "255.255.255.255", true),
    ("1.2.3.4/0", "0.0.0.0/0", "255.255.255.255", false),
    ("192.0.2.1/32", "192.0.2.1/32", "192.0.2.1", true),
    ("192.0.2.1/31", "192.0.2.0/31", "192.0.2.1", false),
    ("2001:db8::5/64", "2001:db8::/64", "2001:db8::ffff:ffff:ffff:ffff", false),
    ("::/0", "::/0", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", true),
    ("fd00::1/128", "fd00::1/128", "fd00::1", true),
  ])
  func theNetworkFollows(text: String, network: String, last: String, isNetwork: Bool) throws {
    let cidr = try #require(CIDR(text))
    #expect(cidr.description == text)
    #expect(cidr.network.description == network)
    #expect(cidr.lastAddress.description == last)
    #expect(cidr.isNetwork == isNetwork)
    #expect(cidr.contains(cidr.firstAddress) && cidr.contains(cidr.lastAddress))
    #expect(cidr.isDefaultRoute == text.hasSuffix("/0"))
    for outside in [cidr.firstAddress.predecessor, cidr.lastAddress.successor].compactMap(\.self) {
      #expect(!cidr.contains(outside))
    }
  }

  @Test(arguments: [
    "", "/", "10.0.0.0", "10.0.0.0/", "/8", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/08",
    "10.0.0.0/ 8", "10.0.0.0/8 ", "10.0.0.0//8", "10.0.0.0/8/8", "10.0.0/8", "fd00::/129", "fd00::%1/64",
    "10.0.0.0/99999999999999999999", "10.0.0.0/255.0.0.0", "10.0.0.0/８",
  ])
  func whatIsNoPrefixIsRefused(text: String) { #expect(CIDR(text) == nil) }

  /// As Go's library reads it, and with it every other CNI program.
  @Test(arguments: [
    ("::ffff:10.20.0.50/120", "10.20.0.50/24"), ("::ffff:a14:32/128", "10.20.0.50/32"),
    ("::ffff:10.20.0.50/97", "10.20.0.50/1"),
  ])
  func anIPv4NetworkInIPv6NotationIsIPv4(text: String, canonical: String) {
    #expect(CIDR(text)?.description == canonical)
  }

  /// All of IPv4, or more than that, is meant by nobody.
  @Test(arguments: ["::ffff:10.20.0.50/96", "::ffff:0:0/96", "::ffff:10.20.0.50/64", "::ffff:10.20.0.50/129"])
  func noBitsOfAnIPv4NetworkAreRefused(text: String) { #expect(CIDR(text) == nil) }

  @Test(arguments: [
    ("10.0.0.0/8", "10.1.0.0/16", true), ("10.0.0.0/9", "10.128.0.0/9", false),
    ("0.0.0.0/0", "192.0.2.0/24", true), ("0.0.0.0/0", "::/0", false), ("fd00::/64", "fd00::1/128", true),
    ("fd00::/64", "fd00:0:0:1::/64", false), ("10.0.0.5/24", "10.0.0.200/24", true),
  ])
  func overlapIsMutual(left: String, right: String, overlaps: Bool) throws {
    let (left, right) = (try #require(CIDR(left)), try #require(CIDR(right)))
    #expect(left.overlaps(right) == overlaps)
    #expect(right.overlaps(left) == overlaps)
  }

  @Test func anInterfaceAddressHasTheNetworksLength() throws {
    let network = try #require(CIDR("fd00::/120"))
    #expect(network.interfaceAddress(try #require(IPAddress("fd00::7"))).description == "fd00::7/120")
    let address = try #require(IPAddress("10.0.0.7"))
    #expect(network.interfaceAddress(address).description == "10.0.0.7/32")
    #expect(CIDR(host: address).isHost && CIDR(host: address).description == "10.0.0.7/32")
    #expect(CIDR(address: address, prefixLength: 33) == nil)
    #expect(CIDR(address: address, prefixLength: -1) == nil)
  }

  @Test func prefixesOrderByAddressThenLength() {
    let sorted = ["9.0.0.0/8", "10.0.0.0/8", "10.0.0.0/24", "10.0.0.1/8", "::/0"]
    #expect(sorted.reversed().compactMap { CIDR($0) }.sorted().map(\.description) == sorted)
  }
}
