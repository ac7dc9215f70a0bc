import Addressing
import Testing

@Suite struct IPAddressTests {
  /// What is written, and how it is written back.
  @Test(arguments: [
    ("0.0.0.0", "0.0.0.0"), ("255.255.255.255", "255.255.255.255"), ("172.31.16.4", "172.31.16.4"),
    ("::", "::"), ("::1", "::1"), ("1::", "1::"), ("fe80::1", "fe80::1"), ("2001:DB8::A", "2001:db8::a"),
    ("2001:db8:0:0:0:0:0:1", "2001:db8::1"),
    ("2001:0db8:0000:0000:0001:0000:0000:0001", "2001:db8::1:0:0:1"),
    ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"), ("1:0:0:2:0:0:0:3", "1:0:0:2::3"),
    ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"), ("::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"),
    ("::ffff:192.0.2.1", "192.0.2.1"), ("::ffff:c000:201", "192.0.2.1"), ("::FFFF:0:0", "0.0.0.0"),
    ("::fffe:192.0.2.1", "::fffe:c000:201"),
    ("64:ff9b::192.0.2.33", "64:ff9b::c000:221"), ("1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"),
    ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
  ])
  func textIsReadAndWrittenInTheShortestForm(text: String, canonical: String) throws {
    let address = try #require(IPAddress(text))
    #expect(address.description == canonical)
    #expect(IPAddress(canonical) == address)
    #expect(IPAddress(bytes: address.bytes) == address)
  }

  @Test(arguments: [
    "", " ", ".", "...", "1", "1.2.3", "1.2.3.4.5", "1.2.3.", ".1.2.3", "1..2.3", "256.0.0.1", "1.2.3.999",
    "01.2.3.4", "1.2.3.04", "1.2.3.00", "0x1.2.3.4", "1.2.3.4 ", " 1.2.3.4", "1.2.3.4/24", "1.2.3.4\n",
    "+1.2.3.4", "-1.2.3.4", "1,2,3,4", "１.2.3.4", "1.2.3.1234567890123456789012", "1.2.3.4\0",
  ])
  func whatIsNoIPv4AddressForEveryoneIsRefused(text: String) { #expect(IPAddress(text) == nil) }

  @Test(arguments: [
    ":", ":::", "1:", ":1", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::",
    "::1:2:3:4:5:6:7:8", "12345::", "g::", "fe80::1%eth0", "::1/64", "[::1]", "::1.2.3", "::1.2.3.4.5",
    "::1.2.3.4:5", "1.2.3.4::", "::01.2.3.4", "1:2:3:4:5:6:7:1.2.3.4", "::ffff:256.0.0.1", "１::", "-1::",
    "+1::", "::\0", " ::1", "::::", "1:::2",
  ])
  func whatIsNoIPv6AddressForEveryoneIsRefused(text: String) { #expect(IPAddress(text) == nil) }

  @Test func bytesAreFourOrSixteen() {
    for count in 0...20 {
      let address = IPAddress(bytes: [UInt8](repeating: 0xFF, count: count))
      #expect((address != nil) == (count == 4 || count == 16))
    }
    #expect(IPAddress(family: .v4, value: 0x1_0A00_0001).description == "10.0.0.1")
  }

  @Test func neighboursEndAtTheEndsOfTheFamily() {
    let (first, last) = (IPAddress(family: .v4, value: 0), IPAddress(family: .v4, value: 0xFFFF_FFFF))
    #expect(first.predecessor == nil && last.successor == nil)
    #expect(first.successor?.description == "0.0.0.1" && last.predecessor?.description == "255.255.255.254")
    #expect(IPAddress("10.0.0.255")?.successor?.description == "10.0.1.0")
    #expect(IPAddress(family: .v6, value: .max).successor == nil)
    #expect(IPAddress(family: .v6, value: 0).predecessor == nil)
    #expect(IPAddress("::ffff:ffff")?.successor?.description == "::1:0:0")
  }

  @Test func addressesOrderByFamilyThenNumber() {
    let sorted = ["9.0.0.0", "10.0.0.2", "10.0.0.10", "255.255.255.255", "::", "::a", "::10", "fe80::"]
    #expect(sorted.reversed().compactMap { IPAddress($0) }.sorted().map(\.description) == sorted)
    #expect(IPAddress("0.0.0.1") != IPAddress("::1"))
  }

  @Test(arguments: [
    ("0.0.0.0", ""), ("::", ""), ("127.255.0.1", "loopback"), ("::1", "loopback"),
    ("224.0.0.1", "multicast"), ("239.255.255.255", "multicast"), ("ff02::1", "multicast"),
    ("169.254.0.1", ""), ("fe80::1", "link-local"), ("febf::1", "link-local"),
    ("126.255.255.255", ""), ("128.0.0.0", ""), ("223.255.255.255", ""), ("240.0.0.0", ""),
    ("169.253.0.1", ""), ("fec0::1", ""), ("fe7f::1", ""), ("::2", ""), ("2001:db8::1", ""),
  ])
  func kindsAreToldApart(text: String, kind: String) throws {
    let address = try #require(IPAddress(text))
    #expect(address.isLoopback == (kind == "loopback"))
    #expect(address.isMulticast == (kind == "multicast"))
    #expect(address.isLinkLocal == (kind == "link-local"))
  }
}
