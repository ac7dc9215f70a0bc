import Addressing
import Testing

@Suite struct MACAddressTests {
  @Test(arguments: [
    ("02:42:ac:11:00:02", "02:42:ac:11:00:02"), ("FF:FF:ff:Ff:fF:00", "ff:ff:ff:ff:ff:00"),
    ("00:00:00:00:00:00", "00:00:00:00:00:00"), ("02-42-AC-11-00-02", "02:42:ac:11:00:02"),
    ("0242.ac11.0002", "02:42:ac:11:00:02"),
  ])
  func sixBytesAreRead(text: String, canonical: String) throws {
    let address = try #require(MACAddress(text))
    #expect(address.description == canonical)
    #expect(MACAddress(bytes: address.bytes) == address)
  }

  @Test(arguments: [
    "", ":::::", "02:42:ac:11:00", "02:42:ac:11:00:02:03", "2:42:ac:11:0:2", "02-42:ac-11:00-02",
    "0242:ac11:0002", "0242.ac11.000", "02.42.ac.11.00.02", "02:42:ac:11:00:0g", "02:42:ac:11:00:+2",
    "02:42:ac:11:00:002", "02:42:ac:11:00:02 ",
    "02:42:ac:11:00:０", " 2:42:ac:11:00:02",
  ])
  func anythingElseIsRefused(text: String) { #expect(MACAddress(text) == nil) }

  @Test(arguments: [0, 4, 5, 7, 8, 20]) func otherLengthsAreRefused(count: Int) {
    #expect(MACAddress(bytes: [UInt8](repeating: 1, count: count)) == nil)
  }
}
