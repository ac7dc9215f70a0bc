/// Pods of every kind on a cloud's nodes, Services of every kind in front of them, and what each must reach.
public final class CloudCluster {
  /// Somebody who can call and be called.
  private struct Party {
    let label: String
    let namespace: Namespace
    let addresses: [CloudSite.Addresses]
    let node: String?
    let isPod: Bool
  }

  /// The attachments of the pod that has two networks, eth0 first.
  public let twoNetworks: [CloudAttachment]
  /// How many connections were tried.
  public private(set) var probes = 0

  /// After so many failures the rest is not tried: each takes a minute.
  private static let mostFailures = 8

  private var failed: [String] = []
  private let cloud: Cloud
  private let prober = Prober()
  private let parties: [Party]
  private let offered: [KubeProxy.Service]
  private let neighbour: Party

  /// Attaches the pods, starts servers everywhere, writes kube-proxy's rules.
  public init(
    _ cloud: Cloud, _ flavour: KubeProxy.Flavour, _ mode: KubeProxy.Mode = .iptables
  ) throws {
    self.cloud = cloud
    let single = try [
      CloudAttachment("m5a", on: "master", "ens5", 0), CloudAttachment("m5b", on: "master", "ens5", 1),
      CloudAttachment("m6a", on: "master", "ens6", 0), CloudAttachment("m6b", on: "master", "ens6", 1),
      CloudAttachment("w5", on: "worker1", "ens5", 0), CloudAttachment("w6", on: "worker1", "ens6", 0),
    ]
    twoNetworks = try [
      CloudAttachment("two", on: "master", "ens5", 2),
      CloudAttachment("two", ifname: "net1", on: "master", "ens6", 2),
    ]
    for attachment in single + twoNetworks { try cloud.call(.add, attachment) }
    let pods = try single.map { attachment in
      Party(
        label: attachment.pod, namespace: try cloud.pod(attachment.pod), addresses: [attachment.addresses],
        node: attachment.nic.node, isPod: true)
    }
    let two = Party(
      label: "two", namespace: try cloud.pod("two"), addresses: twoNetworks.map(\.addresses),
      node: "master", isPod: true)
    let nodes = try ["master", "worker1"].map { name in
      Party(
        label: name, namespace: try cloud.node(name),
        addresses: CloudSite.nics.filter { $0.node == name }.map(\.own), node: name, isPod: false)
    }
    neighbour = Party(
      label: "neighbour", namespace: cloud.fabric.neighbour, addresses: [CloudSite.neighbour], node: nil,
      isPod: false)
    parties = pods + [two] + nodes
    // The last two endpoints are on the nodes' own network.
    offered = (pods + nodes).enumerated().map { index, party in
      KubeProxy.Service(number: index + 1, endpoint: party.addresses[0], node: party.node ?? "")
    }
    for node in nodes {
      try KubeProxy(mode, flavour, offered).apply(to: node.namespace, named: node.label)
    }
    for party in parties + [neighbour] {
      try prober.serve(party.label, in: party.namespace, at: party.addresses.flatMap(\.both))
    }
    try prober.serve("internet", in: cloud.fabric.internet, at: CloudSite.internet.both)
  }

  /// Every pair of addresses, both transports: who is called sees the caller's own address.
  public func pairs() throws -> [String] {
    var failures: [String] = []
    for caller in parties + [neighbour] {
      for callee in parties + [neighbour] where callee.label != caller.label {
        for (source, target) in pairings(caller.addresses, callee.addresses) {
          failures += try probe(caller, source, target, 8080, server: callee.label, client: source)
        }
      }
    }
    return failures
  }

  /// Every Service from everywhere: by its cluster IP, and by both node ports of each address of each node.
  public func services() throws -> [String] {
    var failures: [String] = []
    for caller in parties + [neighbour] {
      for (service, endpoint) in zip(offered, parties.filter { $0.label != "two" }) {
        let label = endpoint.label
        if caller.label != "neighbour" {
          for (source, target) in pairings(caller.addresses, [service.clusterIP]) {
            failures += try probe(caller, source, target, 80, server: label)
          }
        }
        for nic in CloudSite.nics {
          for (source, target) in pairings(caller.addresses, [nic.own]) {
            failures += try probe(caller, source, target, service.nodePort, server: label)
            guard nic.node == service.node else { continue }
            // Policy Local keeps the address of a client that is outside.
            let client = caller.label == "neighbour" ? source : nil
            failures += try probe(
              caller, source, target, service.localNodePort, server: label, client: client)
          }
        }
      }
    }
    return failures
  }

  /// Out through the NAT gateway, and in through the load balancer.
  public func internet() throws -> [String] {
    var failures: [String] = []
    for caller in parties {
      for (source, target) in pairings(caller.addresses, [CloudSite.internet]) {
        let client = source.contains(":") ? source : "203.0.113.1"
        failures += try probe(caller, source, target, 8080, server: "internet", client: client)
      }
    }
    let client = Party(
      label: "internet", namespace: cloud.fabric.internet, addresses: [CloudSite.internet], node: nil,
      isPod: false)
    for (index, label) in ["m5a", "m6a", "w5", "w6"].enumerated() {
      let port = UInt16(9001 + index)
      probes += 1
      let answer = try prober.ask(.tcp, from: client.namespace, at: CloudSite.loadBalancer, port: port)
      if answer != Prober.Answer(server: label, client: CloudSite.internet.v4) {
        failures.append("load balancer -> \(label): \(answer?.description ?? "no answer")")
      }
    }
    return failures
  }

  /// Echo requests between all pods and nodes.
  public func pings() throws -> [String] {
    var failures: [String] = []
    for caller in parties {
      for callee in parties where callee.label != caller.label {
        for (source, target) in pairings(caller.addresses, callee.addresses) {
          let arguments = ["-n", "-q", "-c", "1", "-i", "0.2", "-w", "\(patience)", "-I", source, target]
          if try !caller.namespace.execute("ping", arguments).isSuccess {
            failures.append("ping \(caller.label) (\(source)) -> \(callee.label) (\(target))")
          }
        }
      }
    }
    return failures
  }

  /// An address of the pod with two networks, in both directions.
  public func reach(_ attachment: CloudAttachment) throws -> [String] {
    var failures: [String] = []
    guard let two = parties.first(where: { $0.label == "two" }) else { return ["there is no such pod"] }
    for other in parties + [neighbour] where other.label != "two" {
      for (source, target) in pairings([attachment.addresses], other.addresses) {
        failures += try probe(two, source, target, 8080, server: other.label, client: source)
        failures += try probe(other, target, source, 8080, server: "two", client: target)
      }
    }
    return failures
  }

  private func pairings(
    _ sources: [CloudSite.Addresses], _ targets: [CloudSite.Addresses]
  ) -> [(String, String)] {
    sources.flatMap { source in
      targets.flatMap { target in [(source.v4, target.v4), (source.v6, target.v6)] }
    }
  }

  private func probe(
    _ caller: Party, _ source: String, _ target: String, _ port: UInt16, server: String,
    client: String? = nil
  ) throws -> [String] {
    let failures = try Prober.Transport.allCases.compactMap { transport -> String? in
      probes += 1
      let answer = try prober.ask(transport, from: caller.namespace, source: source, at: target, port: port)
      if answer?.server == server, client == nil || answer?.client == client { return nil }
      return "\(transport) \(caller.label) (\(source)) -> \(target) port \(port), which is \(server)"
        + "\(client.map { " and has to see \($0)" } ?? ""): \(answer?.description ?? "no answer")"
    }
    failed += failures
    if failed.count >= Self.mostFailures {
      let drops = try cloud.fabric.drops().joined(separator: ", ")
      throw SupportError(
        "of \(probes) connections these failed, dropped by the fabric: \(drops)\n"
          + failed.joined(separator: "\n"))
    }
    return failures
  }
}
