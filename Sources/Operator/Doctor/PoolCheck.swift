internal import Addressing
internal import IPAM
internal import Netlink
internal import Platform

/// Pools must be readable, serve their networks, and hold addresses that the master's network routes to it.
struct PoolCheck: StateCheck {
  static func findings(_ state: NodeState) -> [Finding] {
    var findings: [Finding] = []
    var seen: Set<String> = []
    for subject in state.subjects {
      guard let allocator = subject.allocator, let survey = subject.survey else { continue }
      for finding in Self.findings(subject, allocator, survey, state)
      where seen.insert(finding.problem).inserted {
        findings.append(finding)
      }
    }
    return findings
  }

  private static func findings(
    _ subject: NodeState.Subject, _ allocator: IPPoolAllocator, _ survey: IPPoolAllocator.Survey,
    _ state: NodeState
  ) -> [Finding] {
    let name = subject.network.name
    var findings = survey.faults.map { fault in
      Finding(
        .poolFileInvalid, fault.description, consequence: fault.consequence,
        remedy: "ipvlanctl lint \(allocator.poolDirectory)")
    }
    findings += survey.unknownNames.map { unknown in
      Finding(
        .poolUnknown, "network \(name) names pool \"\(unknown)\", which is not in \(allocator.poolDirectory)",
        consequence: "no address is given from it",
        remedy: "correct \"pools\" in \(subject.network.source), and see: ipvlanctl pools")
    }
    let eligible = subject.pools
    if eligible.isEmpty {
      findings.append(
        Finding(
          .noPool, "no pool serves network \(name) on node \(allocator.nodeName)",
          consequence: "every pod on the network is refused with code 104",
          remedy: "ipvlanctl explain \(name)"))
    }
    findings += survey.undivided.map { undivided($0) }
    for family in IPFamily.allCases {
      let counts = eligible.filter { $0.pool.family == family }
      guard !counts.isEmpty, counts.allSatisfy({ $0.free == 0 && $0.cooling == 0 }) else { continue }
      findings.append(
        Finding(
          .poolUsedUp, counts.map(\.description).joined(separator: "; "),
          consequence: "the next pod on network \(name) is refused with code 104",
          remedy: "add addresses to \(words: counts.map(\.pool.source))"))
    }
    for count in eligible {
      findings += gateways(count.pool, subject)
      findings += placement(count.pool, subject.master, state)
    }
    return findings + cooldown(subject, allocator)
  }

  /// A pool that an agent has divided does not come here: agents find their pools at the API server.
  private static func undivided(_ pool: NodePool) -> Finding {
    Finding(
      .poolUndivided,
      "pool \(pool.name) at \(pool.source) is for several nodes, each of which would give out the same addresses",
      consequence: "no address is given from it: a pod that no other pool serves is refused with code 104",
      remedy:
        "write one name into spec.nodeName at \(pool.source); or run ipvlan-agent on each node (README, \"In a cluster\"), and kubectl apply the pool instead; or, where there is no other node, set \"singleNode\": true in ipam"
    )
  }

  private static func placement(_ pool: NodePool, _ master: Link?, _ state: NodeState) -> [Finding] {
    // One that a pod has already is a duplicate, and told as such.
    let given = Set(state.podLinks.flatMap(\.hosts))
    var findings = state.inventory.nodeAddresses
      .filter { pool.addresses.contains($0.address.address) && !given.contains($0.address.address) }
      .map { taken in
        let link = state.nodeAddresses.link(of: taken)
        return Finding(
          .poolAddressOnNode,
          "\(taken.address.address) of pool \(pool.name) is an address of the node, on \(link)",
          consequence: "it is given to no pod",
          remedy: state.nodeAddresses.removal(of: taken)
            ?? withdrawal(of: taken.address.address, from: pool))
      }
    guard let master else { return findings }
    let own = state.inventory.nodeAddresses
      .filter {
        $0.linkIndex == master.index && $0.address.family == pool.family && !$0.address.address.isLinkLocal
          && !$0.address.isHost
      }
    if !own.isEmpty, !own.contains(where: { $0.address.network.overlaps(pool.subnet) }) {
      let networks = own.map { "\($0.address.network)" }.joined(separator: ", ")
      findings.append(
        Finding(
          .poolOutsideSubnet,
          "pool \(pool.name) has subnet \(pool.subnet), but master \(master.name) is in \(networks)",
          consequence: "nobody sends the pods' packets to this node",
          remedy: "correct spec.subnet and spec.ips at \(pool.source), or the pool's nodeName"))
    }
    return findings
  }

  private static func gateways(_ pool: NodePool, _ subject: NodeState.Subject) -> [Finding] {
    subject.gateways.filter(pool.addresses.contains).sorted().map { gateway in
      Finding(
        .poolAddressOfGateway,
        "\(gateway) of pool \(pool.name) is the gateway of the node's default route by "
          + "\(subject.master?.name ?? "the master")",
        consequence: "it is given to no pod", remedy: withdrawal(of: gateway, from: pool))
    }
  }

  /// What helps where the node cannot do without an address.
  static func withdrawal(of address: IPAddress, from pool: NodePool) -> ShellCommand {
    "take \(address) out of spec.ips at \(pool.source), or list it in spec.excludeIPs there"
  }

  /// Only where somebody has chosen a time: the default is that of Amazon's own plugin.
  private static func cooldown(
    _ subject: NodeState.Subject, _ allocator: IPPoolAllocator
  ) -> [Finding] {
    let ipam = subject.network.ipvlan?.object["ipam"]?.object
    guard ipam?["cooldownSeconds"]?.int != nil, subject.keys.mode != .l2,
      let bytes = try? Files.read("/proc/sys/net/netfilter/nf_conntrack_tcp_timeout_syn_sent", limit: 64),
      let timeout = Int(String(decoding: bytes.filter { $0 > 0x20 }, as: UTF8.self)),
      allocator.cooldown < timeout
    else { return [] }
    return [
      Finding(
        .coolDownShort,
        "network \(subject.network.name) lets addresses rest for \(allocator.cooldown) s, connection tracking "
          + "remembers attempts for \(timeout) s",
        consequence: "a new pod can get packets of connections to the one before",
        remedy: "set \"cooldownSeconds\": \(timeout) in \(subject.network.source)")
    ]
  }
}
