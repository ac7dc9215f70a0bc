import Addressing
import IPAM
import Testing

/// Which address comes next: as the reference has it, which is asked too.
@Suite struct HostLocalOrderTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let ranges: String
    var last: String?
    var held: [String] = []
    let next: String?
    var testDescription: String { "\(ranges) after \(last ?? "nothing") with \(held)" }
  }

  static let eight = #""subnet": "10.0.0.0/29""#
  static let two = #""ranges": [[{"subnet": "10.0.0.0/30"}, {"subnet": "10.0.1.0/30"}]]"#
  static let three =
    #""ranges": [[{"subnet": "10.0.0.0/30"}, {"subnet": "10.0.1.0/30"}, {"subnet": "10.0.2.0/30"}]]"#

  static let cases: [Case] = [
    Case(ranges: eight, next: "10.0.0.2/29"),
    Case(ranges: #""subnet": "2001:db8:1::0/64""#, next: "2001:db8:1::2/64"),
    Case(ranges: #""subnet": "10.0.0.0/30""#, next: "10.0.0.2/30"),
    Case(ranges: eight, held: ["10.0.0.2"], next: "10.0.0.3/29"),
    Case(ranges: eight, last: "10.0.0.5", next: "10.0.0.6/29"),
    Case(ranges: eight, last: "10.0.0.3", held: ["10.0.0.4", "10.0.0.5"], next: "10.0.0.6/29"),
    Case(ranges: eight, last: "10.0.0.5", held: ["10.0.0.6"], next: "10.0.0.2/29"),
    Case(ranges: eight, last: "10.0.0.6", next: "10.0.0.2/29"),
    Case(ranges: eight, last: "10.0.0.128", held: ["10.0.0.2"], next: "10.0.0.3/29"),
    Case(ranges: eight, last: "no address", next: "10.0.0.2/29"),
    Case(ranges: eight, last: "", next: "10.0.0.2/29"),
    Case(
      ranges: eight, last: "10.0.0.3", held: ["10.0.0.2", "10.0.0.4", "10.0.0.5", "10.0.0.6"],
      next: "10.0.0.3/29"),
    Case(ranges: two, next: "10.0.0.2/30"),
    Case(ranges: two, last: "10.0.0.2", next: "10.0.1.2/30"),
    Case(ranges: three, last: "10.0.2.2", next: "10.0.0.2/30"),
    Case(ranges: two, held: ["10.0.0.2", "10.0.1.2"], next: nil),
    Case(ranges: #""subnet": "10.0.0.0/30""#, held: ["10.0.0.2"], next: nil),
    Case(
      ranges: eight, held: ["10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5", "10.0.0.6"], next: nil),
    Case(
      ranges: #""subnet": "10.0.0.0/24", "rangeStart": "10.0.0.9", "rangeEnd": "10.0.0.9""#,
      last: "10.0.0.9", next: "10.0.0.9/24"),
    Case(
      ranges:
        #""subnet": "10.0.0.0/24", "rangeStart": "10.0.0.9", "rangeEnd": "10.0.0.9", "gateway": "10.0.0.9""#,
      next: nil),
    Case(
      ranges:
        #""subnet": "10.0.0.0/24", "rangeStart": "10.0.0.0", "rangeEnd": "10.0.0.255", "gateway": "10.0.0.7""#,
      next: "10.0.0.0/24"),
    Case(
      ranges: #""subnet": "fd00::/126""#, last: "fd00::2", next: "fd00::3/126"),
  ]

  @Test(arguments: cases) func theNextAddressIsTheReferences(_ example: Case) throws {
    let (ours, theirs) = (try HostLocalSite(), try HostLocalSite())
    for site in [ours, theirs] {
      for address in example.held { try site.write(address, "other\r\neth0") }
      if let last = example.last { try site.write("last_reserved_ip.0", last) }
    }
    let allocator = try ours.allocator(example.ranges)
    if let next = example.next {
      let answer = CNIAnswer(try allocator.allocate(ours.request("id")))
      #expect(answer.addresses == [next])
      let file = String(next.prefix { $0 != "/" })
      #expect(try ours.read(file) == "id\r\neth0")
      #expect(try ours.read("last_reserved_ip.0") == file)
    } else {
      let error = #expect(throws: AllocationError.self) { try allocator.allocate(ours.request("id")) }
      #expect(error?.kind == .exhausted)
      #expect(error?.message.contains("all \(example.held.count) are held") ?? false)
      #expect(try ours.held() == example.held)
    }
    let reference = try theirs.reference("ADD", "id", example.ranges)
    #expect(reference?.addresses ?? [] == (example.next.map { [$0] } ?? []))
    #expect(try ours.held() == theirs.held())
  }

  @Test func everyAddressIsGivenOnceThenTheRoundBeginsAnew() throws {
    let site = try HostLocalSite()
    let ranges =
      #""ranges": [[{"subnet": "10.0.0.0/24", "rangeStart": "10.0.0.250"}, {"subnet": "10.9.0.0/29", "gateway": "10.9.0.3"}]]"#
    let allocator = try site.allocator(ranges)
    let expected =
      (250...254).map { "10.0.0.\($0)/24" } + [1, 2, 4, 5, 6].map { "10.9.0.\($0)/29" } + ["10.0.0.250/24"]
    var given: [String] = []
    for turn in 0...10 {
      given += CNIAnswer(try allocator.allocate(site.request("c\(turn)"))).addresses
      try allocator.release(site.request("c\(turn)"))
    }
    #expect(given == expected)
  }

  @Test func aLongRunOfHeldAddressesIsPassed() throws {
    let site = try HostLocalSite()
    for host in 2...230 { try site.write("10.0.0.\(host)", "other\r\neth0") }
    let allocator = try site.allocator(#""subnet": "10.0.0.0/24""#)
    #expect(CNIAnswer(try allocator.allocate(site.request("a"))).addresses == ["10.0.0.231/24"])
    // The only free one is now an empty file behind all the others.
    for host in 232...254 { try site.write("10.0.0.\(host)", "other\r\neth0") }
    try site.write("10.0.0.200", "")
    #expect(CNIAnswer(try allocator.allocate(site.request("b"))).addresses == ["10.0.0.200/24"])
    #expect(throws: AllocationError.self) { try allocator.allocate(site.request("c")) }
  }
}
