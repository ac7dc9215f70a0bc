import ConformanceSupport
import JSON
import Testing

/// Without the key `master`, an earlier plugin of the chain may name it: the one interface of its result.
@Suite struct ChainedMasterTests {
  private static func previous(_ interfaces: JSONValue...) -> JSONValue {
    [
      "cniVersion": "1.1.0", "interfaces": .array(interfaces),
      "ips": [["address": "210.22.16.11/24", "gateway": "210.22.16.1"]], "routes": [["dst": "0.0.0.0/0"]],
    ]
  }

  private func attachment(_ node: Node, _ previous: JSONValue, _ keys: JSONObject = [:]) throws
    -> PodAttachment
  {
    var attachment = try node.linkOnly("a", keys, master: nil)
    attachment.configuration["prevResult"] = previous
    return attachment
  }

  /// ens5, with the default route, is link 2 of every node, and ens6 link 3.
  @Test(arguments: ["l2", "l3s"]) func theInterfaceOfPrevResultIsTheMaster(mode: String) throws {
    try withNode { node in
      var attachment = try attachment(
        node, Self.previous(["name": "ens6"]), ["mode": .string(mode), "hostAccess": .bool(mode == "l3s")])
      try attachment.add()
      #expect(try attachment.link()["link_index"]?.int == 3)
      #expect(try Traffic.ping("210.22.16.1", from: attachment.pod.namespace))
      try attachment.check()
      if mode == "l3s" {
        #expect(try Traffic.ping("210.22.16.11", from: node.namespace))
        // CHECK looks at the host access of the same master.
        try node.namespace.ip("link", "delete", "ih-ens6")
        try attachment.mustFail(.check, code: 106, naming: "ih-ens6")
      }
      try attachment.delete()
      #expect(try attachment.pod.namespace.linkNames() == ["lo"])
    }
  }

  @Test func aLinkOnAnotherMasterThanPrevResultNamesIsADifference() throws {
    try withCleanNode { node in
      var attachment = try attachment(node, Self.previous(["name": "ens6"]), ["master": "ens5"])
      try attachment.add()
      attachment.configuration["master"] = .null
      try attachment.mustFail(.check, code: 106, naming: "does not stand on master ens6")
      try attachment.delete()
    }
  }

  /// CHECK gets what all plugins of the chain made, also those behind this one.
  @Test func interfacesOfLaterPluginsDoNotCount() throws {
    try withCleanNode { node in
      var attachment = try node.linkOnly(master: nil)
      let result = try #require(try attachment.add().document)
      var later = PodAttachment(attachment.pod, on: node, attachment.configuration)
      var extended = result
      extended["interfaces"] = .array((result["interfaces"]?.array ?? []) + [["name": "ens6"]])
      later.configuration["prevResult"] = .object(extended)
      try later.check()
      try attachment.delete()
    }
  }

  @Test func severalInterfacesAreNoChoice() throws {
    try withCleanNode { node in
      for command in [Plugin.Command.add, .check] {
        var attachment = try attachment(node, Self.previous(["name": "ens5"], ["name": "ens6"]))
        try attachment.mustFail(command, code: 7, naming: "\"master\"", "ens5, ens6")
        try attachment.delete()
        attachment.pod.namespace.destroy()
      }
    }
  }

  @Test func anInterfaceThatTheNodeDoesNotHaveIsNamed() throws {
    try withCleanNode { node in
      var attachment = try attachment(node, Self.previous(["name": "ens7"]))
      try attachment.mustFail(code: 100, naming: "ens7")
    }
  }

  @Test func interfacesOfThePodAreNoMasterOfTheNode() throws {
    try withCleanNode { node in
      var attachment = try node.linkOnly(master: nil)
      attachment.configuration["prevResult"] = Self.previous(
        ["name": "net1", "sandbox": .string(attachment.pod.namespace.path)])
      try attachment.add()
      #expect(try attachment.link()["link_index"]?.int == 2)
      try attachment.check()
      try attachment.delete()
    }
  }

  /// With linkInContainer the master is one of those.
  @Test func theInterfaceInThePodIsTheMasterOfALinkInTheContainer() throws {
    try withCleanNode { node in
      var attachment = try node.linkOnly("a", ["linkInContainer": true], master: nil)
      try attachment.pod.namespace.batch("link add net1 type dummy\nlink set net1 up\n")
      attachment.configuration["prevResult"] = [
        "cniVersion": "1.1.0",
        "interfaces": [
          ["name": "ens6"], ["name": "net1", "sandbox": .string(attachment.pod.namespace.path)],
        ],
      ]
      try attachment.add()
      #expect(try attachment.link()["link"]?.string == "net1")
      try attachment.check()
      try attachment.delete()
      try attachment.pod.namespace.ip("link", "delete", "net1")
    }
  }
}
