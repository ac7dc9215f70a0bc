import ConformanceSupport
import JSON
import Testing

/// Several networks of a pod without Multus and without an API server: `ipvlan-multi`.
@Suite struct MultiTests {
  private static let networks = "k8s.v1.cni.cncf.io/networks"
  private static let defaultNetwork = "v1.multus-cni.io/default-network"

  @Test func aPodOnBothNICsOfTheGuideSendsByBoth() throws {
    try withCleanNode { node in
      try node.defineGuide()
      var attachment = try node.multi("a", [Self.networks: "default/ipvlan-ens6"])
      let reply = try attachment.add()
      #expect(reply.addresses == ["172.31.16.4/20"])
      #expect(reply.document?["interfaces"]?.array?.first?.object?["name"] == "eth0")
      let pod = attachment.pod.namespace
      #expect(try pod.addresses(of: "eth0") == ["172.31.16.4/20"])
      #expect(try pod.addresses(of: "net1") == ["210.22.16.11/24"])
      for interface in ["eth0", "net1"] { #expect(try attachment.reachesOutside(by: interface)) }
      #expect(try Traffic.tcp(from: node.fabric, to: pod, at: "210.22.16.11") != nil)
      try attachment.check()
      #expect(!node.records().isEmpty)
      try attachment.delete()
      #expect(node.records().isEmpty)
      try node.forgetNetworks()
    }
  }

  @Test func theGuidesPoolsServeBothNetworks() throws {
    try withCleanNode { node in
      try defineGuidesPools(on: node)
      var attachments = try ["a", "b"].map { try node.multi($0, [Self.networks: "ipvlan-ens6"]) }
      for index in attachments.indices { try attachments[index].add() }
      let addresses = try attachments.map { try $0.pod.namespace.addresses(of: "net1") }
      #expect(Set(addresses.flatMap { $0 }).count == 2)
      for attachment in attachments { #expect(try attachment.reachesOutside(by: "net1")) }
      for index in attachments.indices {
        try attachments[index].check()
        try attachments[index].delete()
      }
      try node.forgetNetworks()
      for path in [node.poolDirectory, "\(node.directory)/leases"] { try ScratchFiles.removeAll(path) }
    }
  }

  /// The guide's two networks with the guide's pools.
  private func defineGuidesPools(on node: Node) throws {
    var ipam = node.poolIPAM(cooldown: 0)
    for nic in [Site.ens5, Site.ens6] {
      try ScratchFiles.write(
        "\(node.poolDirectory)/\(nic.name).json",
        """
        {"apiVersion": "spiderpool.spidernet.io/v2beta1", "kind": "SpiderIPPool", "metadata": {"name": "master-v4-\(nic.name)"},
         "spec": {"subnet": "\(nic.name == "ens5" ? "172.31.16.0/20" : "210.22.16.0/24")", "gateway": "\(nic.gateway)",
         "ips": ["\(nic.podAddresses[0])-\(nic.podAddresses[4])"], "default": true, "nodeName": ["master"],
         "multusName": ["default/ipvlan-\(nic.name)"]}}
        """)
      ipam["multusName"] = .string("default/ipvlan-\(nic.name)")
      try node.define(
        "ipvlan-\(nic.name)",
        Configuration.ipvlan(master: nic.name, mode: "l3s", name: "lan-\(nic.name)", ipam: ipam))
    }
  }

  /// The tool reads the runtime's only network, and finds behind it those that pods have.
  @Test func theOperatorsToolKnowsTheNetworksOfPods() throws {
    try withNode { node in
      try defineGuidesPools(on: node)
      var attachment = try node.multi("a", [Self.networks: "ipvlan-ens6"], heldByProcess: true)
      var configuration = attachment.configuration
      configuration["runtimeConfig"] = nil
      try ScratchFiles.write(
        "\(node.directory)/conf/00-multi.conf",
        String(decoding: JSONValue.object(configuration).serialized(), as: UTF8.self))
      try attachment.add()
      let options = ["-o", "json", "--conf-dir", "\(node.directory)/conf", "--cache-dir", "/nowhere"]
      let tool = { (verb: String) throws in
        try Program("\(Plugin.directory)/ipvlanctl", [verb] + options, environment: Program.environment)
          .run(in: node.namespace)
      }
      let leases = try tool("leases")
      let addresses = try JSONValue(parsing: leases.output).array?.compactMap {
        $0.object?["address"]?.string
      }
      #expect(addresses?.sorted() == ["172.31.16.4", "210.22.16.11"], "\(leases)")
      let pools = try tool("pools")
      #expect(pools.text.contains("master-v4-ens5") && pools.text.contains("master-v4-ens6"), "\(pools)")
      // What a pod has is no garbage.
      let gc = try Program(
        "\(Plugin.directory)/ipvlanctl",
        ["gc", "--conf-dir", "\(node.directory)/conf", "--cache-dir", "/nowhere"],
        environment: Program.environment
      ).run(in: node.namespace)
      #expect(gc.isSuccess, "\(gc)")
      try attachment.check()
      for interface in ["eth0", "net1"] { #expect(try attachment.reachesOutside(by: interface)) }
      try attachment.delete()
    }
  }

  @Test func theDefaultNetworkIsThePodsOwnChoice() throws {
    try withCleanNode { node in
      try node.defineGuide()
      var attachment = try node.multi(
        "a", [Self.defaultNetwork: "default/ipvlan-ens6", Self.networks: "default/ipvlan-ens5@first"])
      #expect(try attachment.add().addresses == ["210.22.16.11/24"])
      #expect(try attachment.pod.namespace.addresses(of: "first") == ["172.31.16.4/20"])
      try attachment.check()
      try attachment.delete()
      try node.forgetNetworks()
    }
  }

  @Test func withoutTheRuntimesAnnotationsThePodsFileIsWaitedFor() throws {
    try withCleanNode { node in
      try node.defineGuide()
      var attachment = try node.multi("a", nil)
      try attachment.mustFail(code: 11, naming: "pod default/a", Node.uid, "capability")
      #expect(try attachment.pod.namespace.linkNames() == ["lo"])
      #expect(node.records().isEmpty)
      try ScratchFiles.write(
        "\(node.runDirectory)/pods/\(Node.uid).json",
        """
        {"namespace": "default", "name": "a", "labels": {}, "namespaceLabels": {},
         "annotations": {"k8s.v1.cni.cncf.io/networks": "ipvlan-ens6@data0"}}
        """)
      try attachment.add()
      #expect(try attachment.pod.namespace.addresses(of: "data0") == ["210.22.16.11/24"])
      try ScratchFiles.removeAll("\(node.runDirectory)")
      // Neither needs the pod's file or the definitions any more.
      try attachment.check()
      try attachment.delete()
      try node.forgetNetworks()
    }
  }

  /// Outside of Kubernetes nobody has annotations.
  @Test func aContainerThatIsNoPodGetsTheDefaultNetwork() throws {
    try withCleanNode { node in
      try node.defineGuide()
      var attachment = try node.multi("a", nil)
      attachment.arguments = ""
      #expect(try attachment.add().addresses == ["172.31.16.4/20"])
      #expect(try attachment.pod.namespace.linkNames().sorted() == ["eth0", "lo"])
      try attachment.delete()
      try node.forgetNetworks()
    }
  }

  @Test func whatAPodAsksOfANetworkIsAnswered() throws {
    try withCleanNode { node in
      try node.defineGuide()
      var ipam = node.hostLocal(["ranges": [[["subnet": "210.22.16.0/24"]]]])
      ipam["routes"] = nil
      try node.define("free", Configuration.ipvlan(master: "ens6", mode: "l3s", name: "free", ipam: ipam))
      var attachment = try node.multi(
        "a",
        [
          Self.networks:
            #"[{"name": "free", "interface": "data0", "ips": ["210.22.16.15"], "mac": "\#(Site.ens6.mac)"}]"#
        ])
      try attachment.add()
      #expect(try attachment.pod.namespace.addresses(of: "data0") == ["210.22.16.15/24"])
      try attachment.check()
      try attachment.delete()
      var other = try node.multi("b", [Self.networks: #"[{"name": "free", "mac": "02:00:00:00:00:01"}]"#])
      try other.mustFail(code: 7, naming: "network default/free, interface net1", "02:00:00:00:00:01")
      try node.forgetLeases()
      try node.forgetNetworks()
    }
  }

  @Test func theDefaultRouteGoesToTheNetworkThatAsksForIt() throws {
    try withCleanNode { node in
      try node.defineGuide()
      var attachment = try node.multi(
        "a", [Self.networks: #"[{"name": "ipvlan-ens6", "default-route": ["210.22.16.1"]}]"#])
      let reply = try attachment.add()
      let pod = attachment.pod.namespace
      let route = try pod.execute("ip", ["-4", "route", "show", "default"]).text
      #expect(route.hasPrefix("default via 210.22.16.1 dev net1"), "\(route)")
      #expect(route.split(separator: "\n").count == 1, "\(route)")
      #expect(reply.document?["routes"]?.array ?? [] == [], "\(reply)")
      // Each still answers by itself.
      for interface in ["eth0", "net1"] { #expect(try attachment.reachesOutside(by: interface)) }
      try attachment.check()
      try attachment.delete()
      attachment.configuration["runtimeConfig"] = [
        "io.kubernetes.cri.pod-annotations": [
          .init(Self.networks): #"[{"name": "ipvlan-ens6", "default-route": []}]"#
        ]
      ]
      try attachment.add()
      #expect(
        try pod.execute("ip", ["-4", "route", "show", "default"]).text.contains("210.22.16.1 dev net1"))
      try attachment.delete()
      try node.forgetNetworks()
    }
  }

  @Test(arguments: [
    ("nothing", 7, ["default/nothing", "kubectl --namespace default get net-attach-def nothing"]),
    ("broken", 7, ["default/broken", "spec.config", "no JSON"]),
    ("itself", 7, ["default/itself", "without end"]),
    ("address", 7, ["default/address", "gives addresses"]),
    ("missing", 4, ["default/missing", "no-such-plugin"]),
    ("ipvlan-ens6@eth0", 7, ["default/ipvlan-ens6", "interface eth0"]),
    ("ipvlan-ens6@x,ipvlan-ens6@x", 7, ["default/ipvlan-ens6", "interface x"]),
  ])
  func whatCannotBeServedIsToldBeforeAnythingIsDone(text: String, code: Int, words: [String]) throws {
    try withCleanNode { node in
      try node.defineGuide()
      try node.define(
        "itself", ["cniVersion": "1.1.0", "type": "ipvlan-multi", "defaultNetwork": "default/itself"])
      try node.define("address", ["cniVersion": "1.1.0", "type": "ippool"])
      try node.define("missing", ["cniVersion": "1.1.0", "type": "no-such-plugin"])
      try ScratchFiles.write(
        "\(node.runDirectory)/networks/default_broken.json",
        #"{"metadata": {"namespace": "default", "name": "broken"}, "spec": {"config": "{"}}"#)
      var attachment = try node.multi("a", [Self.networks: text])
      let reply = try attachment.call(.add)
      reply.expectError(
        code: code, naming: [Self.networks, "pod default/a"] + words, at: #_sourceLocation)
      #expect(node.records().isEmpty)
      // A runtime calls DEL after it.
      try attachment.delete()
      try node.forgetNetworks()
    }
  }

  /// A link to it, and a script that runs it, would start it without end.
  @Test(arguments: ["linked", "scripted"]) func itDoesNotRunItself(type: String) throws {
    try withCleanNode { node in
      try node.defineGuide()
      let script = try node.plugin("scripted", "exec \(Plugin.directory)/ipvlan-multi")
      try Program("ln", ["-s", "\(Plugin.directory)/ipvlan-multi", "\(script.directory)/linked"]).run()
        .mustSucceed()
      try node.define(
        "itself", ["cniVersion": "1.1.0", "type": .string(type), "defaultNetwork": "default/itself"])
      var attachment = try node.multi("a", [Self.networks: "itself"])
      attachment.path = "\(script.directory):\(attachment.path)"
      let reply = try attachment.call(.add)
      #expect(reply.code == 7 && reply.message.contains("without end"), "\(reply)")
      try attachment.delete()
      attachment.configuration["defaultNetwork"] = "default/itself"
      // Called as "linked" the executable is the plugin of one network, whose GC ends.
      for command in type == "linked" ? [Plugin.Command.status] : [.status, .gc] {
        let reply = try attachment.call(command)
        #expect(!reply.isSuccess && reply.message.contains("without end"), "\(command): \(reply)")
      }
      try node.forgetNetworks()
    }
  }

  @Test(arguments: ["0.2.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"])
  func theAnswerHasTheVersionThatWasAskedFor(version: String) throws {
    try withCleanNode { node in
      try node.defineGuide()
      var attachment = try node.multi("a", [Self.networks: "ipvlan-ens6"], version: version)
      let document = try #require(try attachment.add().document)
      #expect(document["cniVersion"]?.string == version)
      #expect((document["ip4"] != nil) == (version == "0.2.0"))
      if version >= "0.4" { try attachment.check() }
      try attachment.delete()
      try node.forgetNetworks()
    }
  }
}
