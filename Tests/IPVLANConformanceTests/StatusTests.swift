import ConformanceSupport
import JSON
import Testing

/// STATUS tells whether an ADD could be served.
@Suite struct StatusTests {
  @Test func statusIsSilentWhenAnAddCouldBeServed() throws {
    try withCleanNode { node in
      var attachment = try node.attachment()
      let reply = try attachment.call(.status)
      #expect(reply.isSuccess && reply.completion.output.isEmpty, "\(reply)")
    }
  }

  @Test func aMissingMasterIsTold() throws {
    try withCleanNode { node in
      var attachment = try node.attachment(master: "ens7")
      try attachment.mustFail(.status, code: 50, naming: "ens7")
    }
  }

  @Test func aMasterThatIsDownIsTold() throws {
    try withCleanNode { node in
      try node.namespace.ip("link", "add", "spare", "type", "dummy")
      var attachment = try node.attachment(master: "spare")
      try attachment.mustFail(.status, code: 50, naming: "spare", "down")
      try node.namespace.ip("link", "delete", "spare")
    }
  }

  /// What has the master's packets, and the words by which STATUS tells it: those of ADD.
  struct Rival: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// Commands of `ip -batch` on the node; POD is the name of a pod's namespace.
    let commands: String
    let words: [String]
  }

  @Test(arguments: [
    Rival(
      testDescription: "bridge", commands: "link add br0 type bridge\nlink set ens6 master br0\n",
      words: ["bridge", "br0"]),
    Rival(
      testDescription: "bond",
      commands:
        "link add bond0 type bond mode active-backup\nlink set ens6 down\nlink set ens6 master bond0\n"
        + "link set ens6 up\n", words: ["bond", "bond0"]),
    Rival(
      testDescription: "macvlan on the node", commands: "link add link ens6 name mv0 type macvlan\n",
      words: ["macvlan", "mv0"]),
    Rival(
      testDescription: "macvlan in a pod", commands: "link add link ens6 name net1 netns POD type macvlan\n",
      words: ["macvlan", "net1"]),
    Rival(
      testDescription: "macvtap in a pod", commands: "link add link ens6 name tap1 netns POD type macvtap\n",
      words: ["macvtap", "tap1"]),
  ]) func aMasterThatIsTakenIsToldAsAddTellsIt(rival: Rival) throws {
    try withNode { node in
      let pod = String(try node.pod("other").namespace.path.dropFirst("/run/netns/".count))
      try node.namespace.batch(rival.commands.replacing("POD", with: pod))
      var attachment = try node.linkOnly(master: "ens6")
      for (command, code) in [(Plugin.Command.status, 50), (.add, 100)] {
        let reply = try attachment.call(command)
        reply.expectError(code: code, naming: ["ens6", "busy"] + rival.words, at: #_sourceLocation)
      }
    }
  }

  @Test func aMasterInAVRFCanBeUsed() throws {
    try withNode { node in
      try node.namespace.batch(
        "link add vrf0 type vrf table 77\nlink set vrf0 up\nlink set ens6 master vrf0\n")
      var attachment = try node.linkOnly(master: "ens6")
      let reply = try attachment.call(.status)
      #expect(reply.isSuccess, "\(reply)")
      try attachment.add()
    }
  }

  @Test(arguments: ["dummy", "ipvlan link=ens6 mode=l3s"])
  func aNameThatHostAccessCannotHaveIsTold(kind: String) throws {
    try withNode { node in
      let command = kind == "dummy" ? "ih-ens5 type dummy" : "link ens6 name ih-ens5 type ipvlan mode l3s"
      try node.namespace.batch("link add \(command)\n")
      var attachment = try node.attachment(mode: "l3s")
      attachment.configuration["hostAccess"] = true
      try attachment.mustFail(.status, code: 50, naming: "ih-ens5", "ip link set dev ih-ens5 name")
      try attachment.mustFail(.add, code: 105, naming: "ih-ens5", "ip link set dev ih-ens5 name")
    }
  }

  @Test func anMTUThatTheMasterCannotCarryIsTold() throws {
    try withCleanNode { node in
      var attachment = try node.linkOnly("a", ["mtu": 9002])
      let reply = try attachment.call(.status)
      #expect([50, 51].contains(reply.code ?? 0), "\(reply)")
    }
  }

  @Test func aModeThatPodsWhichRunDoNotHaveIsTold() throws {
    try withCleanNode { node in
      var running = try node.attachment("a", mode: "l2")
      try running.add()
      var other = try node.attachment("b", host: 5, mode: "l3")
      let reply = try other.call(.status)
      #expect([50, 51].contains(reply.code ?? 0), "\(reply)")
      try running.delete()
    }
  }

  @Test func theIPAMPluginIsAskedToo() throws {
    try withCleanNode { node in
      let script = try node.plugin(
        "dry",
        #"[ $CNI_COMMAND = STATUS ] || exit 0; echo '{"cniVersion":"1.1.0","code":50,"msg":"dry"}'; exit 1"#)
      var attachment = try node.attachment(ipam: ["type": "dry"])
      attachment.path = script.directory
      #expect(try attachment.mustFail(.status, code: 50).message == "dry")
      try script.remove()
    }
  }

  @Test func aMissingIPAMPluginIsTold() throws {
    try withCleanNode { node in
      var attachment = try node.attachment(ipam: ["type": "no-such-plugin"])
      let reply = try attachment.call(.status)
      #expect(!reply.isSuccess && "\(reply)".contains("no-such-plugin"), "\(reply)")
    }
  }
}
