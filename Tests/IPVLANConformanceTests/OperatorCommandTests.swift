import ConformanceSupport
import JSON
import Testing

/// The operator's tool on a node with pods: what it lists, follows and frees.
@Suite struct OperatorCommandTests {
  @Test(arguments: [
    "doctor", "trace", "links", "leases", "pools", "explain", "gc", "watch", "follow", "lint", "render",
    "metrics",
    "bundle", "kube",
  ]) func everyVerbHasHelpWithExamples(verb: String) throws {
    let completion = try Program("\(Plugin.directory)/ipvlanctl", [verb, "--help"]).run()
    #expect(completion.isSuccess, "\(completion)")
    #expect(completion.text.contains("EXAMPLES\n"), "\(completion)")
    #expect(completion.text.contains("ipvlanctl \(verb)"), "\(completion)")
    // Help is an interface: a change is to be seen in review. Write it anew with
    // dist/ipvlanctl VERB --help >Tests/IPVLANConformanceTests/Help/VERB.txt
    #expect(completion.text == ScratchFiles.read("\(Self.directory)/Help/\(verb).txt"))
  }

  /// Where this file lies.
  private static let directory = String(#filePath.dropLast("/OperatorCommandTests.swift".count))

  @Test func aCallThatCannotBeUnderstoodIsStatus2() throws {
    for arguments in [["nonsense"], ["links", "--nonsense"], ["links", "-o", "xml"], ["trace"]] {
      let completion = try Program("\(Plugin.directory)/ipvlanctl", arguments).run()
      #expect(completion.status == 2, "\(completion)")
      #expect(completion.output.isEmpty && completion.errors.contains("--help"), "\(completion)")
    }
  }

  @Test func linksAreFoundInNamespacesWithoutAName() throws {
    try withNode { node in
      let site = try OperatorSite(node, pods: 0)
      var attachment = PodAttachment(
        try node.pod("hidden", heldByProcess: true), on: node,
        Configuration.ipvlan(ipam: Configuration.staticIPAM("172.31.16.8/20")))
      try attachment.add()
      let links = try site.links()
      let link = try #require(links.first { $0["containerID"]?.string == attachment.pod.containerID })
      #expect(link["master"]?.string == "ens5")
      #expect(link["mode"]?.string == "l2")
      #expect(link["state"]?.string == "up")
      #expect(link["addresses"]?.array?.first?.string == "172.31.16.8/20")
    }
  }

  @Test func linksOfTheReferencePluginAreFound() throws {
    try withNode { node in
      let site = try OperatorSite(node, pods: 0)
      var attachment = PodAttachment(
        try node.pod("old"), on: node,
        Configuration.ipvlan(version: "1.0.0", ipam: Configuration.staticIPAM("172.31.16.8/20")))
      attachment.plugin = .reference("ipvlan")
      attachment.path = Plugin.referenceDirectory
      try attachment.add()
      let links = try site.links().filter { $0["netns"]?.string == attachment.pod.namespace.path }
      #expect(links.count == 1)
      #expect(links.first?["addresses"]?.array?.first?.string == "172.31.16.8/20")
    }
  }

  @Test func traceFindsAHealthyPodByAnyOfItsNames() throws {
    try withNode { node in
      let site = try OperatorSite(node)
      let container = site.attachments[0].pod.containerID
      for id in ["web/pod0", container, String(container.dropLast(2)), "172.31.16.4"] {
        let completion = try site.control("trace", id)
        #expect(completion.status == 0, "\(completion)")
        #expect(completion.text.contains("pod web/pod0, container \(container), eth0 on ipvlan-ens5"))
      }
      // So may interfaces of other tests' pods be called, and those may be broken.
      #expect(
        try site.control("trace", "eth0").text.contains("pod web/pod0, container \(container), eth0 on"))
    }
  }

  @Test func traceFollowsAPodOfTheReferencePlugin() throws {
    try withNode { node in
      let site = try OperatorSite(node, pods: 0)
      let attachment = try site.attachByReference("old")
      let completion = try site.control("trace", "web/old")
      #expect(completion.isSuccess, "\(completion)")
      for line in ["lease         210.22.16.11", "eth0 on ens6, l3s/bridge", "addresses     210.22.16.11"] {
        #expect(completion.text.contains(line), "\(completion)")
      }
      #expect(try site.findings().isEmpty)
      attachment.pod.namespace.destroy()
      try eventually { try site.control("leases", "--orphans").text.contains("210.22.16.11") }
    }
  }

  /// Neither libcni's cache nor a note on the link: the lease's address is what tells the pod.
  @Test func traceFollowsAPodOfTheReferencePluginByItsLease() throws {
    try withNode { node in
      let site = try OperatorSite(node, pods: 0)
      let attachment = try site.attachByReference("old")
      try ScratchFiles.removeAll(site.cache)
      for id in ["210.22.16.11", attachment.pod.containerID] {
        let completion = try site.control("trace", id)
        #expect(completion.isSuccess, "\(completion)")
        for line in ["lease         210.22.16.11", "eth0 on ens6, l3s/bridge", "addresses     210.22.16.11"] {
          #expect(completion.text.contains(line), "\(completion)")
        }
      }
      #expect(try site.control("gc").mustSucceed().text == "nothing to free\n")
    }
  }

  @Test func traceTellsWhereAPodIsBrokenAndWhatToRun() throws {
    try withNode { node in
      let site = try OperatorSite(node)
      try site.attachments[0].pod.namespace.ip("address", "delete", "172.31.16.4/20", "dev", "eth0")
      let completion = try site.control("trace", "web/pod0")
      #expect(completion.status == 1, "\(completion)")
      #expect(completion.text.contains("missing: 172.31.16.4"), "\(completion)")
      #expect(completion.text.contains("ip address add 172.31.16.4/20 dev eth0"), "\(completion)")
    }
  }

  @Test func anUnknownIDListsNearMatches() throws {
    try withNode { node in
      let site = try OperatorSite(node)
      let completion = try site.control("trace", "web/pod9")
      #expect(completion.status == 1)
      #expect(completion.errors.contains("did you mean web/pod0"), "\(completion)")
    }
  }

  @Test func garbageInTheCacheIsNamedAndPassedOver() throws {
    try withNode { node in
      let site = try OperatorSite(node)
      try ScratchFiles.write("\(site.cache)/garbage", "{")
      let completion = try site.control("links")
      #expect(completion.isSuccess)
      #expect(completion.errors.contains("\(site.cache)/garbage is passed over"), "\(completion)")
    }
  }

  @Test func garbageIsShownBeforeItIsFreed() throws {
    try withNode { node in
      let site = try OperatorSite(node, pods: 2)
      site.attachments[1].pod.namespace.destroy()
      try eventually { try site.control("leases", "--orphans").status == 1 }
      let dry = try site.control("gc", "--dry-run")
      #expect(dry.text.contains("172.31.16.5") && !dry.text.contains("172.31.16.4"), "\(dry)")
      #expect(try site.control("leases", "--orphans").status == 1, "--dry-run has freed something")
      let wet = try site.control("gc")
      #expect(wet.isSuccess && wet.text.contains("172.31.16.5"), "\(wet)")
      #expect(try site.control("gc").text == "nothing to free\n")
      #expect(try site.control("leases", "--orphans").status == 0)
      #expect(try site.control("trace", "web/pod0").status == 0)
    }
  }

  /// A bridge's pod has no ipvlan link, and host-local's lease no namespace: nothing tells here whether it runs.
  @Test func leasesOfOtherPluginsPodsAreNobodysGarbage() throws {
    try withNode { node in
      let site = try OperatorSite(node, pods: 0)
      try site.writeConfiguration(
        "bridge.conflist",
        """
        {"cniVersion": "1.0.0", "name": "bridged", "plugins": [{"type": "bridge", "ipam": {"type": "host-local",
         "dataDir": "\(node.directory)/leases", "subnet": "10.88.0.0/16"}}]}
        """)
      try ScratchFiles.write("\(node.directory)/leases/bridged/10.88.0.5", "0a1b2c\r\neth0")
      try node.ageLeases()
      #expect(try site.control("gc").mustSucceed().text == "nothing to free\n")
      #expect(try node.leases("bridged") == ["10.88.0.5"])
    }
  }

  /// Where libcni's cache cannot be read, nobody knows the namespace of a pod that has lost its link.
  @Test func withoutTheCacheAPodThatHasLostItsLinkKeepsItsLease() throws {
    try withNode { node in
      let site = try OperatorSite(node, pods: 0)
      try site.writeNetwork("ens5", ipam: node.hostLocal())
      let attachment = try site.attach("pod")
      try node.ageLeases()
      try attachment.pod.namespace.ip("link", "delete", "eth0")
      #expect(try site.control("gc").mustSucceed().text == "nothing to free\n")
      try ScratchFiles.write("\(site.cache)/ipvlan-ens5-\(attachment.pod.containerID)-eth0", "{")
      let reply = try site.control("gc")
      #expect(
        reply.status == 1 && reply.text == "nothing to free\n" && reply.errors.contains("is passed over"),
        "\(reply)")
      #expect(try node.leases() == ["172.31.16.4"])
    }
  }

  @Test func aConfigurationThatCannotBeReadIsTold() throws {
    try withNode { node in
      let site = try OperatorSite(node)
      try site.writeConfiguration("torn.conflist", "{")
      let reply = try site.control("gc")
      #expect(reply.status == 1 && reply.errors.contains("torn.conflist"), "\(reply)")
    }
  }
}

extension OperatorSite {
  /// What `links -o json` lists.
  func links() throws -> [JSONObject] {
    let completion = try control("links", "-o", "json").mustSucceed()
    return try JSONValue(parsing: completion.output).array?.compactMap(\.object) ?? []
  }
}

extension OperatorSite {
  /// A pod of the reference plugins on ens6, as a node has them that changes over.
  fileprivate func attachByReference(_ name: String) throws -> PodAttachment {
    try writeNetwork(
      "ens6",
      ipam: [
        "type": "host-local", "subnet": "210.22.16.0/24", "rangeStart": "210.22.16.11",
        "rangeEnd": "210.22.16.15", "dataDir": .string("\(node.directory)/networks"),
      ])
    return try attach(name, to: "ens6", byReference: true)
  }
}
