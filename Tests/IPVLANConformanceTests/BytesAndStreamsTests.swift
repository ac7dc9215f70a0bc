import ConformanceSupport
import JSON
import Testing

/// Names as the kernel and the shell see them, and streams as a caller may leave them.
@Suite struct BytesAndStreamsTests {
  /// The kernel would make `eth0` of it.
  @Test(arguments: ["eth%d", "%d"]) func anInterfaceNameThatIsAPatternLeavesNothing(name: String) throws {
    try withCleanNode { node in
      var attachment = try node.attachment(version: "1.0.0", ipam: node.hostLocal())
      attachment.ifname = name
      try attachment.mustFail(code: 4, naming: "CNI_IFNAME", name)
      #expect(try attachment.pod.namespace.linkNames() == ["lo"])
      #expect(try node.leases().isEmpty)
      try attachment.delete()
    }
  }

  /// A slash with an accent is a slash for the kernel, and a text ends at NUL.
  @Test(arguments: ["sub/\u{301}evil", "evil\u{0}", "evil\u{0}x"])
  func aTypeIsComparedByItsBytes(type: String) throws {
    try withCleanNode { node in
      let script = try node.plugin("evil", "touch $0.ran; \(Node.answer)")
      try Program("install", ["-D", script.path, "\(script.directory)/sub/\u{301}evil"]).run().mustSucceed()
      var attachment = try node.attachment(ipam: ["type": .string(type)])
      attachment.path = script.directory
      try attachment.mustFail(code: 7)
      #expect(!ScratchFiles.names(in: script.directory).contains("evil.ran"))
      #expect(ScratchFiles.names(in: "\(script.directory)/sub").count == 1)
      try script.remove()
    }
  }

  @Test(arguments: ["dataDir", "resolvConf"]) func aPathDoesNotEndAtNUL(key: String) throws {
    try withCleanNode { node in
      var attachment = try node.attachment(
        ipam: node.hostLocal([key: .string("\(node.directory)/leases\u{0}x")]))
      try attachment.mustFail(code: 7, naming: "ipam.\(key)", "NUL")
    }
  }

  /// Calls the plugin by way of a shell, which can do with streams and bytes what it likes.
  private func shell(_ script: String, _ attachment: PodAttachment, _ command: Plugin.Command = .add) throws
    -> Completion
  {
    try Program(
      "sh", ["-c", script], environment: attachment.variables(command),
      input: JSONValue.object(attachment.document(command)).serialized()
    ).run(in: attachment.node.namespace)
  }

  @Test func aDelegateGetsTheBytesOfTheEnvironment() throws {
    try withCleanNode { node in
      let script = try node.plugin(
        "spy", "[ $CNI_COMMAND != ADD ] || printf %s \"$FOO\" | od -An -tx1 >$0.seen; \(Node.answer)")
      var attachment = try node.attachment(ipam: ["type": "spy"])
      attachment.path = script.directory
      let plugin = "\(Plugin.directory)/ipvlan"
      try shell("FOO=$(printf 'a\\377\\376b') exec \(plugin)", attachment).mustSucceed()
      #expect(script.read("seen")?.contains("61 ff fe 62") == true, "\(script.read("seen") ?? "nothing")")
      try attachment.delete()
      try script.remove()
    }
  }

  @Test func aNamespaceWhosePathIsNoTextIsSaidToBeSo() throws {
    try withCleanNode { node in
      let attachment = try node.attachment()
      let reply = try shell(
        "CNI_NETNS=$(printf '/run/netns/\\377') exec \(Plugin.directory)/ipvlan", attachment)
      #expect(reply.status == 1 && reply.text.contains("is not UTF-8"), "\(reply)")
    }
  }

  /// A result that nobody gets is no success, and what it would have told of is taken back.
  @Test(arguments: [">/dev/full", ">&-", ">&- 2>&-", "<&0 >/dev/full 2>&-"])
  func anAddThatCannotAnswerIsTakenBack(streams: String) throws {
    try withCleanNode { node in
      let attachment = try node.attachment(version: "1.0.0", ipam: node.hostLocal())
      let reply = try shell("exec \(Plugin.directory)/ipvlan \(streams)", attachment)
      #expect(reply.status == 1 && reply.output.isEmpty, "\(reply)")
      if !streams.contains("2>") { #expect(reply.errors.contains("was taken back"), "\(reply)") }
      #expect(try attachment.pod.namespace.linkNames() == ["lo"])
      #expect(try node.leases().isEmpty)
      try node.forgetLeases()
    }
  }

  @Test func aReaderThatHasGoneAwayGotNoResult() throws {
    try withCleanNode { node in
      let attachment = try node.attachment(version: "1.0.0", ipam: node.hostLocal())
      let script = "{ \(Plugin.directory)/ipvlan; echo $? >\(node.directory)/status; } | true"
      _ = try shell(script, attachment)
      #expect(ScratchFiles.read("\(node.directory)/status") == "1\n")
      #expect(try attachment.pod.namespace.linkNames() == ["lo"])
      #expect(try node.leases().isEmpty)
      try ScratchFiles.removeAll("\(node.directory)/status")
      try node.forgetLeases()
    }
  }

  @Test func theIPAMPluginTakesALeaseBackThatItCannotTellOf() throws {
    try withCleanNode { node in
      let attachment = try node.attachment(version: "1.0.0", ipam: node.hostLocal())
      let link = "\(node.directory)/host-local"
      try Program("ln", ["-s", "\(Plugin.directory)/ipvlan", link]).run().mustSucceed()
      let reply = try shell("exec \(link) >/dev/full", attachment)
      #expect(reply.status == 1, "\(reply)")
      #expect(try node.leases().isEmpty)
      try ScratchFiles.removeAll(link)
      try node.forgetLeases()
    }
  }

  @Test func aVersionThatCannotBeToldIsNoSuccess() throws {
    try withCleanNode { node in
      let reply = try shell(
        "exec \(Plugin.directory)/ipvlan >/dev/full", try node.attachment(), .version)
      #expect(reply.status == 1 && reply.errors.contains("VERSION"), "\(reply)")
    }
  }

  /// No file that is opened gets the number of a stream that is closed.
  @Test func closedStreamsAreNotMixedUpWithFiles() throws {
    try withCleanNode { node in
      var attachment = try node.attachment(version: "1.0.0", ipam: node.hostLocal())
      let reply = try shell("exec \(Plugin.directory)/ipvlan 2>&-", attachment)
      #expect(reply.isSuccess && reply.text.contains("172.31.16.4/20"), "\(reply)")
      try attachment.delete()
      #expect(try node.leases().isEmpty)
      try node.forgetLeases()
    }
  }

  @Test(arguments: [
    #""ips":[{"address":"172.31.16.4/20","gateway":"172.31.16.1","interface":0}]"#,
    #""ips":[{"address":"172.31.16.4/20","gateway":"","interface":3}],"routes":[{"dst":"10.9.0.0/16","gw":""}]"#,
    #""interfaces":[{"name":"eth0","mtu":-1}],"ips":[{"address":"172.31.16.4/20","interface":0}]"#,
    #""interfaces":5,"IPs":[{"Address":"172.31.16.4/20"}]"#,
  ])
  func aDelegatesPositionsMeanNothing(result: String) throws {
    try withCleanNode { node in
      let script = try node.plugin(
        "positions", "[ $CNI_COMMAND != ADD ] || echo '{\"cniVersion\":\"1.0.0\",\(result)}'")
      var attachment = try node.attachment(version: "1.0.0", ipam: ["type": "positions"])
      attachment.path = script.directory
      let reply = try attachment.add()
      #expect(reply.addresses == ["172.31.16.4/20"])
      #expect(reply.document?["ips"]?.array?.first?.object?["interface"]?.int == 0)
      try attachment.check()
      try attachment.delete()
      try script.remove()
    }
  }
}
