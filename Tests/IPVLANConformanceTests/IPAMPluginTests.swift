import ConformanceSupport
import JSON
import Testing

/// `ippool` as an IPAM plugin of its own, under the reference's main plugins.
struct IPAMPluginTests {
  @Test(arguments: ["macvlan", "bridge"])
  func givesAddressesToTheReferencesPlugins(type: String) throws {
    try withNode { node in
      try node.writePool("two", subnet: "10.9.0.0/24", ips: "10.9.0.11-10.9.0.12", gateway: "10.9.0.1")
      var (first, second) = (try attachment(type, on: node, "a"), try attachment(type, on: node, "b"))
      #expect(try first.add().addresses == ["10.9.0.11/24"])
      // The reference's bridge wants to have the MAC still that it had before the second port.
      try first.check()
      #expect(try second.add().addresses == ["10.9.0.12/24"])
      #expect(
        try first.pod.namespace.execute("ip", ["-br", "address", "show", "eth0"]).text.contains(
          "10.9.0.11/24"))
      #expect(try first.pod.namespace.execute("ip", ["route"]).text.contains("default via 10.9.0.1"))
      #expect(try first.pod.namespace.execute("ping", ["-c", "1", "-W", "3", "10.9.0.12"]).isSuccess)

      var third = try attachment(type, on: node, "c")
      let refusal = try third.call(.add)
      #expect(refusal.code == 104)
      #expect(refusal.message.contains("two") && refusal.message.contains("2"))

      try first.delete()
      try first.delete()
      // The reference's macvlan leaves its link behind when an ADD fails: another pod.
      var fourth = try attachment(type, on: node, "d")
      #expect(try fourth.add().addresses == ["10.9.0.11/24"])
      for var attachment in [second, third, fourth] { try attachment.delete() }
      #expect(try first.pod.namespace.linkNames() == ["lo"])
    }
  }

  @Test func checkMissesALeaseThatIsGone() throws {
    try withNode { node in
      try node.writePool("two", subnet: "10.9.0.0/24", ips: "10.9.0.11-10.9.0.12", gateway: "10.9.0.1")
      var attachment = try attachment("macvlan", on: node, "a")
      try attachment.add()
      var ipam = attachment
      ipam.plugin = Plugin("ippool")
      try ipam.delete()
      let reply = try attachment.call(.check)
      #expect(!reply.isSuccess)
      #expect(reply.message.contains("10.9.0.11"), "\(reply)")
      try attachment.delete()
    }
  }

  private func attachment(_ type: String, on node: Node, _ pod: String) throws -> PodAttachment {
    var configuration: JSONObject = [
      "cniVersion": "1.0.0", "name": "lan", "type": .string(type),
      "ipam": .object(node.poolIPAM(cooldown: 0)),
    ]
    if type == "macvlan" {
      configuration["master"] = "ens5"
    } else {
      configuration["bridge"] = "br-test"
      configuration["isDefaultGateway"] = false
    }
    var attachment = PodAttachment(try node.pod(pod), on: node, configuration)
    attachment.plugin = .reference(type)
    return attachment
  }
}
