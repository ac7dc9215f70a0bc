import ConformanceSupport
import JSON
import Testing

/// IPAM plugins of CNI_PATH are executed as the specification says.
@Suite struct DelegateTests {
  @Test(arguments: ["host-local", "static"])
  func theReferencePluginGivesTheAddress(type: String) throws {
    try withCleanNode { node in
      let ipam =
        type == "static" ? Configuration.staticIPAM("172.31.16.4/20 via 172.31.16.1") : node.hostLocal()
      var attachment = try node.attachment(version: "1.0.0", ipam: ipam)
      attachment.setIPAM(["inProcess": false])
      attachment.path = Plugin.referenceDirectory
      #expect(try attachment.add().addresses == ["172.31.16.4/20"])
      try attachment.check()
      #expect(try Traffic.ping(Site.outside, from: attachment.pod.namespace))
      try attachment.delete()
      #expect(try node.leases().isEmpty)
      try node.forgetLeases()
    }
  }

  @Test func staticIsServedWithoutCNIPath() throws {
    try withCleanNode { node in
      var attachment = try node.attachment()
      attachment.path = ""
      #expect(try attachment.add().addresses == ["172.31.16.4/20"])
      try attachment.delete()
    }
  }

  @Test func theDelegateGetsEnvironmentAndConfigurationAsTheyCame() throws {
    try withCleanNode { node in
      let script = try node.plugin(
        "spy", "env >$0.$CNI_COMMAND.env; cat >$0.$CNI_COMMAND.stdin; \(Node.answer)")
      var attachment = try node.attachment(ipam: ["type": "spy"])
      attachment.path = script.directory
      attachment.arguments = "IgnoreUnknown=1;K8S_POD_NAME=web"
      attachment.environment["TRACEPARENT"] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
      attachment.configuration["unknownKey"] = ["nested": [1, 2, 3]]
      try attachment.add()
      let seen = Set(try #require(script.read("ADD.env")).split(separator: "\n").map(String.init))
      for (name, value) in attachment.variables(.add) where name != "PATH" {
        #expect(seen.contains("\(name)=\(value)"))
      }
      let stdin = JSONValue.object(attachment.document(.add)).serialized()
      #expect(script.read("ADD.stdin") == String(decoding: stdin, as: UTF8.self))
      try attachment.delete()
      #expect(script.read("DEL.env")?.contains("CNI_COMMAND=DEL\n") == true)
      try script.remove()
    }
  }

  @Test func theDelegatesStderrIsRelayed() throws {
    try withCleanNode { node in
      let script = try node.plugin("chatty", "echo for-the-log >&2; \(Node.answer)")
      var attachment = try node.attachment(ipam: ["type": "chatty"])
      attachment.path = script.directory
      #expect(try attachment.add().completion.errors.contains("for-the-log"))
      try attachment.delete()
      try script.remove()
    }
  }

  @Test func theDelegatesErrorIsPassedOnAndItIsAskedToCleanUp() throws {
    try withCleanNode { node in
      let script = try node.plugin(
        "failing",
        "echo $CNI_COMMAND >>$0.calls; [ $CNI_COMMAND = ADD ] || exit 0; "
          + #"echo '{"cniVersion":"1.0.0","code":113,"msg":"pool is dry","details":"ask later"}'; exit 1"#)
      var attachment = try node.attachment(ipam: ["type": "failing"])
      attachment.path = script.directory
      let reply = try attachment.mustFail(code: 113)
      #expect(reply.message == "pool is dry")
      #expect(reply.details.hasPrefix("ask later"))
      #expect(reply.document?["cniVersion"] == "1.1.0")
      #expect(script.read("calls") == "ADD\nDEL\n")
      try script.remove()
    }
  }

  @Test(arguments: [
    "exit 3", "echo not json; exit 0", "echo '[]'", "kill -9 $$", "echo '{\"code\":\"x\"}'; exit 1",
    "echo '{\"cniVersion\":\"1.1.0\",\"ips\":[{\"address\":\"nonsense\"}]}'", "exit 0",
    "echo '{\"cniVersion\":\"1.1.0\"}'",
  ])
  func aDelegateWithoutAProperAnswerGivesOneErrorThatNamesIt(body: String) throws {
    try withCleanNode { node in
      let script = try node.plugin("broken", "cat >/dev/null; [ $CNI_COMMAND = ADD ] || exit 0; \(body)")
      var attachment = try node.attachment(ipam: ["type": "broken"])
      attachment.path = script.directory
      let reply = try attachment.call(.add)
      #expect(reply.code != nil, "\(reply)")
      #expect("\(reply.message) \(reply.details)".contains("broken"), "\(reply)")
      try script.remove()
    }
  }

  @Test(arguments: ["0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"])
  func aResultOfAnyVersionIsTaken(version: String) throws {
    try withCleanNode { node in
      let isOld = ["0.1.0", "0.2.0"].contains(version)
      let address =
        isOld
        ? #""ip4":{"ip":"172.31.16.4/20","gateway":"172.31.16.1","routes":[{"dst":"0.0.0.0/0"}]}"#
        : version < "1"
          ? #""ips":[{"version":"4","address":"172.31.16.4/20","gateway":"172.31.16.1"}],"routes":[{"dst":"0.0.0.0/0"}]"#
          : #""ips":[{"address":"172.31.16.4/20","gateway":"172.31.16.1"}],"routes":[{"dst":"0.0.0.0/0"}]"#
      let script = try node.plugin(
        "aged", "[ $CNI_COMMAND != ADD ] || echo '{\"cniVersion\":\"\(version)\",\(address)}'")
      var attachment = try node.attachment(ipam: ["type": "aged"])
      attachment.path = script.directory
      #expect(try attachment.add().addresses == ["172.31.16.4/20"])
      #expect(try Traffic.ping(Site.outside, from: attachment.pod.namespace))
      try attachment.delete()
      try script.remove()
    }
  }

  @Test func theFirstDirectoryOfCNIPathThatHasThePluginCounts() throws {
    try withCleanNode { node in
      let script = try node.plugin("chosen", Node.answer)
      try ScratchFiles.writeExecutable("\(node.directory)/second/chosen", "#!/bin/sh\nexit 1\n")
      var attachment = try node.attachment(ipam: ["type": "chosen"])
      attachment.path = "/nowhere:\(script.directory):\(node.directory)/second"
      try attachment.add()
      try attachment.delete()
      try script.remove()
      try ScratchFiles.removeAll("\(node.directory)/second")
    }
  }

  @Test func aMissingPluginIsNamedWithTheDirectoriesThatWereSearched() throws {
    try withCleanNode { node in
      var attachment = try node.attachment(ipam: ["type": "no-such-plugin"])
      attachment.path = "/nowhere:/usr/lib/cni"
      try attachment.mustFail(code: 4, naming: "no-such-plugin", "/nowhere", "/usr/lib/cni")
    }
  }

  @Test(arguments: ["../host-local", "/usr/lib/cni/host-local", "a/b", "..", "."])
  func aTypeThatIsNoFileNameIsRefused(type: String) throws {
    try withCleanNode { node in
      var attachment = try node.attachment(ipam: ["type": .string(type)])
      try attachment.mustFail(code: 7, naming: type)
    }
  }

  @Test func anExecutableThatIsStillBeingWrittenIsTriedAgain() throws {
    try withCleanNode { node in
      let copy = "\(node.directory)/bin/static"
      try ScratchFiles.copy("\(Plugin.referenceDirectory)/static", to: copy)
      var attachment = try node.attachment(version: "1.0.0")
      attachment.setIPAM(["inProcess": false])
      attachment.path = "\(node.directory)/bin"
      try ScratchFiles.holdForWriting(copy, milliseconds: 150)
      try attachment.add()
      try attachment.delete()
      try ScratchFiles.removeAll("\(node.directory)/bin")
    }
  }

  @Test func theDelegatesDNSIsKept() throws {
    try withCleanNode { node in
      var attachment = try node.attachment()
      attachment.setIPAM([
        "dns": ["nameservers": ["10.0.0.2"], "domain": "example.org", "search": ["a.example"]]
      ])
      let dns = try attachment.add().document?["dns"]?.object
      #expect(dns?["nameservers"] == ["10.0.0.2"])
      #expect(dns?["domain"] == "example.org")
      #expect(dns?["search"] == ["a.example"])
      try attachment.delete()
    }
  }

  /// Its own type, a link to it, a copy of it, and a script that runs it: each would start itself without end.
  @Test(arguments: ["ipvlan", "linked", "copied", "scripted"], [Plugin.Command.add, .status])
  func thePluginDoesNotCallItselfForAddresses(type: String, command: Plugin.Command) throws {
    try withCleanNode { node in
      let (bin, plugin) = ("\(node.directory)/bin", "\(Plugin.directory)/ipvlan")
      _ = try node.plugin("scripted", "echo >>$0.calls; exec \(bin)/ipvlan")
      try ScratchFiles.copy(plugin, to: "\(bin)/copied")
      for name in ["ipvlan", "linked"] {
        try Program("ln", ["-s", plugin, "\(bin)/\(name)"]).run().mustSucceed()
      }
      var attachment = try node.attachment(ipam: ["type": .string(type)])
      attachment.path = bin
      // On one node its name is looked for in the message, on the other in what the inner call said.
      let isKnownAtOnce = ["ipvlan", "linked"].contains(type)
      let reply = try attachment.call(command)
      #expect(reply.code == (command == .add || isKnownAtOnce ? 7 : 50), "\(reply)")
      #expect(reply.message.contains("would run this plugin once more"), "\(reply)")
      if type == "scripted" {
        let calls = ScratchFiles.read("\(bin)/scripted.calls")?.count
        // ADD, and DEL after it.
        #expect(calls == (command == .add ? 2 : 1))
      }
      try ScratchFiles.removeAll(bin)
    }
  }

  @Test func aDelegateThatWritesTooMuchIsNotSaidToBeSilent() throws {
    try withCleanNode { node in
      let script = try node.plugin("flood", "[ $CNI_COMMAND = ADD ] || exit 0; exec cat /dev/zero")
      var attachment = try node.attachment(ipam: ["type": "flood"])
      attachment.path = script.directory
      try attachment.mustFail(code: 5, naming: "flood", "wrote more than 4 MiB")
      try script.remove()
    }
  }
}
