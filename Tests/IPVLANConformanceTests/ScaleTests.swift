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
}
