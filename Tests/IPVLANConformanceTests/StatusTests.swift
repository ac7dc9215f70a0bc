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
