import ConformanceSupport
import JSON
import Testing

/// Broken nodes, one for each finding and each kind of leftover.
extension DoctorTests {
  /// Links and addresses.
  static let kernelFaults = [
    Fault(
      "master down", ["masterUnusable"], fixed: ["masterUnusable"],
      make: { try $0.node.namespace.ip("link", "set", "ens6", "down") }),
    Fault(
      "master without carrier", ["masterWithoutCarrier"],
      make: { try $0.node.fabric.ip("link", "set", "to-ens6", "down") },
      mend: { try $0.node.fabric.ip("link", "set", "to-ens6", "up") }),
    Fault("MTU above the master's", ["mtuTooLarge"], make: { try $0.writeNetwork("ens6", ["mtu": 9500]) }),
    Fault(
      "another mode", ["modeConflict"],
      make: { site in
        try site.attachments[0].pod.namespace.ip("link", "set", "eth0", "type", "ipvlan", "mode", "l3")
      }),
    Fault(
      "a pool's address on the node", ["poolAddressOnNode"],
      make: { try $0.node.namespace.ip("address", "add", "172.31.16.7/20", "dev", "ens5") }),
    Fault(
      "a pool with the gateway", ["poolAddressOfGateway"],
      make: { site in
        try site.node.writePool(
          "ens5", subnet: "172.31.16.0/20", ips: "172.31.16.1-172.31.16.8", gateway: nil)
      },
      mend: { site in
        let remedy = try site.findings().map(\.remedy)
        #expect(remedy.allSatisfy { $0.contains("take 172.31.16.1 out of spec.ips") }, "\(remedy)")
        try site.writePool5("172.31.16.4-172.31.16.8")
      }),
    Fault(
      "an address twice", ["duplicateAddress"],
      make: { try $0.node.namespace.ip("address", "add", "172.31.16.4/32", "dev", "ens6") }),
    Fault(
      // The fence stays as it is: it would cut the first pod off, which has host access.
      "a pod's address in another pod", ["duplicateAddress", "leaseMissing"],
      make: { site in
        let other = try site.attach("other", to: "ens6")
        try other.pod.namespace.ip("address", "add", "172.31.16.4/32", "dev", "eth0")
      },
      mend: { site in
        let finding = try #require(try site.findings().first { $0.kind == "duplicateAddress" })
        // The one that the address was given to keeps it.
        #expect(finding.remedy == "kubectl --namespace web delete pod other")
        var other = try #require(site.attachments.last)
        try other.delete()
        other.pod.namespace.destroy()
      }),
    Fault(
      "a pod's address on a link of nobody", ["duplicateAddress"],
      make: { site in
        let namespace = try site.node.pod("stray").namespace
        try site.node.namespace.ip(
          "link", "add", "link", "ens6", "name", "stray", "netns",
          String(namespace.path.dropFirst("/run/netns/".count)), "type", "ipvlan", "mode", "l3s")
        try namespace.batch("link set stray up\naddr add 172.31.16.4/32 dev stray\n")
      }),
    Fault(
      "a pod's link down", ["linkDown"],
      make: { try $0.attachments[0].pod.namespace.ip("link", "set", "eth0", "down") }),
    Fault(
      "a firewall in a pod in l3s", ["podFilterBypassed"],
      make: { site in
        let rules =
          "add table ip own; add chain ip own in { type filter hook input priority 0; }; add rule ip own in drop"
        try site.attachments[0].pod.namespace.execute("nft", [rules]).mustSucceed()
      },
      mend: {
        try $0.attachments[0].pod.namespace.execute("nft", ["delete", "table", "ip", "own"]).mustSucceed()
      }),
    Fault(
      "a pod's link renamed", ["linkRenamed"],
      make: { site in
        try site.attachments[0].pod.namespace.batch(
          "link set eth0 down\nlink set eth0 name wan\nlink set wan up\n")
      }),
    Fault(
      "a pod's address lost", ["addressMissing"],
      make: { site in
        // In mode l2 the node has nothing for the pod.
        try site.writeNetwork("ens6", ["mode": "l2"])
        try site.attach("plain", to: "ens6").pod.namespace.ip("address", "flush", "dev", "eth0")
      }),
    Fault(
      "a pod without routes", ["routeMissing"],
      make: { try $0.attachments[0].pod.namespace.ip("route", "flush", "table", "main") }),
    Fault(
      "a pod's default route gone", ["routeMissing"],
      make: { try $0.attachments[0].pod.namespace.ip("route", "delete", "default") }),
    Fault(
      "a bridge has the master", ["masterUnusable"],
      make: { site in
        try site.node.namespace.batch("link add br0 type bridge\nlink set ens6 master br0\n")
      }),
    Fault(
      "a pod's macvlan link has the master", ["masterUnusable"],
      make: { site in
        let path = try site.node.pod("other").namespace.path
        try site.node.namespace.ip(
          "link", "add", "link", "ens6", "name", "net1", "netns", String(path.dropFirst("/run/netns/".count)),
          "type", "macvlan")
      }),
    Fault(
      "an address of a pool on a link of nobody", ["poolAddressTaken"],
      make: { site in
        try site.addForeignSlave("172.31.16.8/20")
        // It is no garbage, since somebody may use it; who looks for garbage is told all the same.
        let collection = try site.control("gc")
        #expect(collection.isSuccess && collection.text.contains("nothing to free"), "\(collection)")
        #expect(collection.errors.contains("link eth0 in ") && collection.errors.contains("172.31.16.8"))
      }),
    Fault(
      "an address of host-local's on a link of nobody", ["poolAddressTaken"],
      make: { site in
        try site.writeNetwork(
          "ens6",
          ipam: [
            "type": "host-local", "subnet": "172.31.32.0/20",
            "dataDir": .string("\(site.node.directory)/networks"),
          ])
        try site.addForeignSlave("172.31.32.8/20", on: "ens6")
      }),
    Fault(
      "an address of static's on a link of nobody", ["poolAddressTaken"],
      make: { site in
        try site.writeNetwork(
          "ens6", ipam: ["type": "static", "addresses": [["address": "210.22.16.20/24"]]])
        try site.addForeignSlave("210.22.16.20/24", on: "ens6")
        var pod = try site.prepare("late", to: "ens6")
        try pod.mustFail(code: 103, naming: "210.22.16.20")
      }),
    Fault(
      "a half-made link", ["halfMadeLink"], fixed: ["halfMadeLink"],
      make: { site in
        let path = site.attachments[0].pod.namespace.path
        try site.node.namespace.ip(
          "link", "add", "link", "ens5", "name", "ipv0123456789a", "netns",
          String(path.dropFirst("/run/netns/".count)), "type", "ipvlan", "mode", "l3s")
      }),
    Fault(
      "a pod's link gone", ["linkMissing"],
      make: { try $0.attachments[0].pod.namespace.ip("link", "delete", "eth0") },
      mend: { try $0.attachAnew() }),
  ]

  /// The way between the node and its pods.
  static let hostAccessFaults = [
    Fault(
      "host-side slave gone", ["hostAccessIncomplete"], fixed: ["hostAccessIncomplete"],
      make: { try $0.node.namespace.ip("link", "delete", "ih-ens5") }),
    Fault(
      "host-side slave down", ["hostAccessIncomplete"], fixed: ["hostAccessIncomplete"],
      make: { try $0.node.namespace.ip("link", "set", "ih-ens5", "down") }),
    Fault(
      "host route gone", ["hostAccessIncomplete"], fixed: ["hostAccessIncomplete"],
      make: { try $0.node.namespace.ip("route", "delete", "172.31.16.4", "dev", "ih-ens5") }),
    Fault(
      "rule gone", ["hostAccessIncomplete"], fixed: ["hostAccessIncomplete"],
      make: { try $0.node.namespace.ip("rule", "delete", "pref", "500") }),
    Fault(
      "table flushed", ["hostAccessIncomplete"], fixed: ["hostAccessIncomplete"],
      make: { try $0.node.namespace.ip("route", "flush", "table", "4101") }),
    Fault(
      "address of the master that came later", ["hostAccessIncomplete"], fixed: ["hostAccessIncomplete"],
      make: { try $0.node.namespace.ip("address", "add", "172.31.22.250/32", "dev", "ens5") }),
    Fault(
      "rule of an address that went", ["hostAccessIncomplete"], fixed: ["hostAccessIncomplete"],
      make: {
        try $0.node.namespace.ip("rule", "add", "from", "172.31.22.250", "pref", "501", "lookup", "4101")
      }),
    Fault(
      "routes of addresses that went", ["hostAccessIncomplete"], fixed: ["hostAccessIncomplete"],
      make: { site in
        for route in [["local", "172.31.22.250"], ["172.16.0.0/12"]] {
          try site.node.namespace.execute(
            "ip", ["route", "add"] + route + ["dev", "ens5", "table", "4101", "proto", "118"]
          ).mustSucceed()
        }
      }),
    Fault(
      "note of the host-side slave overwritten", ["hostAccessIncomplete"], fixed: ["hostAccessIncomplete"],
      make: { try $0.node.namespace.ip("link", "set", "ih-ens5", "alias", "uplink to fabric A") }),
    Fault(
      "name of the host-side slave taken", ["hostAccessIncomplete"],
      make: { site in
        try site.node.namespace.ip("link", "delete", "ih-ens5")
        try site.node.namespace.ip("link", "add", "ih-ens5", "type", "dummy")
      }),
    Fault(
      "filter flushed", ["hostAccessIncomplete"], fixed: ["hostAccessIncomplete"],
      make: { try $0.node.namespace.execute("nft", ["flush", "ruleset"]).mustSucceed() }),
    Fault(
      "fence flushed", ["fenceIncomplete"], fixed: ["fenceIncomplete"],
      make: { site in
        try site.attach("fenced", to: "ens6")
        try site.node.namespace.execute("nft", ["delete", "table", "inet", "ipvlan-fence"]).mustSucceed()
      }),
    Fault(
      "pod with host access behind the fence", ["hostAccessIncomplete"], fixed: ["hostAccessIncomplete"],
      make: { site in
        try site.attach("fenced", to: "ens6")
        try site.node.namespace.execute(
          "nft", ["add", "element", "inet", "ipvlan-fence", "pods4", "{ 172.31.16.4 }"]
        ).mustSucceed()
      }),
    Fault(
      "host access taken from the configuration", ["nodeAccessConflict"],
      make: { try $0.writeNetwork("ens5", ["hostAccess": false]) },
      mend: { try $0.writeNetwork("ens5", ["hostAccess": true]) }),
    Fault(
      "host access given by the configuration", ["nodeAccessConflict"],
      make: { site in
        try site.attach("fenced", to: "ens6")
        try site.writeNetwork("ens6", ["hostAccess": true])
      },
      mend: { try $0.writeNetwork("ens6") }),
    Fault(
      "no forwarding", ["hostAccessShortfall"],
      make: { try $0.node.namespace.setSysctl("net/ipv4/ip_forward", "0") }),
    Fault(
      "strict reverse path filter", ["hostAccessShortfall"],
      make: { try $0.node.namespace.setSysctl("net/ipv4/conf/ens5/rp_filter", "1") }),
    Fault(
      "stale address in the filter", ["hostRouteStale"], fixed: ["hostRouteStale"],
      make: { site in
        try site.node.namespace.execute(
          "nft", ["add", "element", "inet", "ipvlan-host", "ih-ens5-v4", "{ 172.31.16.8 }"]
        ).mustSucceed()
      }),
    Fault(
      "stale host route", ["hostRouteStale"], fixed: ["hostRouteStale"],
      make: { try $0.node.namespace.ip("route", "add", "172.31.16.8", "dev", "ih-ens5", "proto", "118") }),
  ]

  /// Leases.
  static let leaseFaults = [
    Fault(
      "a pod gone without DEL", ["leaseOrphaned", "hostRouteStale"],
      fixed: ["leaseOrphaned", "hostRouteStale"],
      make: { site in
        site.attachments[0].pod.namespace.destroy()
        try eventually { try site.findings().count == 2 }
      }),
    Fault(
      "a pod without host access gone without DEL", ["leaseOrphaned", "hostRouteStale"],
      fixed: ["leaseOrphaned", "hostRouteStale"], make: { try $0.loseNewPod(of: "ens6") }),
    Fault(
      "a pod of host-local gone without DEL", ["leaseOrphaned", "hostRouteStale"],
      fixed: ["leaseOrphaned", "hostRouteStale"],
      make: { site in
        try site.writeNetwork(
          "ens6",
          ipam: [
            "type": "host-local", "subnet": "210.22.16.0/24", "rangeStart": "210.22.16.11",
            "rangeEnd": "210.22.16.15", "dataDir": .string("\(site.node.directory)/networks"),
          ])
        try site.loseNewPod(of: "ens6")
      }),
    Fault(
      "leases lost", ["leaseMissing"],
      make: { try ScratchFiles.removeAll("\($0.node.directory)/leases") },
      mend: { try $0.attachAnew() }),
    Fault(
      "lease store open to others", ["leaseStoreUnusable"],
      make: { try Program("chmod", ["777", "\($0.node.directory)/leases"]).run().mustSucceed() },
      mend: { try Program("chmod", ["700", "\($0.node.directory)/leases"]).run().mustSucceed() }),
    Fault(
      "pool used up", ["poolUsedUp"],
      make: { site in for number in 1...4 { try site.attach("pod\(number)") } },
      mend: { site in
        try site.node.writePool(
          "ens5", subnet: "172.31.16.0/20", ips: "172.31.16.4-172.31.16.9", gateway: "172.31.16.1")
      }),
  ]

  /// Configurations and pool documents.
  static let fileFaults = [
    Fault(
      "pools of an agent that does not run", ["agentNotRunning"],
      make: { site in
        try ScratchFiles.write(
          "\(site.node.poolDirectory)/zz-kubernetes.json",
          #"{"apiVersion":"v1","kind":"List","metadata":{"time":"2026-11-28T20:00:00Z"},"items":[]}"#)
      },
      mend: { try ScratchFiles.removeAll("\($0.node.poolDirectory)/zz-kubernetes.json") }),
    Fault(
      "pool for labels that nobody brings", ["podLabelsUnknown"],
      make: { site in
        try ScratchFiles.write(
          "\(site.node.poolDirectory)/labels.yaml",
          """
          apiVersion: spiderpool.spidernet.io/v2beta1
          kind: SpiderIPPool
          metadata: {name: labels}
          spec: {subnet: 10.77.0.0/24, ips: [10.77.0.7], nodeName: [master], multusName: [other], podAffinity: {matchLabels: {app: web}}}

          """)
      },
      mend: { try ScratchFiles.removeAll("\($0.node.poolDirectory)/labels.yaml") }),
    Fault(
      "pool that several nodes would share", ["poolUndivided"],
      make: { try $0.writeSharedPool(nodeName: "") },
      mend: { try $0.writeSharedPool(nodeName: ", nodeName: [elsewhere]") }),
    Fault(
      "configuration that does not parse", ["configurationUnreadable"],
      make: { try $0.writeConfiguration("90-broken.conflist", "{\"name\": ") },
      mend: { try ScratchFiles.removeAll("\($0.configurations)/90-broken.conflist") }),
    Fault(
      "unknown mode", ["configurationInvalid"], make: { try $0.writeNetwork("ens6", ["mode": "l4"]) },
      mend: { try $0.writeNetwork("ens6") }),
    Fault(
      "missing master", ["masterUnusable"], make: { try $0.writeNetwork("ens6", ["master": "ens9"]) },
      mend: { try $0.writeNetwork("ens6") }),
    Fault(
      "pool document that is wrong", ["poolFileInvalid"],
      make: { try ScratchFiles.write("\($0.node.poolDirectory)/wrong.yaml", "kind: SpiderIPPool\n") },
      mend: { try ScratchFiles.removeAll("\($0.node.poolDirectory)/wrong.yaml") }),
    Fault(
      "unknown pool", ["poolUnknown"],
      make: { try $0.writeNetwork("ens6", ipam: ["pools": ["ens6", "nowhere"]]) },
      mend: { try $0.writeNetwork("ens6") }),
    Fault(
      "no pool for the node", ["noPool"],
      make: { try $0.writeNetwork("ens6", ipam: ["nodeName": "elsewhere"]) },
      mend: { try $0.writeNetwork("ens6") }),
    Fault(
      "pool of another subnet", ["poolOutsideSubnet"],
      make: { try $0.node.writePool("ens6", subnet: "10.9.0.0/24", ips: "10.9.0.4", gateway: "10.9.0.1") },
      mend: { site in
        try site.node.writePool(
          "ens6", subnet: "210.22.16.0/24", ips: "210.22.16.11", gateway: "210.22.16.1")
      }),
    Fault(
      "pool of another subnet, and a master with an address of 169.254", ["poolOutsideSubnet"],
      make: { site in
        try site.node.namespace.ip("address", "flush", "dev", "ens6")
        try site.node.namespace.ip("address", "add", "169.254.9.9/16", "dev", "ens6")
        try site.node.writePool("ens6", subnet: "10.9.0.0/24", ips: "10.9.0.4", gateway: "10.9.0.1")
      },
      mend: { try $0.node.namespace.ip("address", "add", "10.9.0.2/24", "dev", "ens6") }),
    Fault(
      "cool-down too short", ["coolDownShort"],
      make: { try $0.writeNetwork("ens6", ipam: ["cooldownSeconds": 5]) },
      mend: { try $0.writeNetwork("ens6", ipam: ["cooldownSeconds": 120]) }),
  ]

  /// Pools beside what the NICs own.
  static let instanceFaults = [
    Fault(
      "pool with an address of nobody", ["poolAddressNotOwned"],
      make: { site in
        try site.startMetadataService()
        try site.writePool5("172.31.16.4-172.31.16.9")
      },
      mend: { try $0.writePool5("172.31.16.4-172.31.16.8") }),
    Fault(
      "pool with an address of the other NIC", ["poolAddressNotOwned", "ownedAddressUnused"],
      make: { site in
        let service = try site.startMetadataService()
        service.describe(Site.ens5, addresses: (4...7).map { "172.31.16.\($0)" })
        service.describe(Site.ens6, addresses: Site.ens6.podAddresses + ["172.31.16.8"])
      },
      mend: { site in
        for nic in [Site.ens5, Site.ens6] { site.metadata?.describe(nic) }
      }),
    Fault(
      "a prefix of the NIC that no pool has", ["ownedAddressUnused"],
      make: { try $0.startMetadataService().describe(Site.ens6, prefixes: ["210.22.16.32/28"]) },
      mend: { site in
        try ScratchFiles.write(
          "\(site.node.poolDirectory)/reserved.yaml",
          """
          apiVersion: spiderpool.spidernet.io/v2beta1
          kind: SpiderReservedIP
          metadata: {name: load-balancer}
          spec: {ips: ["210.22.16.32-210.22.16.47"]}

          """)
      }),
  ]
}

extension OperatorSite {
  /// An ipvlan link on ens5 that no attachment owns, in a namespace of its own.
  fileprivate func addForeignSlave(_ address: String, on master: String = "ens5") throws {
    let place = try node.pod("foreign").namespace
    try node.namespace.ip(
      "link", "add", "link", master, "name", "eth0", "netns",
      String(place.path.dropFirst("/run/netns/".count)),
      "type", "ipvlan", "mode", "l3s")
    try place.batch("link set eth0 up\naddress add \(address) dev eth0\n")
  }

  /// A pod that ends without the plugin being told, as when a node loses power.
  fileprivate func loseNewPod(of nic: String) throws {
    let before = try findings().count
    try attach("lost", to: nic).pod.namespace.destroy()
    try eventually { try findings().count > before }
  }

  /// A pool of another network.
  fileprivate func writeSharedPool(nodeName: String) throws {
    try ScratchFiles.write(
      "\(node.poolDirectory)/shared.yaml",
      """
      apiVersion: spiderpool.spidernet.io/v2beta1
      kind: SpiderIPPool
      metadata: {name: shared}
      spec: {subnet: 10.78.0.0/24, ips: [10.78.0.7], multusName: [other]\(nodeName)}

      """)
  }

  fileprivate func writePool5(_ ips: String) throws {
    try node.writePool("ens5", subnet: "172.31.16.0/20", ips: ips, gateway: "172.31.16.1")
  }
}
