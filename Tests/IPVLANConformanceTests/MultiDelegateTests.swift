import ConformanceSupport
import JSON
import Testing

/// Networks of other plugins by `ipvlan-multi`, which calls them as libcni does.
@Suite struct MultiDelegateTests {
  private static let networks = "k8s.v1.cni.cncf.io/networks"

  /// The reference plugins, two in a chain: a veth to the node, and settings of the link.
  @Test func aChainOfReferencePluginsIsANetwork() throws {
    // ptp switches forwarding on.
    try withCleanNode(keeping: ["node: sysctl"]) { node in
      try node.defineGuide()
      try node.define(
        "host",
        [
          "cniVersion": "1.0.0", "name": "host",
          "plugins": [
            [
              "type": "ptp", "mtu": 1400,
              "ipam": .object(node.hostLocal(["ranges": [[["subnet": "10.9.0.0/24"]]]])),
            ],
            ["type": "tuning", "mtu": 1300, "capabilities": ["mac": true]],
          ],
        ])
      var attachment = try node.multi(
        "a", [Self.networks: #"[{"name": "host", "interface": "host0", "mac": "02:00:00:00:00:05"}]"#])
      let reply = try attachment.add()
      #expect(reply.addresses == ["172.31.16.4/20"])
      let pod = attachment.pod.namespace
      let link = try #require(try pod.link("host0"))
      #expect(link["address"] == "02:00:00:00:00:05")
      #expect(link["mtu"]?.int == 1300)
      let address = try #require(try pod.addresses(of: "host0").first)
      #expect(try Traffic.ping(String(address.prefix { $0 != "/" }), from: node.namespace))
      // The default network's route is the pod's.
      #expect(try attachment.reachesOutside(by: "eth0"))
      try attachment.check()
      try pod.ip("link", "set", "host0", "mtu", "1350")
      try attachment.mustFail(.check, code: 999, naming: "network default/host, interface host0", "1350")
      try attachment.delete()
      #expect(try node.leases("host").isEmpty)
      try node.forgetLeases()
      try node.forgetNetworks()
    }
  }

  /// A plugin that writes down how it is called.
  private func spy(_ name: String, on node: Node, also body: String = "") throws -> ScriptedPlugin {
    try node.plugin(
      name,
      """
      cat >$0.$CNI_IFNAME.$CNI_COMMAND.stdin
      echo $CNI_COMMAND \(name) $CNI_IFNAME >>\(node.directory)/bin/calls
      echo "$CNI_ARGS" >$0.$CNI_IFNAME.args
      \(body)
      [ $CNI_COMMAND != ADD ] || echo '{"cniVersion":"1.1.0","interfaces":[{"name":"\(name)"}],"ips":[],"vendor":"kept"}'
      """)
  }

  private func calls(_ node: Node) -> [String] {
    (ScratchFiles.read("\(node.directory)/bin/calls") ?? "").split(separator: "\n").map(String.init)
  }

  private func stdin(_ plugin: ScriptedPlugin, _ call: String) throws -> JSONObject {
    let text = try #require(plugin.read("\(call).stdin"))
    return try #require(try JSONValue(parsing: Array(text.utf8)).object)
  }

  @Test func eachPluginGetsItsOwnPartAndWhatItDeclares() throws {
    try withCleanNode { node in
      let (first, second) = (try spy("first", on: node), try spy("second", on: node))
      let list: JSONObject = [
        "cniVersion": "1.1.0", "name": "spied",
        "plugins": [
          ["type": "first", "capabilities": ["portMappings": true, "ips": false]],
          [
            "type": "second", "args": ["cni": ["old": 1]],
            "capabilities": ["ips": true, "io.kubernetes.cri.pod-annotations": true],
          ],
        ],
      ]
      try node.define("ipvlan-ens5", list)
      try node.define("spied", list)
      let annotation =
        #"[{"name": "spied", "ips": ["10.0.0.5"], "portMappings": [{"hostPort": 81}], "cni-args": {"a": true}}]"#
      var attachment = try node.multi("a", [Self.networks: annotation, "other": "text"])
      attachment.path = first.directory
      attachment.arguments += ";IP=10.0.0.9"
      var values = attachment.configuration["runtimeConfig"]?.object ?? [:]
      values["portMappings"] = [["hostPort": 80]]
      values["ips"] = ["10.0.0.9"]
      attachment.configuration["runtimeConfig"] = .object(values)
      try attachment.add()
      try attachment.check()
      try attachment.delete()
      #expect(
        calls(node) == [
          "ADD first eth0", "ADD second eth0", "ADD first net1", "ADD second net1",
          "CHECK first eth0", "CHECK second eth0", "CHECK first net1", "CHECK second net1",
          "DEL second net1", "DEL first net1", "DEL second eth0", "DEL first eth0",
        ])
      let eth0 = try stdin(first, "eth0.ADD")
      #expect(eth0["name"] == "spied")
      #expect(eth0["cniVersion"] == "1.1.0")
      #expect(eth0["prevResult"] == nil)
      #expect(eth0["runtimeConfig"] == ["portMappings": [["hostPort": 80]]])
      #expect(try stdin(first, "net1.ADD")["runtimeConfig"] == ["portMappings": [["hostPort": 81]]])
      let chained = try stdin(second, "net1.ADD")
      #expect(chained["prevResult"]?.object?["interfaces"] == [["name": "first"]])
      #expect(chained["prevResult"]?.object?["vendor"] == "kept")
      #expect(chained["args"] == ["cni": ["old": 1, "a": true]])
      let given = chained["runtimeConfig"]?.object
      #expect(given?["ips"] == ["10.0.0.5"])
      #expect(given?["io.kubernetes.cri.pod-annotations"]?.object?["other"] == "text")
      #expect(given?["portMappings"] == nil)
      for command in ["CHECK", "DEL"] {
        let previous = try stdin(first, "net1.\(command)")["prevResult"]?.object
        #expect(previous?["interfaces"] == [["name": "second"]])
      }
      #expect(first.read("eth0.args")?.contains("IP=10.0.0.9") == true)
      #expect(first.read("net1.args")?.contains("IP=") == false)
      try node.forgetNetworks()
    }
  }

  @Test func whatNoPluginCanDoIsRefusedByName() throws {
    try withCleanNode { node in
      try node.defineGuide()
      for key in ["portMappings", "bandwidth"] {
        let value = key == "bandwidth" ? "{}" : "[]"
        var attachment = try node.multi(
          key, [Self.networks: #"[{"name": "ipvlan-ens6", "\#(key)": \#(value)}]"#])
        try attachment.mustFail(code: 2, naming: key, "default/ipvlan-ens6", Self.networks)
      }
      try node.forgetNetworks()
    }
  }

  @Test func whatWasDoneIsUndoneWhenALaterNetworkFails() throws {
    try withCleanNode { node in
      try node.defineGuide()
      let spy = try spy("spy", on: node)
      let failing = try node.plugin(
        "failing",
        "echo $CNI_COMMAND failing >>\(node.directory)/bin/calls; [ $CNI_COMMAND = ADD ] || exit 0; "
          + #"echo '{"cniVersion":"1.1.0","code":113,"msg":"no room","details":"ask later"}'; exit 1"#)
      try node.define("spied", ["cniVersion": "1.1.0", "type": "spy"])
      try node.define(
        "failing",
        [
          "cniVersion": "1.1.0", "name": "x",
          "plugins": [["type": "spy"], ["type": "failing"], ["type": "spy"]],
        ])
      var attachment = try node.multi("a", [Self.networks: "ipvlan-ens6,spied,failing,spied"])
      attachment.path = "\(spy.directory):\(attachment.path)"
      let reply = try attachment.mustFail(
        code: 113, naming: "no room", "ask later", "default/failing", "net3")
      #expect(failing.directory == spy.directory)
      #expect(
        calls(node) == [
          "ADD spy net2", "ADD spy net3", "ADD failing", "DEL spy net3", "DEL failing", "DEL spy net3",
          "DEL spy net2",
        ], "\(reply)")
      #expect(try attachment.pod.namespace.linkNames() == ["lo"])
      #expect(node.records().isEmpty)
      try attachment.delete()
      try node.forgetNetworks()
    }
  }

  @Test func whatCannotBeUndoneStaysRecordedUntilADeleteSucceeds() throws {
    try withCleanNode { node in
      try node.defineGuide()
      let stuck = try node.plugin(
        "stuck", "[ $CNI_COMMAND = DEL -a -e $0.free ] || exit 3")
      try node.define("stuck", ["cniVersion": "1.1.0", "type": "stuck"])
      var attachment = try node.multi("a", [Self.networks: "ipvlan-ens6,stuck"])
      attachment.path = "\(stuck.directory):\(attachment.path)"
      try attachment.mustFail(code: 5, naming: "default/stuck", "could be taken back", "DEL goes on")
      // The others have gone all the same.
      #expect(try attachment.pod.namespace.linkNames() == ["lo"])
      try attachment.mustFail(.delete, code: 5, naming: "default/stuck")
      try ScratchFiles.write("\(stuck.path).free", "")
      try attachment.delete()
      #expect(node.records().isEmpty)
      try node.forgetNetworks()
    }
  }

  /// A runtime kills a plugin that takes too long; what that has started goes on for a moment.
  @Test func aDeleteWaitsForWhatAKilledAddHasStarted() throws {
    try withCleanNode { node in
      try node.defineGuide()
      let slow = try node.plugin(
        "slow",
        """
        echo $CNI_COMMAND >>$0.calls
        [ $CNI_COMMAND = ADD ] || exit 0
        kill -9 $PPID
        sleep 2
        echo late >>$0.calls
        """)
      try node.define("slow", ["cniVersion": "1.1.0", "type": "slow"])
      var attachment = try node.multi("a", [Self.networks: "ipvlan-ens6,slow"])
      attachment.path = "\(slow.directory):\(attachment.path)"
      #expect(try attachment.call(.add).completion.status == nil)
      #expect(try attachment.pod.namespace.linkNames().sorted() == ["eth0", "lo", "net1"])
      try attachment.delete()
      #expect(slow.read("calls") == "ADD\nlate\nDEL\n")
      #expect(try attachment.pod.namespace.linkNames() == ["lo"])
      #expect(node.records().isEmpty)
      try node.forgetNetworks()
    }
  }

  /// Each network hears of its own interfaces, which the runtime's list does not have.
  @Test func everyNetworkIsToldWhatIsAliveInIt() throws {
    try withCleanNode { node in
      let spy = try spy("spy", on: node)
      try node.define("ipvlan-ens5", ["cniVersion": "1.1.0", "name": "one", "type": "spy"])
      try node.define("other", ["cniVersion": "1.1.0", "name": "two", "plugins": [["type": "spy"]]])
      try node.define("old", ["cniVersion": "1.0.0", "name": "old", "type": "spy"])
      var attachment = try node.multi("a", [Self.networks: "other,other@x,old"], heldByProcess: true)
      attachment.path = spy.directory
      try attachment.add()
      var call = attachment
      call.configuration["cni.dev/valid-attachments"] = [["containerID": "elsewhere", "ifname": "eth0"]]
      // GC names no interface: one file has what the last call was told.
      let recorder = try node.plugin("spy", "cat >>$0.gc")
      #expect(try call.call(.gc).isSuccess)
      let told = try #require(recorder.read("gc"))
      let id = attachment.pod.containerID
      #expect(
        told.contains(#""name":"one""#) && told.contains(#""name":"two""#) && !told.contains(#""name":"old""#)
      )
      for ifname in ["eth0", "net1", "x"] {
        #expect(told.contains(#"{"containerID":"\#(id)","ifname":"\#(ifname)"}"#), "\(told)")
      }
      #expect(told.contains(#""containerID":"elsewhere","ifname":"eth0""#))
      try attachment.delete()
      try node.forgetNetworks()
    }
  }
}
