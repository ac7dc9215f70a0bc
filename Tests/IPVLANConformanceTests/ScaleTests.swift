import ConformanceSupport
import JSON
import Testing

/// Any number of routes, addresses and pods: nothing waits for an answer that the kernel has dropped.
@Suite struct ScaleTests {
  @Test(arguments: [("l2", 300), ("l3s", 300), ("l3s", 3000)])
  func anAttachmentWithManyRoutes(mode: String, count: Int) throws {
    try withCleanNode { node in
      let routes: [JSONObject] =
        [["dst": "0.0.0.0/0"]]
        + (0..<count).map { ["dst": .string("10.\(100 + $0 / 200).\($0 % 200).0/24")] }
      var attachment = try node.attachment("a", host: 4, mode: mode)
      attachment.configuration["ipam"] = .object(
        Configuration.staticIPAM("172.31.16.4/20 via 172.31.16.1", routes: routes))
      try attachment.add()
      #expect(try attachment.pod.namespace.routes().count == count + 1)
      try attachment.check()
      try attachment.delete()
    }
  }

  @Test(arguments: ["l2", "l3", "l3s"]) func anAttachmentWithManyAddresses(mode: String) throws {
    try withCleanNode { node in
      let hosts = (1...100).map { "172.31.17.\($0)/20" } + (1...100).map { "2001:db8:5::1:\($0)/64" }
      var attachment = try node.attachment("a", host: 4, mode: mode)
      attachment.configuration["ipam"] = [
        "type": "static", "addresses": .array(hosts.map { ["address": .string($0)] }),
      ]
      try attachment.add()
      #expect(try attachment.pod.namespace.addresses(of: "eth0").count == 200)
      try attachment.check()
      try attachment.delete()
    }
  }

  /// Each address of the node takes a route, and of the master a rule too.
  @Test(arguments: ["l3", "l3s"]) func aNodeWithManyAddresses(mode: String) throws {
    try withNode { node in
      try node.namespace.batch(
        (1...250).map { "addr add 172.31.18.\($0)/20 dev ens5\n" }.joined())
      var attachment = try node.attachment("a", host: 4, mode: mode)
      attachment.configuration["hostAccess"] = true
      try attachment.add()
      try attachment.check()
      let pod = attachment.pod.namespace
      for address in ["172.31.22.228", "172.31.18.1", "172.31.18.250"] {
        #expect(try Traffic.tcp(from: pod, to: node.namespace, at: address) != nil, "\(address)")
      }
      try attachment.delete()
    }
  }

  /// More pods than kubelet allows by default, on one NIC: what was lost is restored for all of them at once, and what they leave
  /// behind goes at once.
  @Test func aNICWithManyPods() throws {
    try withNode { node in
      let site = try OperatorSite(node, pods: 0)
      try node.writePool(
        "ens5", subnet: "172.31.16.0/20", ips: "172.31.17.1-172.31.18.200", gateway: "172.31.16.1")
      let injector = try FaultInjector(on: node)
      defer { injector.remove() }
      // The system calls of an ADD, a CHECK and a DEL.
      let cost = { (name: String) throws -> [Int] in
        var probe = try site.prepare(name)
        probe.plugin = injector.plugin
        try probe.add()
        let adding = try injector.callCount()
        try probe.check()
        let checking = try injector.callCount()
        try probe.delete()
        return [adding, checking, try injector.callCount()]
      }
      for number in 0..<10 { try site.attach("p\(number)") }
      let costs = try cost("few")
      for number in 10..<250 { try site.attach("p\(number)") }
      let crowded = try cost("many")
      for (cost, few) in zip(crowded, costs) {
        #expect(few > 20 && Double(cost) <= 1.3 * Double(few), "with 250 pods \(crowded), with 10 \(costs)")
      }
      let samples = [0, 1, 60, 99, 249].map { site.attachments[$0] }
      let mustBeWhole = {
        for sample in samples {
          var sample = sample
          try sample.check()
        }
      }
      try mustBeWhole()

      try node.namespace.execute("nft", ["flush", "ruleset"]).mustSucceed()
      try site.attach("after")
      try mustBeWhole()

      try node.namespace.ip("link", "delete", "ih-ens5")
      let fixing = try site.control("doctor", "--fix")
      #expect(fixing.isSuccess, "\(fixing)")
      try mustBeWhole()

      let dead = Array(site.attachments[100..<220])
      for attachment in dead { attachment.pod.namespace.destroy() }
      var deletion = dead[0]
      try deletion.delete()
      try eventually {
        let collection = try site.control("gc")
        #expect(collection.isSuccess, "\(collection)")
        let routes = try node.namespace.execute("ip", ["route", "show", "dev", "ih-ens5"]).text
        return routes.split(separator: "\n").count == 131
      }
      try mustBeWhole()
      for attachment in site.attachments where attachment.pod.namespace.isAlive {
        var attachment = attachment
        try attachment.delete()
      }
      #expect(try node.namespace.execute("ip", ["route", "show", "dev", "ih-ens5"]).text == "")
    }
  }
}
