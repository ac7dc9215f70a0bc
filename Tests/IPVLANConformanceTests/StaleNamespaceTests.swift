import ConformanceSupport
import JSON
import Testing

/// DEL goes on whatever CNI_NETNS leads to by now: the link's note tells which one it is.
@Suite struct StaleNamespaceTests {
  /// An attachment with a lease, added.
  private func added(_ node: Node, _ name: String = "a") throws -> PodAttachment {
    var attachment = try node.attachment(name, version: "1.0.0", ipam: node.hostLocal())
    try attachment.add()
    return attachment
  }

  private func deleteEndsIt(_ attachment: PodAttachment, at path: String, override: String? = nil) throws {
    var stale = attachment
    stale.environment["CNI_NETNS"] = path
    stale.environment["CNI_NETNS_OVERRIDE"] = override
    try stale.delete()
    #expect(try attachment.pod.namespace.linkNames() == ["lo"])
    #expect(try !attachment.node.leases().contains { $0 == attachment.address })
  }

  @Test(arguments: [nil, "1"] as [String?]) func theNodesNamespaceIsNotThePods(override: String?) throws {
    try withCleanNode { node in
      let attachment = try added(node)
      // The node has a link of its own under that name, of the same kind and without a note.
      try node.namespace.batch("link add link ens5 name eth0 type ipvlan mode l2\n")
      try deleteEndsIt(attachment, at: node.namespace.path, override: nil)
      #expect(try node.namespace.linkNames().contains("eth0"))
      try node.namespace.batch("link delete eth0\n")
      let second = try added(node, "b")
      try deleteEndsIt(second, at: node.namespace.path, override: override)
      try node.forgetLeases()
    }
  }

  /// The number of a process is given again: the path leads to another pod.
  @Test(arguments: [true, false]) func anotherPodsLinkStays(hasNote: Bool) throws {
    try withCleanNode { node in
      let attachment = try added(node)
      let other = try node.pod("b")
      var neighbour = PodAttachment(other, on: node, attachment.configuration)
      if hasNote {
        try neighbour.add()
      } else {
        neighbour.plugin = .reference("ipvlan")
        neighbour.path = Plugin.referenceDirectory
        try neighbour.add()
      }
      try deleteEndsIt(attachment, at: other.namespace.path)
      #expect(try other.namespace.linkNames() == ["lo", "eth0"])
      #expect(try node.leases().count == 1)
      try neighbour.delete()
      try node.forgetLeases()
    }
  }

  @Test(arguments: ["fifo", "directory", "file", "loop", "socket", "other kind of namespace", "too long"])
  func whatIsNoNamespaceIsPassedOver(kind: String) throws {
    try withCleanNode { node in
      let attachment = try added(node)
      let path = "\(node.directory)/stale"
      let make =
        switch kind {
        case "fifo": "mkfifo \(path)"
        case "directory": "mkdir \(path)"
        case "file": "touch \(path)"
        case "loop": "ln -s \(path) \(path)"
        case "socket":
          "perl -MSocket -e 'socket(S, PF_UNIX, SOCK_STREAM, 0); bind(S, sockaddr_un(\"\(path)\"))'"
        case "other kind of namespace": "ln -s /proc/self/ns/mnt \(path)"
        default: "true"
        }
      try Program("sh", ["-c", make]).run().mustSucceed()
      try deleteEndsIt(attachment, at: kind == "too long" ? "/" + String(repeating: "a", count: 300) : path)
      try ScratchFiles.removeAll(path)
      try node.forgetLeases()
    }
  }

  @Test func aLinkThatWasRenamedIsFound() throws {
    try withCleanNode { node in
      let attachment = try added(node)
      try attachment.pod.namespace.batch("link set eth0 down\nlink set eth0 name wan\nlink set wan up\n")
      try deleteEndsIt(attachment, at: attachment.pod.namespace.path)
      try node.forgetLeases()
    }
  }

  /// What was edited into the configuration after ADD, and is wrong.
  @Test(
    arguments: [
      (["runtimeConfig"], 5), (["args"], ["cni": 5]), (["args"], 5), (["mode"], 5), (["hostAccess"], "x"),
      (["type"], 5), (["master"], 5), (["dns"], 5), (["logFile"], 5), (["cni.dev/valid-attachments"], 5),
      (["ipam", "routes"], 5), (["ipam", "routes"], [["dst": "nonsense"]]), (["ipam", "ranges"], "x"),
      (["ipam", "subnet"], "nonsense"), (["ipam", "rangeStart"], "x"), (["ipam", "resolvConf"], 5),
      (["ipam", "inProcess"], "x"), (["ipam", "ranges"], [[["subnet": "10.0.0.0/08"]]]),
    ] as [([String], JSONValue)])
  func aConfigurationThatWasSpoiltKeepsNothing(path: [String], value: JSONValue) throws {
    try withCleanNode { node in
      var attachment = try added(node)
      if path.count == 2 {
        attachment.setIPAM([path[1]: value])
      } else {
        attachment.configuration[path[0]] = value
      }
      attachment.arguments = "nonsense;FOO=bar"
      try attachment.delete()
      #expect(try attachment.pod.namespace.linkNames() == ["lo"])
      #expect(try node.leases().isEmpty)
      try node.forgetLeases()
    }
  }

  @Test(arguments: ["poolDir", "pools", "routes", "nodeName", "multusName", "cooldownSeconds"])
  func aPoolConfigurationThatWasSpoiltKeepsNothing(key: String) throws {
    try withCleanNode { node in
      try node.writePool(
        "a", subnet: "172.31.16.0/20", ips: "172.31.16.4-172.31.16.5", gateway: "172.31.16.1")
      var attachment = try node.attachment(ipam: node.poolIPAM(cooldown: 0))
      try attachment.add()
      attachment.setIPAM([key: .array([.array([])])])
      try attachment.delete()
      attachment.setIPAM(node.poolIPAM(cooldown: 0))
      attachment.setIPAM([key: .null])
      // Nothing is held: with the first address free again, the next one is given in turn.
      let leases = try Program(
        "\(Plugin.directory)/ipvlanctl", ["leases", "-o", "json", "--conf-dir", node.directory]
      ).run(in: node.namespace)
      #expect(!leases.text.contains("held"), "\(leases)")
      try ScratchFiles.removeAll(node.poolDirectory)
      try node.forgetLeases()
    }
  }

  /// Who gave the address is not known: the link goes, and DEL says what is missing.
  @Test func withoutKnowingTheAllocatorTheLinkGoesAndAnErrorTells() throws {
    try withCleanNode { node in
      var attachment = try added(node)
      let configuration = attachment.configuration
      for value in [5, ["type": 5]] as [JSONValue] {
        attachment.configuration["ipam"] = value
        try attachment.mustFail(.delete, code: 6, naming: "ipam")
        #expect(try attachment.pod.namespace.linkNames() == ["lo"])
      }
      attachment.configuration = configuration
      try attachment.delete()
      #expect(try node.leases().isEmpty)
      try node.forgetLeases()
    }
  }

  /// No ADD was ever served: there is nothing to be taken back, and the runtime must get rid of the pod.
  @Test(arguments: ["ipvlan", "../evil", "a\u{0}b"]) func deleteAfterAnAddThatIsAlwaysRefusedSucceeds(
    type: String
  )
    throws
  {
    try withCleanNode { node in
      var attachment = try node.attachment(ipam: ["type": .string(type)])
      try attachment.mustFail(code: 7)
      if type.utf8.contains(0) {
        try attachment.mustFail(.delete, code: 7, naming: "ipam.type")
      } else {
        try attachment.delete()
      }
    }
  }
}

extension PodAttachment {
  /// The address that ADD answered, without the prefix length.
  fileprivate var address: String {
    let text = result?["ips"]?.array?.first?.object?["address"]?.string ?? ""
    return String(text.prefix { $0 != "/" })
  }
}
