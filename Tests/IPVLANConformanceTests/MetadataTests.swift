import ConformanceSupport
import JSON
import Testing

/// Pools from the instance metadata service, and what is told when it fails.
@Suite struct MetadataTests {
  @Test func podsGetWhatTheNICsOwn() throws {
    try withNode { node in
      let site = try OperatorSite(node, pods: 0)
      let service = try site.startMetadataService()
      service.describe(Site.ens5, addresses: ["172.31.16.4", "172.31.16.5"])
      service.describe(Site.ens6, addresses: ["210.22.16.11"], prefixes: ["210.22.16.32/28"])
      for pool in ["ens5", "ens6"] { try ScratchFiles.removeAll("\(node.poolDirectory)/\(pool).yaml") }
      let file = "\(node.poolDirectory)/this-node.yaml"
      try site.writePools(to: file).mustSucceed()
      for nic in ["ens5", "ens6"] {
        try site.writeNetwork(nic, ipam: ["pools": [.string("master-v4-\(nic)")]])
      }
      // Whole prefixes too, and not the node's own addresses.
      #expect(
        try site.poolRanges() == [
          "master-v4-ens5": ["172.31.16.4-172.31.16.5"],
          "master-v4-ens6": ["210.22.16.11", "210.22.16.32-210.22.16.47"],
        ])
      let attachment = try site.attach("pod0")
      #expect(attachment.result?["ips"]?.array?.first?.object?["address"]?.string == "172.31.16.4/20")
      #expect(try site.findings().isEmpty)
    }
  }

  @Test func addressesOfIPv6AreFoundInTheirSubnets() throws {
    try withNode { node in
      let site = try OperatorSite(node, pods: 0)
      let service = try MetadataService(on: node, address: "::1")
      defer { service.end() }
      service.describe(Site.ens5)
      // DHCPv6 gives the NIC's first address to the link itself.
      service.describe(
        Site.ens5.mac,
        [
          "subnet-ipv6-cidr-blocks": "2001:db8:5::/64", "ipv6s": "2001:db8:5::e4\n2001:db8:5::4",
          "ipv6-prefix": "2001:db8:5:0:1::/80",
        ])
      let completion = try site.writePools(endpoint: service.endpoint).mustSucceed()
      #expect(completion.errors.contains("2001:db8:5::e4 is left out, since the node itself has it"))
      let pool = try #require(completion.text.split(separator: "---\n").last)
      for line in [
        "  name: master-v6-ens5\n", "  subnet: \"2001:db8:5::/64\"\n", "  gateway: \"fe80:ec2::1\"\n",
        "    - \"2001:db8:5::4\"\n", "    - \"2001:db8:5:0:1::-2001:db8:5:0:1:ffff:ffff:ffff\"\n",
      ] { #expect(pool.contains(line), "\(pool)") }
    }
  }

  @Test func whatCannotBeUsedIsRemarked() throws {
    try withNode { node in
      let site = try OperatorSite(node, pods: 0)
      let service = try site.startMetadataService()
      service.describe("02:de:ad:00:00:01", [:])
      service.describe("02:de:ad:00:00:02", ["interface-id": "eni-elsewhere", "device-number": "2"])
      service.describe(Site.ens6, addresses: [])
      try node.namespace.ip("address", "add", "172.31.16.5/32", "dev", "ens5")
      let completion = try site.writePools().mustSucceed()
      for remark in [
        "interface 02:de:ad:00:00:01 is listed and has no data: it was detached a moment ago",
        "eni-elsewhere (02:de:ad:00:00:02) has no link on this node",
        "eni-ens6 (ens6) has no IPv4 addresses for pods",
        "172.31.16.5 is left out, since the node itself has it; to give it to pods: ip address delete 172.31.16.5/32 "
          + "dev ens5",
      ] { #expect(completion.errors.contains(remark), "\(completion)") }
      #expect(
        completion.text.contains("    - \"172.31.16.4\"\n    - \"172.31.16.6-172.31.16.8\"\n"),
        "\(completion)")
    }
  }

  /// However the service ends its answers and its connections, what it says is the same.
  @Test(arguments: [
    MetadataService.Mood.closing, .closingSilently, .old, .chunked, .busy,
  ])
  func answersAreReadHoweverTheyEnd(mood: MetadataService.Mood) throws {
    try withNode { node in
      let site = try OperatorSite(node, pods: 0)
      let service = try site.startMetadataService()
      service.describe(Site.ens6, addresses: ["210.22.16.11"], prefixes: ["210.22.16.32/28"])
      let expected = try site.writePools().mustSucceed()
      service.set(mood)
      let completion = try site.writePools().mustSucceed()
      #expect(completion.text == expected.text && completion.errors == expected.errors, "\(completion)")
      let doctor = try site.control("doctor")
      #expect(!doctor.errors.contains("is not looked at"), "\(doctor)")
    }
  }

  /// The guide's pools by this command's names, and a pod that holds one of them.
  private func withPoolFile(
    _ body: (OperatorSite, MetadataService, _ file: String, _ before: String) throws -> Void
  ) throws {
    try withNode { node in
      let site = try OperatorSite(node, pods: 0)
      let service = try site.startMetadataService()
      let file = "\(node.poolDirectory)/this-node.yaml"
      for pool in ["ens5", "ens6"] { try ScratchFiles.removeAll("\(node.poolDirectory)/\(pool).yaml") }
      try site.writePools(to: file).mustSucceed()
      for nic in ["ens5", "ens6"] {
        try site.writeNetwork(nic, ipam: ["pools": [.string("master-v4-\(nic)")]])
      }
      try site.attach("pod0", to: "ens6")
      try body(site, service, file, ScratchFiles.read(file) ?? "")
    }
  }

  @Test func aPoolIsNotWrittenAwayWhileTheServiceSaysNothingOfItsNIC() throws {
    try withPoolFile { site, service, file, _ in
      let before = try site.poolRanges()
      for isPartial in [false, true] {
        service.forget(Site.ens6)
        // Its addresses come later than the NIC itself.
        if isPartial {
          service.describe(
            Site.ens6.mac, ["interface-id": "eni-ens6", "subnet-ipv4-cidr-block": "210.22.16.0/24"])
        }
        let completion = try site.writePools(to: file).mustSucceed()
        #expect(completion.errors.contains("pool master-v4-ens6 stays as it is"), "\(completion)")
        #expect(completion.errors.contains("does not describe the NIC of ens6"), "\(completion)")
        #expect(completion.errors.contains("described in part only") == isPartial, "\(completion)")
        #expect(try site.poolRanges() == before)
        try site.attach(isPartial ? "pod2" : "pod1", to: "ens6")
      }
    }
  }

  @Test func whatAPodHoldsStaysThoughTheServiceDoesNotListIt() throws {
    try withPoolFile { site, service, file, _ in
      service.describe(Site.ens6, addresses: ["210.22.16.15"])
      let some = try site.writePools(to: file).mustSucceed()
      #expect(
        some.errors.contains("210.22.16.11 stays in pool master-v4-ens6, since pods hold it"), "\(some)")
      #expect(try site.poolRanges()["master-v4-ens6"] == ["210.22.16.11", "210.22.16.15"])
      service.describe(Site.ens6, addresses: [])
      let none = try site.writePools(to: file).mustSucceed()
      #expect(none.errors.contains("pool master-v4-ens6 stays with 210.22.16.11, which pods hold"), "\(none)")
      #expect(try site.poolRanges()["master-v4-ens6"] == ["210.22.16.11"])
      var pod = site.attachments[0]
      try pod.delete()
      let gone = try site.writePools(to: file).mustSucceed()
      #expect(gone.errors.contains("pool master-v4-ens6 is left out"), "\(gone)")
      #expect(try site.poolRanges().keys.sorted() == ["master-v4-ens5"])
    }
  }

  @Test(arguments: [
    ("kind: SpiderReservedIP\nmetadata: {name: r}\nspec: {ips: [210.22.16.9]}", "SpiderReservedIP r"),
    (
      "kind: SpiderIPPool\nmetadata: {name: by-hand}\nspec: {subnet: 210.22.16.0/24, ips: [210.22.16.9]}",
      "SpiderIPPool by-hand"
    ),
    ("kind: [", "cannot be read"),
  ])
  func whatTheCommandHasNotWrittenIsNotReplaced(document: String, says: String) throws {
    try withPoolFile { site, service, file, before in
      let text = before + "---\napiVersion: spiderpool.spidernet.io/v2beta1\n\(document)\n"
      try ScratchFiles.write(file, text)
      service.forget(Site.ens6)
      let completion = try site.writePools(to: file)
      #expect(completion.status == 1 && completion.errors.contains(says), "\(completion)")
      #expect(ScratchFiles.read(file) == text)
    }
  }

  @Test func leasesThatCannotBeReadLeaveTheFileAsItIs() throws {
    try withPoolFile { site, service, file, before in
      service.describe(Site.ens6, addresses: ["210.22.16.15"])
      let leases = "\(site.node.directory)/leases"
      for name in ScratchFiles.names(in: leases) {
        try ScratchFiles.write("\(leases)/\(name)", "damaged")
      }
      let completion = try site.writePools(to: file)
      #expect(
        completion.status == 1 && completion.errors.contains("what pods hold is not known"), "\(completion)")
      #expect(ScratchFiles.read(file) == before)
    }
  }

  @Test func theNodesFirstAddressIsNeverTakenFromIt() throws {
    try withNode { node in
      let site = try OperatorSite(node, pods: 0)
      try node.writePool(
        "ens5", subnet: "172.31.16.0/20", ips: "172.31.22.228-172.31.22.230", gateway: "172.31.16.1")
      for isHeld in [false, true] {
        if isHeld {
          let pod = try site.attach("pod0").pod.namespace
          try pod.ip("address", "add", "172.31.22.228/20", "dev", "eth0")
        }
        let findings = try site.findings()
        let kind = isHeld ? "duplicateAddress" : "poolAddressOnNode"
        #expect(findings.contains { $0.kind == kind }, "\(findings)")
        for finding in findings {
          #expect(!finding.remedy.contains("address delete 172.31.22.228/20 dev ens5"), "\(finding)")
          guard finding.kind == kind else { continue }
          #expect(finding.remedy.contains("spec.ips at \(node.poolDirectory)/ens5.yaml:1"), "\(finding)")
        }
      }
    }
  }

  /// What is told of a service that fails, and that a file of pools stays as it was.
  @Test(arguments: [
    (MetadataService.Mood.withoutToken, "gives no token: status 403; in a container the hop limit must be 2"),
    (.silent, "did not answer /latest/api/token"),
    (.cutShort, "the connection was closed in the middle of the answer"),
    (.cutShortInChunks, "the connection was closed in the middle of the answer"),
    (.overrun, "status 503"),
  ])
  func aServiceThatFailsChangesNothing(mood: MetadataService.Mood, message: String) throws {
    try withNode { node in
      let site = try OperatorSite(node, pods: 0)
      try site.startMetadataService().set(mood)
      let file = "\(node.poolDirectory)/ens5.yaml"
      let before = ScratchFiles.read(file)
      let completion = try site.writePools(to: file)
      #expect(completion.status == 1 && completion.errors.contains(message), "\(completion)")
      #expect(ScratchFiles.read(file) == before)
    }
  }

  @Test func whereNoServiceListensThatIsTold() throws {
    try withNode { node in
      let site = try OperatorSite(node, pods: 0)
      for (endpoint, message) in [
        ("http://127.0.0.1:8111", "does not answer: Connection refused; is this an EC2 instance"),
        ("http://metadata", "http://metadata is not of the form http://ADDRESS[:PORT]"),
      ] {
        let completion = try site.writePools(endpoint: endpoint)
        #expect(completion.errors.contains(message), "\(completion)")
      }
    }
  }

  @Test func theFindingNamesTheCommandThatAssignsTheAddress() throws {
    try withNode { node in
      let site = try OperatorSite(node, pods: 0)
      try site.startMetadataService()
      try node.writePool(
        "ens6", subnet: "210.22.16.0/24", ips: "210.22.16.11-210.22.16.17", gateway: "210.22.16.1")
      let findings = try site.findings()
      #expect(
        findings.map(\.remedy) == [
          "aws ec2 assign-private-ip-addresses --network-interface-id eni-ens6 --private-ip-addresses 210.22.16.16 "
            + "210.22.16.17"
        ], "\(findings)")
    }
  }

  @Test func traceTellsWhetherTheNICOwnsTheAddress() throws {
    try withNode { node in
      let site = try OperatorSite(node)
      let service = try site.startMetadataService()
      let healthy = try site.control("trace", "web/pod0")
      #expect(healthy.isSuccess && healthy.text.contains("eni-ens5 (ens5) owns the addresses"), "\(healthy)")
      service.describe(Site.ens5, addresses: ["172.31.16.5"])
      let broken = try site.control("trace", "web/pod0")
      #expect(broken.status == 1, "\(broken)")
      #expect(broken.text.contains("eni-ens5 (ens5) does not own 172.31.16.4"), "\(broken)")
    }
  }
}

extension OperatorSite {
  /// Asks for the NICs' pools, as the node "master".
  fileprivate func writePools(to file: String? = nil, endpoint: String? = nil) throws -> Completion {
    try control(
      ["pools", "--from-imds", "--node-name", "master"] + (file.map { ["--to", $0] } ?? [])
        + (endpoint.map { ["--imds-endpoint", $0] } ?? []))
  }

  /// The ranges of each pool, as the tool reads them.
  fileprivate func poolRanges() throws -> [String: [String]] {
    let pools = try JSONValue(parsing: control("pools", "-o", "json").output).array ?? []
    return Dictionary(
      pools.compactMap(\.object).map { pool in
        (pool["name"]?.string ?? "", pool["ranges"]?.array?.compactMap(\.string) ?? [])
      }
    ) { first, _ in first }
  }
}
