import ConformanceSupport
import JSON
import Testing

/// Documents, annotations and printed commands on a node: what the tools say is what the plugin and the kernel do.
@Suite struct DocumentTests {
  /// An ADD that the runtime hands annotations on to, as containerd does.
  private func add(_ site: OperatorSite, _ name: String, _ annotations: JSONObject) throws -> PodAttachment {
    var attachment = PodAttachment(try site.node.pod(name), on: site.node, try site.configuration(of: "ens6"))
    attachment.configuration["runtimeConfig"] = [
      "io.kubernetes.cri.pod-annotations": .object(annotations)
    ]
    return attachment
  }

  @Test func annotationsAreHonouredOrRefusedByName() throws {
    try withNode { node in
      let site = try OperatorSite(node, pods: 0)
      let prefix = "ipam.spidernet.io/"
      var clean = try add(
        site, "a", ["\(prefix)ippools": #"[{"interface": "eth0", "ipv4": ["ens6"], "cleangateway": true}]"#])
      try clean.add()
      let routes = try clean.pod.namespace.execute("ip", ["route"]).mustSucceed().text
      #expect(!routes.contains("default") && routes.contains("210.22.16.0/24"), "\(routes)")
      var routed = try add(site, "b", ["\(prefix)routes": #"[{"dst": "10.7.0.0/16", "gw": "210.22.16.9"}]"#])
      try routed.add()
      let other = try routed.pod.namespace.execute("ip", ["route"]).mustSucceed().text
      #expect(
        other.contains("10.7.0.0/16 via 210.22.16.9") && other.contains("default via 210.22.16.1"), "\(other)"
      )
      for (name, text, key) in [
        ("ippool", #"{"ipv4pools": ["ens6"]}"#, "ippool.ipv4pools"),
        ("subnet", #"{"ipv4": ["s"]}"#, "subnet"),
      ] {
        var refused = try add(site, "c-\(name)", [prefix + name: .string(text)])
        let reply = try refused.mustFail(.add, code: 7, naming: "\(prefix)\(key)")
        #expect(reply.message.contains("annotation"), "\(reply)")
        try refused.delete()
      }
      for var attachment in [clean, routed] { try attachment.delete() }
    }
  }

  /// A mistyped key gives out no address, and keeps none.
  @Test func aKeyThatNobodyReadsGivesNothingAndStopsNoDelete() throws {
    try withNode { node in
      let site = try OperatorSite(node, pods: 0)
      let attachment = try site.attach("a", to: "ens6")
      var edited = attachment
      edited.configuration["ipam"] = .object(
        (attachment.configuration["ipam"]?.object ?? [:]).adding("pool", ["ens6"]))
      var next = PodAttachment(try node.pod("b"), on: node, edited.configuration)
      _ = try next.mustFail(.add, code: 7, naming: "ipam.pool")
      try edited.delete()
      #expect(try site.control("leases", "-o", "json").mustSucceed().text.contains("held") == false)
    }
  }

  @Test func theDoctorsCommandFindsWhatTheDoctorFound() throws {
    try withNode { node in
      let site = try OperatorSite(node, pods: 0)
      try node.writePool(
        "q", subnet: "210.22.16.0/24", ips: "210.22.16.15-210.22.16.20", gateway: "210.22.16.1")
      let finding = try #require(try site.findings().first)
      #expect(
        finding.kind == "poolFileInvalid" && finding.remedy == "ipvlanctl lint \(node.poolDirectory)",
        "\(finding)")
      let lint = try site.run(["lint", node.poolDirectory])
      #expect(
        lint.status == 1 && lint.text.contains("at \(node.poolDirectory)/ens6.yaml:1, which is read first"),
        "\(lint)")
    }
  }

  @Test func aReservationThatCannotBeReadIsInTheLogs() throws {
    try withNode { node in
      let site = try OperatorSite(node, pods: 0)
      let log = "\(node.directory)/ipvlan.log"
      try site.writeNetwork("ens6", ["logFile": .string(log)])
      try ScratchFiles.write(
        "\(node.poolDirectory)/r.yaml",
        "apiVersion: spiderpool.spidernet.io/v2beta1\nkind: SpiderReservedIP\nmetadata: {name: r}\n"
          + "spec: {ips: [210.22.16.12-210.22.16.11, 210.22.16.300]}\n")
      var attachment = try site.attach("a", to: "ens6")
      #expect(attachment.result?["ips"]?.array?.first?.object?["address"]?.string == "210.22.16.13/24")
      attachment.configuration["cniVersion"] = "1.1.0"
      try attachment.call(.status)
      let lines = (ScratchFiles.read(log) ?? "").split(separator: "\n")
      #expect(lines.count == 2)
      for line in lines {
        #expect(line.contains("the addresses that it should reserve are given to pods"), "\(line)")
      }
    }
  }

  /// What `render` prints makes the links, in the order in which it is printed.
  @Test func theCommandsOfABondAndItsVLANWork() throws {
    try withNode { node in
      let site = try OperatorSite(node, pods: 0)
      try node.namespace.batch("link add p0 type dummy\nlink add p1 type dummy\n")
      let file = "\(node.directory)/bond.yaml"
      try ScratchFiles.write(
        file,
        """
        apiVersion: spiderpool.spidernet.io/v2beta1
        kind: SpiderMultusConfig
        metadata: {name: bonded}
        spec:
          cniType: ipvlan
          ipvlan: {master: [p0, p1], vlanID: 100, bond: {name: bond0, mode: 1, options: "miimon=100;primary=p1"}}

        """)
      let rendering = try site.run(["render", "-f", file]).mustSucceed()
      let needs = "note: bonded needs on every node: "
      for line in rendering.errors.split(separator: "\n") where line.hasPrefix(needs) {
        try Program("sh", ["-c", String(line.dropFirst(needs.count))]).run(in: node.namespace).mustSucceed()
      }
      let bond = try node.namespace.execute("ip", ["-d", "link", "show", "bond0"]).mustSucceed().text
      #expect(
        bond.contains("miimon 100") && bond.contains("primary p1") && bond.contains("active-backup"),
        "\(bond)")
      let vlan = try node.namespace.execute("ip", ["-d", "link", "show", "bond0.100"]).mustSucceed().text
      #expect(vlan.contains("vlan protocol 802.1Q id 100") && vlan.contains(",UP"), "\(vlan)")
      try node.namespace.batch("link del bond0\nlink del p0\nlink del p1\n")
    }
  }
}

extension JSONObject {
  fileprivate func adding(_ name: String, _ value: JSONValue) -> JSONObject {
    var object = self
    object[name] = value
    return object
  }
}
