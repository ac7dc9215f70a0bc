import Addressing
import IPAM
import JSON
import Testing

/// What of a configuration is taken, and what is refused naming key and value.
@Suite struct HostLocalConfigurationTests {
  /// Refused members, the key and the words of the refusal. The reference refuses them too.
  static let refused: [(members: String, key: String, says: String)] = [
    (#""subnet": "10.0.0.0/31""#, "ipam.subnet", "too small"),
    (#""subnet": "10.0.0.1/32""#, "ipam.subnet", "too small"),
    (#""subnet": "fd00::/127""#, "ipam.subnet", "too small"),
    (#""subnet": "fd00::/128""#, "ipam.subnet", "too small"),
    (#""subnet": "10.0.0.1/24""#, "ipam.subnet", "the network of that length is 10.0.0.0/24"),
    (#""subnet": "fd00::1/64""#, "ipam.subnet", "has host bits set"),
    (#""subnet": "10.0.0.0""#, "ipam.subnet", "must be a network"),
    (#""subnet": "10.0.0.0/33""#, "ipam.subnet", "must be a network"),
    (#""subnet": 10"#, "ipam.subnet", "must be a network"),
    (
      #""subnet": "10.0.0.0/24", "rangeStart": "10.0.1.5""#, "ipam.rangeStart",
      "must lie in subnet 10.0.0.0/24"
    ),
    (#""subnet": "10.0.0.0/24", "rangeStart": "fd00::1""#, "ipam.rangeStart", "must lie in subnet"),
    (#""subnet": "10.0.0.0/24", "rangeEnd": "10.0.1.5""#, "ipam.rangeEnd", "must lie in subnet"),
    (
      #""subnet": "10.0.0.0/24", "rangeStart": "10.0.0.9", "rangeEnd": "10.0.0.8""#, "ipam.rangeEnd",
      "empty range"
    ),
    (#""subnet": "10.0.0.0/24", "gateway": "10.0.1.1""#, "ipam.gateway", "must lie in subnet"),
    (#""subnet": "10.0.0.0/24", "gateway": "here""#, "ipam.gateway", "must be an IP address"),
    (#""gateway": "here", "ranges": [[{"subnet": "10.0.0.0/24"}]]"#, "ipam.gateway", "must be an IP address"),
    (#""ranges": [[]]"#, "ipam.ranges[0]", "at least one range"),
    (#""ranges": {"subnet": "10.0.0.0/24"}"#, "ipam.ranges", "must be an array"),
    (#""ranges": [{"subnet": "10.0.0.0/24"}]"#, "ipam.ranges[0]", "must be an array of ranges"),
    (#""ranges": [["10.0.0.0/24"]]"#, "ipam.ranges[0][0]", "must be an object"),
    (#""ranges": [[{"gateway": "10.0.0.1"}]]"#, "ipam.ranges[0][0].subnet", "is required"),
    (#""ranges": [[{"subnet": "10.0.0.0/24"}, {"subnet": "fd00::/64"}]]"#, "ipam.ranges[0][1]", "family"),
    (#""ranges": [[{"subnet": "10.0.0.0/24"}, {"subnet": "10.0.0.0/16"}]]"#, "ipam.ranges[0][1]", "overlaps"),
    (#""ranges": [[{"subnet": "10.0.0.0/24"}], [{"subnet": "10.0.0.0/28"}]]"#, "ipam.ranges[1]", "overlaps"),
    (#""subnet": "10.0.0.0/24", "ranges": [[{"subnet": "10.0.0.0/28"}]]"#, "ipam.ranges", "overlap"),
    (#""subnet": "10.0.0.0/24", "routes": {}"#, "ipam.routes", "must be an array"),
    (#""subnet": "10.0.0.0/24", "routes": [{"dst": "10.0.0.1"}]"#, "ipam.routes[0].dst", "must be a network"),
    (
      #""subnet": "10.0.0.0/24", "routes": [{"dst": "10.0.0.0/8", "gw": "x"}]"#, "ipam.routes[0].gw",
      "must be an IP"
    ),
    (#""subnet": "10.0.0.0/24", "resolvConf": true"#, "ipam.resolvConf", "must be a string"),
  ]

  @Test(arguments: refused)
  func whatIsWrongIsNamed(members: String, key: String, says: String) throws {
    let site = try HostLocalSite()
    let error = #expect(throws: JSONFieldError.self) { try site.allocator(members) }
    #expect(error?.path == key)
    #expect(error?.description.contains(says) ?? false, "\(String(describing: error))")
  }

  @Test func theDataDirectoryMustBeAString() throws {
    let error = #expect(throws: JSONFieldError.self) {
      try HostLocalAllocator(JSONFields(["dataDir": .int(5)], path: "ipam"), network: "net")
    }
    #expect(error?.path == "ipam.dataDir")
  }

  @Test(arguments: ["", ".", "..", "../other", "a/b", ".hidden", "a\0b"])
  func aNetworkCannotLeaveTheDataDirectory(name: String) throws {
    let site = try HostLocalSite()
    let error = #expect(throws: JSONFieldError.self) {
      try HostLocalAllocator(site.ipam(#""subnet": "10.0.0.0/24""#), network: name)
    }
    #expect(error?.path == "name")
  }

  /// Taken by both, with the same answer.
  static let taken: [String] = [
    #""subnet": "10.0.0.0/24""#,
    #""subnet": "10.0.0.0/24", "rangeStart": "10.0.0.10", "rangeEnd": "10.0.0.20", "gateway": "10.0.0.254""#,
    #""subnet": "10.0.0.0/24", "ranges": [[{"subnet": "fd00::/64"}]]"#,
    #""gateway": "10.0.0.1", "rangeStart": "192.0.2.1", "ranges": [[{"subnet": "10.0.0.0/24"}]]"#,
    #""ranges": [[{"subnet": "10.0.0.0/24", "rangeEnd": "10.0.0.99"}], [{"subnet": "10.0.0.0/24", "rangeStart": "10.0.0.100"}]]"#,
    #""subnet": "10.0.0.0/24", "routes": [{"dst": "0.0.0.0/0"}, {"dst": "10.8.0.0/16", "gw": "10.0.0.9"}]"#,
    #""subnet": "10.0.0.0/24", "resolvConf": "", "ranges": null, "unknown": 1"#,
    #""subnet": "fd00::/64", "rangeStart": "fd00::ffff:ffff:ffff:ffff""#,
  ]

  @Test(arguments: taken) func theAnswerIsTheReferences(members: String) throws {
    let (ours, theirs) = (try HostLocalSite(), try HostLocalSite())
    let allocator = try ours.allocator(members)
    for container in ["a", "b"] {
      let reference = try theirs.reference("ADD", container, members)
      guard let reference else {
        #expect(throws: AllocationError.self) { try allocator.allocate(ours.request(container)) }
        continue
      }
      let answer = CNIAnswer(try allocator.allocate(ours.request(container)))
      #expect(answer.addresses == reference.addresses)
      #expect(answer.gateways == reference.gateways)
      #expect(answer.routes == reference.routes)
    }
    #expect(try ours.held() == theirs.held())
    #expect(try !ours.held().isEmpty)
  }

  @Test func rangesOfTheRuntimeComeFirst() throws {
    let site = try HostLocalSite()
    let allocator = try site.allocator(#""subnet": "10.0.0.0/24""#)
    var request = try site.request("a")
    let text = #"[[{"subnet": "10.7.0.0/16", "gateway": "10.7.9.9"}], [{"subnet": "fd00::/64"}]]"#
    request.ranges = try #require(try JSONValue(parsing: Array(text.utf8)).array)
    let answer = CNIAnswer(try allocator.allocate(request))
    #expect(answer.addresses == ["10.7.0.1/16", "fd00::2/64", "10.0.0.2/24"])
    #expect(answer.gateways == ["10.7.9.9", "fd00::1", "10.0.0.1"])
    #expect(try site.read("last_reserved_ip.2") == "10.0.0.2")
    request.ranges = try #require(try JSONValue(parsing: Array(#"[[{"subnet": "10.0.0.0/8"}]]"#.utf8)).array)
    let error = #expect(throws: AllocationError.self) { try allocator.allocate(request) }
    #expect(error?.kind == .invalidConfiguration)
    #expect(error?.message.contains("overlap") ?? false)
  }

  @Test func withoutAnyRangeNothingIsGiven() throws {
    let site = try HostLocalSite()
    let allocator = try site.allocator(#""routes": []"#)
    let error = #expect(throws: AllocationError.self) { try allocator.allocate(site.request("a")) }
    #expect(error?.kind == .invalidConfiguration)
    #expect(error?.message.contains("ipam.ranges") ?? false)
    // What was given under an earlier configuration is released nevertheless.
    try site.write("10.0.0.9", "a\r\neth0")
    try allocator.release(site.request("a"))
    #expect(try site.held() == [])
  }

  @Test func resolvConfIsReadAsTheReferenceReadsIt() throws {
    let (ours, theirs) = (try HostLocalSite(), try HostLocalSite())
    try ours.directory.write(
      "resolv.conf",
      "# comment\n; comment\n\n  nameserver 192.0.2.1 ignored\nnameserver\t2001:db8::53\r\nnameserver\n"
        + "domain a.example\ndomain b.example\nsearch one two\nsearch three\noptions ndots:5  edns0\nsortlist x y"
    )
    let members = #""subnet": "10.0.0.0/24", "resolvConf": "\#(ours.directory.path)/resolv.conf""#
    let answer = CNIAnswer(try ours.allocator(members).allocate(ours.request("a")))
    #expect(answer.dns.nameservers == ["192.0.2.1", "2001:db8::53"])
    #expect(answer.dns.search == ["one", "two", "three"])
    let reference = try theirs.reference("ADD", "a", members)
    #expect(answer.dns == reference?.dns)
    let missing = try ours.allocator(#""subnet": "10.0.0.0/24", "resolvConf": "/none""#)
    let error = #expect(throws: AllocationError.self) { try missing.allocate(ours.request("b")) }
    #expect(error?.kind == .invalidConfiguration)
    #expect(error?.message.contains("/none") ?? false)
    #expect(throws: AllocationError.self) { try missing.status() }
    #expect(try ours.held() == ["10.0.0.2"])
  }
}
