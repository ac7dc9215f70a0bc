import ConformanceSupport
import JSON
import Testing

/// DEL removes what there is, and succeeds when there is nothing.
@Suite struct DeleteTests {
  @Test func deleteWithoutAddSucceeds() throws {
    try withCleanNode { node in
      var attachment = try node.attachment()
      try attachment.delete()
    }
  }

  @Test func deleteTwiceSucceeds() throws {
    try withCleanNode { node in
      var attachment = try node.attachment()
      try attachment.add()
      try attachment.delete()
      try attachment.delete()
    }
  }

  @Test func deleteAfterAFailedAddSucceeds() throws {
    try withCleanNode { node in
      var attachment = try node.attachment(master: "ens7")
      try attachment.mustFail(code: 100)
      try attachment.delete()
    }
  }

  @Test func deleteWithoutPrevResultRemovesTheLink() throws {
    try withCleanNode { node in
      var attachment = try node.attachment()
      try attachment.add()
      var other = PodAttachment(attachment.pod, on: node, attachment.configuration)
      try other.delete()
    }
  }

  @Test(arguments: ["", "/run/netns/never-was", "/proc/1999999/ns/net"])
  func deleteWithoutNamespaceSucceeds(netns: String) throws {
    try withCleanNode { node in
      var attachment = try node.attachment()
      attachment.environment["CNI_NETNS"] = netns
      try attachment.delete()
    }
  }

  /// Multus' daemon calls DEL with the keys that it knows when the API server has the pod no more (4.3).
  @Test(
    arguments: [("l2", false), ("l3", false), ("l3s", false), ("l3", true), ("l3s", true)],
    ["ippool", "host-local"])
  func deleteWithoutThePluginsKeysLeavesNothing(kind: (mode: String, hasHostAccess: Bool), type: String)
    throws
  {
    try withNode { node in
      try node.writePool(
        "one", subnet: "172.31.16.0/20", ips: "172.31.16.4-172.31.16.5", gateway: "172.31.16.1")
      let ipam = type == "ippool" ? node.poolIPAM(cooldown: 0) : node.hostLocal()
      // What a master needs is made with the first pod, and stays.
      var first = try node.attachment("a", mode: kind.mode, ipam: ipam)
      first.configuration["hostAccess"] = .bool(kind.hasHostAccess)
      try first.add()
      let before = try Snapshot(of: node.namespace)
      var second = try node.attachment("b", mode: kind.mode, ipam: ipam)
      second.configuration["hostAccess"] = .bool(kind.hasHostAccess)
      try second.add()
      #expect(try (before.difference(from: Snapshot(of: node.namespace)) == "") == (kind.mode == "l2"))
      for key in ["master", "mode", "hostAccess"] { second.configuration[key] = nil }
      try second.delete()
      #expect(try second.pod.namespace.linkNames() == ["lo"])
      #expect(try before.difference(from: Snapshot(of: node.namespace)) == "")
      try first.check()
      try first.delete()
    }
  }

  /// An edit of a configuration while a pod runs.
  struct Edit: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let before: JSONObject
    let after: JSONObject

    static let all = [
      Edit(
        testDescription: "host access given", before: ["mode": "l3s", "hostAccess": false],
        after: ["mode": "l3s", "hostAccess": true]),
      Edit(
        testDescription: "host access taken", before: ["mode": "l3s", "hostAccess": true],
        after: ["mode": "l3s", "hostAccess": false]),
      Edit(testDescription: "mode l2", before: ["mode": "l3s"], after: ["mode": "l2"]),
    ]
  }

  /// DEL takes back what ADD made, whatever the configuration says by now: the next pod with the address has what its own says.
  @Test(arguments: Edit.all, [false, true])
  func anEditOfHostAccessSinceAddLeavesNothing(edit: Edit, isNamespaceGone: Bool) throws {
    try withNode { node in
      // Fence and host access of the master stay: other pods have them.
      var keepers = try [node.attachment("open", host: 8), node.attachment("fenced", host: 9)]
      for (index, hasHostAccess) in [true, false].enumerated() {
        keepers[index].configuration["mode"] = "l3s"
        keepers[index].configuration["hostAccess"] = .bool(hasHostAccess)
        try keepers[index].add()
      }
      let before = try Snapshot(of: node.namespace)
      var pod = try node.attachment("a")
      for (key, value) in edit.before.members { pod.configuration[key] = value }
      try pod.add()
      #expect(try before.difference(from: Snapshot(of: node.namespace)) != "")
      for (key, value) in edit.after.members { pod.configuration[key] = value }
      if isNamespaceGone { pod.pod.namespace.destroy() }
      try pod.delete()
      #expect(try before.difference(from: Snapshot(of: node.namespace)) == "")
      for index in keepers.indices { try keepers[index].check() }

      guard edit.after["mode"] == "l3s" else { return }
      var next = try node.attachment("b")
      for (key, value) in edit.after.members { next.configuration[key] = value }
      // The kernel takes its time to remove the links of a namespace that is gone.
      try eventually { try next.call(.add).isSuccess }
      try next.check()
      let (isOpen, namespace) = (edit.after["hostAccess"] == true, next.pod.namespace)
      #expect(try Traffic.ping("172.31.22.228", from: namespace, expecting: isOpen) == isOpen)
      #expect(try Traffic.ping("172.31.16.4", from: node.namespace, expecting: isOpen) == isOpen)
    }
  }

  /// An earlier version, or a DEL that never came, has left an address where the next pod's must not be.
  @Test(arguments: [false, true]) func addTakesAwayWhatAPodBeforeHasLeft(hasHostAccess: Bool) throws {
    try withNode { node in
      let set = hasHostAccess ? ["inet", "ipvlan-fence", "pods4"] : ["inet", "ipvlan-host", "ih-ens5-v4"]
      var keepers = try [node.attachment("open", host: 8), node.attachment("fenced", host: 9)]
      for index in [0, 1] {
        keepers[index].configuration["mode"] = "l3s"
        keepers[index].configuration["hostAccess"] = .bool(index == 0)
        try keepers[index].add()
      }
      try node.namespace.execute("nft", ["add", "element"] + set + ["{ 172.31.16.4 }"]).mustSucceed()
      if !hasHostAccess {
        try node.namespace.ip("route", "add", "172.31.16.4", "dev", "ih-ens5", "proto", "118")
      }
      var pod = try node.attachment("a", mode: "l3s")
      pod.configuration["hostAccess"] = .bool(hasHostAccess)
      try pod.add()
      try pod.check()
      let elements = try node.namespace.execute("nft", ["list", "set"] + set).mustSucceed().text
      #expect(!elements.contains("172.31.16.4"), "\(elements)")
      #expect(
        try Traffic.ping("172.31.22.228", from: pod.pod.namespace, expecting: hasHostAccess) == hasHostAccess)
      let routes = try node.namespace.execute("ip", ["route", "show", "proto", "118"]).mustSucceed().text
      #expect(routes.contains("172.31.16.4 ") == hasHostAccess, "\(routes)")
    }
  }

  @Test func deleteAfterTheNamespaceIsGoneSucceeds() throws {
    try withCleanNode { node in
      var attachment = try node.attachment()
      try attachment.add()
      attachment.pod.namespace.destroy()
      try attachment.delete()
    }
  }

  /// The runtime has lost the path, but a process still lives there and uses the address.
  @Test func deleteWithoutPathFindsTheLinkInANamespaceThatLivesOn() throws {
    try withCleanNode { node in
      var attachment = try node.attachment()
      try attachment.add()
      attachment.environment["CNI_NETNS"] = ""
      try attachment.delete()
      #expect(try attachment.pod.namespace.linkNames() == ["lo"])
    }
  }

  /// Another name, another namespace: the note tells the link, which is gone before its address is another pod's.
  @Test(arguments: ["renamed", "renamed, another in its place", "moved"], [false, true])
  func deleteFindsALinkThatIsElsewhere(how: String, hasHostAccess: Bool) throws {
    try withNode { node in
      try node.writePool("one", subnet: "172.31.16.0/20", ips: "172.31.16.4", gateway: "172.31.16.1")
      var attachment = try node.attachment(mode: "l3s", ipam: node.poolIPAM(cooldown: 0))
      attachment.configuration["hostAccess"] = .bool(hasHostAccess)
      try attachment.add()
      let (pod, nested) = (attachment.pod.namespace, try node.pod("nested").namespace)
      if how == "moved" {
        try pod.ip("link", "set", "eth0", "netns", String(nested.path.dropFirst("/run/netns/".count)))
        try nested.batch("link set eth0 up\naddress add 172.31.16.4/20 dev eth0\n")
      } else {
        try pod.batch("link set eth0 down\nlink set eth0 name wan\nlink set wan up\n")
        if how != "renamed" { try pod.ip("link", "add", "eth0", "type", "dummy") }
      }
      try attachment.delete()
      #expect(try pod.linkNames() == (how == "renamed, another in its place" ? ["lo", "eth0"] : ["lo"]))
      #expect(try nested.linkNames() == ["lo"])
      let routes = try node.namespace.execute("ip", ["route", "show", "proto", "118"]).mustSucceed().text
      #expect(!routes.contains("172.31.16.4"), "\(routes)")
      var next = PodAttachment(try node.pod("next"), on: node, attachment.configuration)
      try next.add()
      #expect(try Traffic.ping("172.31.16.1", from: next.pod.namespace))
    }
  }

  @Test func deleteAfterTheLinkIsGoneSucceeds() throws {
    try withCleanNode { node in
      var attachment = try node.attachment()
      try attachment.add()
      try attachment.pod.namespace.ip("link", "delete", "eth0")
      try attachment.delete()
    }
  }

  @Test func deleteAfterTheMasterIsGoneSucceeds() throws {
    try withCleanNode { node in
      try node.namespace.batch("link add eni7 type dummy\nlink set eni7 up\n")
      var attachment = try node.attachment(master: "eni7")
      try attachment.add()
      try node.namespace.ip("link", "delete", "eni7")
      try attachment.delete()
    }
  }

  @Test func deleteWithoutMasterOnANodeWithoutDefaultRouteRemovesLinkAndLease() throws {
    try withCleanNode { node in
      var attachment = try node.attachment(master: nil, version: "1.0.0", ipam: node.hostLocal())
      try attachment.add()
      try node.namespace.batch("route delete default via 172.31.16.1\nroute delete ::/0 dev ens5\n")
      try attachment.delete()
      #expect(try node.leases().isEmpty)
      try node.namespace.batch(
        "route add default via 172.31.16.1 dev ens5\nroute add ::/0 via fe80:ec2::1 dev ens5\n")
      try node.forgetLeases()
    }
  }

  @Test func deleteWithLinkInContainerAndTheNamespaceGoneReleasesTheLease() throws {
    try withCleanNode { node in
      var attachment = try node.attachment(master: "trunk", version: "1.0.0", ipam: node.hostLocal())
      attachment.configuration["linkInContainer"] = true
      try attachment.pod.namespace.batch("link add trunk type dummy\nlink set trunk up\n")
      try attachment.add()
      #expect(try node.leases().count == 1)
      attachment.pod.namespace.destroy()
      try attachment.delete()
      #expect(try node.leases().isEmpty)
      try node.forgetLeases()
    }
  }

  @Test func deleteWithAPrevResultOfTwoInterfacesAndNoMasterSucceeds() throws {
    try withCleanNode { node in
      var attachment = try node.attachment(master: nil)
      try attachment.add()
      attachment.configuration["prevResult"] = [
        "cniVersion": "1.1.0",
        "interfaces": [["name": "lo"], ["name": "eth0", "sandbox": .string(attachment.pod.namespace.path)]],
        "ips": [["address": "172.31.16.4/20", "interface": 1]],
      ]
      attachment = PodAttachment(attachment.pod, on: node, attachment.configuration)
      try attachment.delete()
    }
  }

  @Test func aBrokenPrevResultDoesNotKeepDeleteFromItsWork() throws {
    try withCleanNode { node in
      var attachment = try node.attachment()
      try attachment.add()
      var broken = PodAttachment(attachment.pod, on: node, attachment.configuration)
      broken.configuration["prevResult"] = ["ips": "nonsense"]
      try broken.delete()
    }
  }

  @Test func aLinkOfAnotherKindUnderTheNameIsNotRemoved() throws {
    try withCleanNode { node in
      var attachment = try node.attachment()
      try attachment.pod.namespace.ip("link", "add", "eth0", "type", "dummy")
      try attachment.delete()
      #expect(try attachment.pod.namespace.linkNames() == ["lo", "eth0"])
      try attachment.pod.namespace.ip("link", "delete", "eth0")
    }
  }

  @Test func anotherAttachmentsLinkUnderTheNameIsNotRemoved() throws {
    try withCleanNode { node in
      var attachment = try node.attachment()
      try attachment.add()
      var stranger = attachment
      stranger.environment["CNI_CONTAINERID"] = "somebody-else"
      try stranger.delete()
      try attachment.check()
      try attachment.delete()
    }
  }

  @Test func aMissingIPAMPluginNeverKeepsTheLink() throws {
    try withCleanNode { node in
      var attachment = try node.attachment()
      try attachment.add()
      attachment.setIPAM(["type": "no-such-plugin"])
      _ = try attachment.call(.delete)
      #expect(try attachment.pod.namespace.linkNames() == ["lo"])
    }
  }

  @Test func theLinkIsGoneBeforeItsAddressIsGivenBack() throws {
    try withCleanNode { node in
      let script = try node.plugin(
        "witness", "[ $CNI_COMMAND = DEL ] && ip -n \"${CNI_NETNS##*/}\" -br link >\"$0.saw\"; \(Node.answer)"
      )
      var attachment = try node.attachment(ipam: ["type": "witness"])
      attachment.path = script.directory
      try attachment.add()
      try attachment.delete()
      let saw = try #require(script.read("saw"))
      #expect(saw.contains("lo") && !saw.contains("eth0"), "\(saw)")
      try script.remove()
    }
  }

  @Test func whatAKilledAddLeftUnderItsTemporaryNameIsRemoved() throws {
    try withCleanNode { node in
      var attachment = try node.attachment()
      try attachment.add()
      // As it looks between birth and renaming; since Linux 6.15 there is nothing between.
      if let name = try node.temporaryName(of: attachment) {
        try attachment.pod.namespace.batch("link set eth0 down\nlink set eth0 name \(name)\n")
      }
      try attachment.delete()
      #expect(try attachment.pod.namespace.linkNames() == ["lo"])
    }
  }
}
