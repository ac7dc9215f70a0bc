import ConformanceSupport
import JSON
import Testing

/// GC removes what no valid attachment owns, and never a live one.
@Suite struct GarbageCollectionTests {
  /// An attachment to a network that no other node has: tests run beside each other on one kernel, and GC looks
  /// into every namespace.
  private func attachment(
    on node: Node, _ name: String = "a", host: Int = 4, ipam: JSONObject? = nil, heldByProcess: Bool = false
  ) throws -> PodAttachment {
    PodAttachment(
      try node.pod(name, heldByProcess: heldByProcess), on: node,
      Configuration.ipvlan(
        name: "gc-\(node.identifier)",
        ipam: ipam ?? Configuration.staticIPAM("172.31.16.\(host)/20 via 172.31.16.1")))
  }

  /// Calls GC with the attachments that are to be kept; `nil` sends no list.
  private func collect(_ kept: [PodAttachment]?, like attachment: PodAttachment) throws -> PluginReply {
    var call = attachment
    call.configuration["cni.dev/valid-attachments"] = kept.map { kept in
      .array(kept.map { ["containerID": .string($0.pod.containerID), "ifname": .string($0.ifname)] })
    }
    return try call.call(.gc)
  }

  /// Calls GC until a pod has lost its links. Another test's walk through all namespaces may be in this one, and counts
  /// as a process that lives in it; the next call finds it gone.
  private func collect(_ gone: PodAttachment, by call: () throws -> PluginReply) throws {
    try eventually {
      let reply = try call()
      #expect(reply.isSuccess && reply.completion.output.isEmpty, "\(reply)")
      return try gone.pod.namespace.linkNames() == ["lo"]
    }
  }

  @Test func aListedAttachmentIsKept() throws {
    try withCleanNode { node in
      var attachment = try attachment(on: node)
      try attachment.add()
      #expect(try collect([attachment], like: attachment).isSuccess)
      try attachment.check()
      try attachment.delete()
    }
  }

  /// As many entries as a node can have, under both names that libcni writes: more than a MiB.
  @Test(arguments: [6000, 20_000]) func aListOfAnyLengthIsRead(count: Int) throws {
    try withCleanNode { node in
      var kept = try attachment(on: node, "a", host: 4)
      var forgotten = try attachment(on: node, "b", host: 5)
      try kept.add()
      try forgotten.add()
      let others: [JSONValue] = (0..<count).map { number in
        let digits = String(number, radix: 16)
        return [
          "containerID": .string(digits + String(repeating: "f", count: 64 - digits.count)), "ifname": "eth0",
        ]
      }
      let ours: JSONValue = ["containerID": .string(kept.pod.containerID), "ifname": .string(kept.ifname)]
      var call = kept
      for key in ["cni.dev/valid-attachments", "cni.dev/attachments"] {
        call.configuration[key] = .array(others + [ours])
      }
      try collect(forgotten) { try call.call(.gc) }
      try kept.check()
      try kept.delete()
    }
  }

  @Test func anAttachmentThatIsNotListedAndHasNoProcessIsRemoved() throws {
    try withCleanNode { node in
      var kept = try attachment(on: node, "a", host: 4)
      var forgotten = try attachment(on: node, "b", host: 5)
      try kept.add()
      try forgotten.add()
      try collect(forgotten) { try collect([kept], like: kept) }
      try kept.check()
      try kept.delete()
    }
  }

  @Test func anAttachmentWhoseNamespaceHasAProcessIsKeptThoughItIsNotListed() throws {
    try withCleanNode { node in
      var attachment = try attachment(on: node, heldByProcess: true)
      try attachment.add()
      #expect(try collect([], like: attachment).isSuccess)
      try attachment.check()
      try attachment.delete()
    }
  }

  @Test func withoutAListNothingThatLivesIsRemoved() throws {
    try withCleanNode { node in
      var attachment = try attachment(on: node)
      try attachment.add()
      #expect(try collect(nil, like: attachment).isSuccess)
      try attachment.check()
      try attachment.delete()
    }
  }

  @Test func attachmentsOfOtherNetworksAreKept() throws {
    try withCleanNode { node in
      var attachment = try attachment(on: node)
      try attachment.add()
      var other = attachment
      other.configuration["name"] = .string("other-\(node.identifier)")
      #expect(try collect([], like: other).isSuccess)
      try attachment.check()
      try attachment.delete()
    }
  }

  @Test func linksThatThePluginDidNotMakeAreKept() throws {
    try withCleanNode { node in
      let attachment = try attachment(on: node)
      let pod = attachment.pod
      try node.namespace.ip("link", "add", "foreign", "link", "ens5", "type", "ipvlan")
      try node.namespace.ip("link", "set", "foreign", "netns", "\(node.identifier)-a")
      #expect(try collect([], like: attachment).isSuccess)
      #expect(try pod.namespace.linkNames().contains("foreign"))
      try pod.namespace.ip("link", "delete", "foreign")
    }
  }

  @Test func gcIsForwardedToTheIPAMPlugin() throws {
    try withCleanNode { node in
      let script = try node.plugin("spy", "echo $CNI_COMMAND >>$0.calls; cat >$0.stdin")
      var attachment = try attachment(on: node, ipam: ["type": "spy"])
      attachment.path = script.directory
      #expect(try collect([attachment], like: attachment).isSuccess)
      #expect(script.read("calls") == "GC\n")
      #expect(script.read("stdin")?.contains("cni.dev/valid-attachments") == true)
      try script.remove()
    }
  }

  @Test func aFailureOfTheIPAMPluginDoesNotKeepLinksFromBeingRemoved() throws {
    try withCleanNode { node in
      let script = try node.plugin(
        "failing",
        #"[ $CNI_COMMAND = GC ] || { \#(Node.answer); exit 0; }; echo '{"code":7,"msg":"gc failed"}'; exit 1"#
      )
      var attachment = try attachment(on: node, ipam: ["type": "failing"])
      attachment.path = script.directory
      try attachment.add()
      try eventually {
        let reply = try collect([], like: attachment)
        #expect(!reply.isSuccess && "\(reply)".contains("gc failed"), "\(reply)")
        return try attachment.pod.namespace.linkNames() == ["lo"]
      }
      try script.remove()
    }
  }
}
