import ConformanceSupport
import JSON
import Testing

/// CNI_NETNS.
@Suite struct NamespaceTests {
  @Test func aNamespaceThatOnlyAProcessHoldsWorks() throws {
    try withCleanNode { node in
      var attachment = PodAttachment(
        try node.pod("a", heldByProcess: true), on: node,
        Configuration.ipvlan(ipam: Configuration.staticIPAM("172.31.16.4/20 via 172.31.16.1")))
      try attachment.add()
      try attachment.check()
      #expect(try Traffic.ping(Site.outside, from: attachment.pod.namespace))
      try attachment.delete()
    }
  }

  @Test(arguments: [Plugin.Command.add, .check])
  func thePluginsOwnNamespaceIsRefusedBeforeAnythingIsDone(command: Plugin.Command) throws {
    try withCleanNode { node in
      var attachment = try node.attachment(version: "1.0.0", ipam: node.hostLocal())
      attachment.environment["CNI_NETNS"] = node.namespace.path
      attachment.configuration["prevResult"] = command == .check ? ["ips": []] : nil
      let reply = try attachment.call(command)
      reply.expectError(code: 8, naming: [node.namespace.path], at: #_sourceLocation)
      #expect(ScratchFiles.names(in: "\(node.directory)/leases").isEmpty)
    }
  }

  @Test func thePluginsOwnNamespaceIsAllowedOnDemand() throws {
    try withCleanNode { node in
      var attachment = try node.linkOnly()
      attachment.environment = ["CNI_NETNS": node.namespace.path, "CNI_NETNS_OVERRIDE": "1"]
      attachment.ifname = "own0"
      try attachment.add()
      #expect(try node.namespace.linkNames().contains("own0"))
      try attachment.check()
      try attachment.delete()
    }
  }

  @Test(arguments: ["/run/netns/never-was", "/etc/passwd", "/proc/self/ns/mnt", "/tmp"])
  func aPathThatIsNoNetworkNamespaceIsRefused(path: String) throws {
    try withCleanNode { node in
      var attachment = try node.attachment()
      attachment.environment["CNI_NETNS"] = path
      try attachment.mustFail(code: 8, naming: path)
    }
  }

  /// What is wrong with the node is not said of the pod.
  @Test func aFaultOfTheNodesNamespaceIsNotToldAsThePods() throws {
    try withCleanNode { node in
      let injector = try FaultInjector(on: node)
      defer { injector.remove() }
      var attachment = try node.attachment()
      attachment.plugin = injector.plugin
      attachment.environment["FAULT"] = "openat:error=EMFILE -P /proc/thread-self/ns/net"
      let reply = try attachment.mustFail(code: 5, naming: "the node's own network namespace", "open files")
      #expect(!reply.message.contains("CNI_NETNS"), "\(reply)")
    }
  }
}
