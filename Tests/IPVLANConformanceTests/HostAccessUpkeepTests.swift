import ConformanceSupport
import Testing

/// What host access keeps of the node itself, whose addresses come and go, and whose tables others flush.
@Suite struct HostAccessUpkeepTests {
  /// Kubernetes' NodeLocal DNSCache answers pods at a link-local address of the node.
  @Test(arguments: ["l3", "l3s"]) func podsReachACacheAtALinkLocalAddress(mode: String) throws {
    try withNode { node in
      try node.addLink("nodelocaldns", "169.254.20.10/32")
      var attachment = try node.withHostAccess("a", 4, mode)
      try attachment.add()
      let pod = attachment.pod.namespace
      #expect(try Traffic.tcp(from: pod, to: node.namespace, at: "169.254.20.10")?.client == "172.31.16.4")
      let answered = try Traffic.udp(from: pod, to: node.namespace, at: "169.254.20.10", isBound: true)
      #expect(answered?.client == "172.31.16.4")
    }
  }

  /// The kernel takes the table's routes when the master goes down; the node's addresses are the same afterwards.
  @Test func theNextAddRestoresTheTableAfterTheMasterWasDown() throws {
    try withNode { node in
      var first = try node.withHostAccess("a", 4, "l3s")
      try first.add()
      try node.namespace.ip("link", "set", "ens5", "down")
      try node.namespace.ip("link", "set", "ens5", "up")
      try node.namespace.ip("route", "add", "default", "via", "172.31.16.1", "dev", "ens5")
      try first.mustFail(.check, code: 106, naming: "table 4101 of master ens5")
      var second = try node.withHostAccess("b", 5, "l3s")
      try second.add()
      try first.check()
      #expect(try Traffic.tcp(from: first.pod.namespace, to: node.fabric, at: Site.outside) != nil)
    }
  }

  /// An address of 169.254.0.0/16 is one as any other: a pod that has it can be reached, and leaves nothing behind.
  /// The kernel takes the routes of a link that goes down, or away; pods that run have theirs again with the next ADD.
  @Test(arguments: [["set", "ih-ens5", "down"], ["delete", "ih-ens5"]])
  func theNextAddRestoresTheWayToAllPods(loss: [String]) throws {
    try withNode { node in
      var running = [try node.withHostAccess("a", 4, "l3s"), try node.withHostAccess("b", 5, "l3s")]
      for index in running.indices { try running[index].add() }
      try node.namespace.execute("ip", ["link"] + loss).mustSucceed()
      var next = try node.withHostAccess("c", 6, "l3s")
      try next.add()
      for index in running.indices {
        try running[index].check()
        let address = "172.31.16.\(4 + index)"
        #expect(
          try Traffic.tcp(from: node.namespace, to: running[index].pod.namespace, at: address) != nil,
          "\(address)")
        try running[index].delete()
      }
      try next.delete()
    }
  }

  /// Pools of one NIC may name different next hops. The last one counts, and the filter stays as it is: to replace it
  /// costs an ADD more than all the rest.
  @Test func anotherGatewayLeavesTheFilterAlone() throws {
    try withNode { node in
      var tables: Set<String> = []
      for (pod, gateway) in [4: "172.31.16.1", 5: "172.31.16.2", 6: "172.31.16.1"].sorted(by: {
        $0.key < $1.key
      }) {
        var attachment = try node.withHostAccess("p\(pod)", pod, "l3s")
        attachment.configuration["ipam"] = .object(
          Configuration.staticIPAM("172.31.16.\(pod)/20 via \(gateway)"))
        try attachment.add()
        try attachment.check()
        let routes = try node.namespace.execute("ip", ["route", "show", "table", "4101"]).text
        #expect(routes.contains("default via \(gateway) "))
        let table = try node.namespace.execute("nft", ["-a", "list", "table", "inet", "ipvlan-host"]).text
        #expect(table.contains("172.31.16.\(pod)"))
        tables.insert(table.split(separator: "\n").first.map(String.init) ?? "")
      }
      // The kernel gives each table that is made a handle of its own.
      #expect(tables.count == 1 && tables.first?.contains("# handle") == true, "\(tables)")
    }
  }

  /// What a packet passes does not grow with the number of NICs.
  @Test func oneTableServesAllMasters() throws {
    try withNode { node in
      var first = try node.withHostAccess("a", 4, "l3s")
      try first.add()
      let one = try hooks(node)
      var second = try withHostAccessOnENS6(node, "b")
      try second.add()
      #expect(try hooks(node) == one && one.count == 6, "\(one)")
      let tables = try node.namespace.execute("nft", ["list", "tables"]).mustSucceed().text
      #expect(tables == "table inet ipvlan-host\n")
      for var attachment in [first, second] { try attachment.check() }
      #expect(try Traffic.ping("210.22.16.11", from: node.namespace))
      // Somebody has written over the note of a master: the other one's first pod leaves it in the table.
      try second.delete()
      try node.namespace.ip("link", "delete", "ih-ens6")
      try node.namespace.ip("link", "set", "dev", "ih-ens5", "alias", "mine")
      var third = try withHostAccessOnENS6(node, "c")
      try third.add()
      #expect(try members(node, "ih-ens5-v4") == ["172.31.16.4"])
      #expect(try members(node, "ih-ens6-v4") == ["210.22.16.11"])
      // Nor does a table that is lost come back for one master alone.
      try node.namespace.execute("nft", ["flush", "ruleset"]).mustSucceed()
      var fourth = try node.withHostAccess("d", 5, "l3s")
      try fourth.add()
      #expect(try members(node, "ih-ens5-v4") == ["172.31.16.4", "172.31.16.5"])
      #expect(try members(node, "ih-ens6-v4") == ["210.22.16.11"])
      for var attachment in [first, third, fourth] { try attachment.check() }
      #expect(try Traffic.ping("172.31.22.228", from: third.pod.namespace))
    }
  }

  /// Before version 1.1 each master had a table of its own, under the name of the host-side slave.
  @Test func theTablesOfAnEarlierVersionGoWithTheNextPod() throws {
    try withNode { node in
      var before = try node.withHostAccess("a", 4, "l3s")
      try before.add()
      let alias = try #require(try node.namespace.link("ih-ens5")?["ifalias"]?.string)
      try node.namespace.ip(
        "link", "set", "dev", "ih-ens5", "alias", alias.replacing(" nft3", with: " nft2"))
      try node.namespace.execute(
        "nft",
        [
          """
          delete table inet ipvlan-host
          add table inet ih-ens5
          add set inet ih-ens5 pods4 { type ipv4_addr; }
          add set inet ih-ens5 pods6 { type ipv6_addr; }
          add element inet ih-ens5 pods4 { 172.31.16.4, 172.31.16.9 }
          """
        ]
      ).mustSucceed()
      // What a pod has left in it is found.
      let site = try OperatorSite(node, pods: 0)
      #expect(try site.control("gc").text.contains("172.31.16.9"))
      var after = try node.withHostAccess("b", 5, "l3s")
      try after.add()
      #expect(try node.namespace.execute("nft", ["list", "tables"]).text == "table inet ipvlan-host\n")
      #expect(try members(node, "ih-ens5-v4") == ["172.31.16.4", "172.31.16.5"])
      for var attachment in [before, after] { try attachment.check() }
    }
  }

  private func withHostAccessOnENS6(_ node: Node, _ name: String) throws -> PodAttachment {
    var attachment = try node.attachment(
      name, mode: "l3s", master: "ens6", ipam: Configuration.staticIPAM("210.22.16.11/24 via 210.22.16.1"))
    attachment.configuration["hostAccess"] = true
    attachment.configuration["name"] = "ipvlan-ens6"
    return attachment
  }

  /// The base chains, as nft(8) lists them.
  private func hooks(_ node: Node) throws -> [String] {
    try node.namespace.execute("nft", ["list", "chains"]).mustSucceed().text.split(separator: "\n")
      .filter { $0.contains(" hook ") }.map(String.init).sorted()
  }

  private func members(_ node: Node, _ set: String) throws -> [String] {
    let text = try node.namespace.execute("nft", ["list", "set", "inet", "ipvlan-host", set]).mustSucceed()
      .text
    return text.split { !($0.isNumber || $0 == ".") }.map(String.init).filter {
      $0.split(separator: ".").count == 4
    }.sorted()
  }

  @Test func aPodMayHaveAnAddressOf169254() throws {
    try withNode { node in
      var attachment = try node.attachment(mode: "l3s", ipam: Configuration.staticIPAM("169.254.77.7/16"))
      attachment.configuration["hostAccess"] = true
      try attachment.add()
      try attachment.check()
      let routes = { try node.namespace.execute("ip", ["route", "show", "table", "all"]).text }
      #expect(try routes().contains("169.254.77.7"))
      // The link alone tells the address.
      attachment.forgetResult()
      try attachment.delete()
      #expect(try !routes().contains("169.254.77.7"))
    }
  }

  @Test func checkTellsOfAFlushedTable() throws {
    try withNode { node in
      var attachment = try node.withHostAccess("a", 4, "l3s")
      try attachment.add()
      try node.namespace.ip("route", "flush", "table", "4101")
      try attachment.mustFail(
        .check, code: 106, naming: "table 4101 of master ens5", "172.31.16.0/20", "default")
    }
  }
}

extension Node {
  /// A link of the node's own with an address, as other programs make them.
  func addLink(_ name: String, _ address: String) throws {
    try namespace.ip("link", "add", name, "type", "dummy")
    try namespace.ip("address", "add", address, "dev", name)
    try namespace.ip("link", "set", name, "up")
  }

  fileprivate func withHostAccess(_ name: String, _ host: Int, _ mode: String) throws -> PodAttachment {
    var attachment = try attachment(name, host: host, mode: mode)
    attachment.configuration["hostAccess"] = true
    return attachment
  }
}
