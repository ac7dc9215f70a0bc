internal import Platform

/// A VPC as strict as AWS: the router delivers to a NIC only what is for the NIC's own addresses, and drops and
/// counts what comes from another Ethernet or IP address than the NIC's own. Beside it are a NAT gateway that is
/// a load balancer too, a host of the VPC, and one of the Internet.
public final class CloudFabric: Sendable {
  /// The VPC's router.
  public let vpc: Namespace
  /// NAT gateway and load balancer.
  let edge: Namespace
  /// A host of the VPC.
  public let neighbour: Namespace
  /// A host of the Internet.
  public let internet: Namespace
  /// The nodes, by name, with ens5 and ens6 and the default route on ens5.
  public let nodes: [String: Namespace]

  /// Builds it. `identifier` is part of the names.
  init(_ identifier: String) throws {
    func place(_ name: String) throws -> Namespace {
      let place = try Namespace(name, .named("\(identifier)-\(name)"))
      try place.run {
        // Link-local addresses, which IPv6 gateways are reached with, can be used at once.
        try Files.write("0", to: "/proc/sys/net/ipv6/conf/default/accept_dad")
        // All of them forward: a Kubernetes node does.
        try Files.write("1", to: "/proc/sys/net/ipv4/ip_forward")
        try Files.write("1", to: "/proc/sys/net/ipv6/conf/all/forwarding")
        for link in ["all", "default"] {
          // The loose check, which systemd sets.
          try Files.write("2", to: "/proc/sys/net/ipv4/conf/\(link)/rp_filter")
          try Files.write("0", to: "/proc/sys/net/ipv4/conf/\(link)/send_redirects")
        }
      }
      return place
    }
    vpc = try place("vpc")
    edge = try place("edge")
    neighbour = try place("neighbour")
    internet = try place("internet")
    nodes = ["master": try place("master"), "worker1": try place("worker1")]
    try wireNICs(identifier)
    try wireRest(identifier)
    try vpc.execute("nft", ["-f", "-"], input: Array(Self.guardRules.utf8)).mustSucceed()
    try edge.execute("nft", ["-f", "-"], input: Array(Self.edgeRules.utf8)).mustSucceed()
  }

  /// The counters of dropped packets that are not zero: "foreign-source 3".
  public func drops() throws -> [String] {
    let text = try vpc.execute("nft", ["list", "counters"]).mustSucceed().text
    let words = text.split(whereSeparator: \.isWhitespace).map(String.init)
    return words.indices.compactMap { index in
      guard words[index] == "counter", let packets = words[index...].firstIndex(of: "packets"),
        words[packets + 1] != "0"
      else { return nil }
      return "\(words[index + 1]) \(words[packets + 1])"
    }
  }

  func destroy() {
    for place in [vpc, edge, neighbour, internet] + nodes.values { place.destroy() }
  }

  private func wireNICs(_ identifier: String) throws {
    for nic in CloudSite.nics {
      try vpc.batch(
        """
        link add \(nic.wire) mtu 9001 type veth peer name \(nic.name) mtu 9001 address \(nic.mac) \
        netns \(identifier)-\(nic.node)
        link set \(nic.wire) up
        address add \(nic.gateway.v4)/32 dev \(nic.wire)
        address add \(nic.gateway.v6)/64 dev \(nic.wire) nodad

        """
          + nic.all.flatMap(\.both).map { address in
            // The fabric knows which NIC has an address; ipvlan in l3 modes does not answer who asks.
            """
            route add \(address) dev \(nic.wire)
            neighbour add \(address) lladdr \(nic.mac) dev \(nic.wire) nud permanent

            """
          }.joined())
      // It answers for every address that is asked for, also of the same subnet.
      try vpc.setSysctl("net/ipv4/conf/\(nic.wire)/proxy_arp", "1")
      try vpc.setSysctl("net/ipv4/conf/\(nic.wire)/proxy_arp_pvlan", "1")
      guard let node = nodes[nic.node] else { continue }
      try node.batch(
        """
        link set lo up
        address add \(nic.own.v4)/\(nic.prefixLength) dev \(nic.name)
        address add \(nic.own.v6)/64 dev \(nic.name) nodad
        link set \(nic.name) up

        """)
      guard nic.name == "ens5" else { continue }
      try node.batch(
        """
        route add default via \(nic.gateway.v4) dev ens5
        route add default via \(nic.gateway.v6) dev ens5

        """)
    }
  }

  private func wireRest(_ identifier: String) throws {
    try vpc.batch(
      """
      link add edge type veth peer name vpc netns \(identifier)-edge
      link add neighbour type veth peer name eth0 netns \(identifier)-neighbour
      address add 172.31.0.1/24 dev edge
      address add 2600:1f:0::1/64 dev edge nodad
      address add 172.31.1.1/24 dev neighbour
      address add 2600:1f:1::1/64 dev neighbour nodad
      link set edge up
      link set neighbour up
      route add default via 172.31.0.10
      route add default via 2600:1f:0::10

      """)
    try edge.batch(
      """
      link add public type veth peer name eth0 netns \(identifier)-internet
      address add 172.31.0.10/24 dev vpc
      address add 2600:1f:0::10/64 dev vpc nodad
      address add 203.0.113.1/24 dev public
      address add \(CloudSite.loadBalancer)/24 dev public
      address add 2001:db8::1/64 dev public nodad
      link set vpc up
      link set public up
      route add default via 172.31.0.1
      route add default via 2600:1f:0::1

      """)
    try neighbour.batch(
      """
      address add \(CloudSite.neighbour.v4)/24 dev eth0
      address add \(CloudSite.neighbour.v6)/64 dev eth0 nodad
      link set eth0 up
      route add default via 172.31.1.1
      route add default via 2600:1f:1::1

      """)
    try internet.batch(
      """
      address add \(CloudSite.internet.v4)/24 dev eth0
      address add \(CloudSite.internet.v6)/64 dev eth0 nodad
      link set eth0 up
      route add default via 2001:db8::1

      """)
  }

  /// Source/destination check, and no delivery of what the VPC does not know.
  private static var guardRules: String {
    let checks = CloudSite.nics.map { nic in
      """
      iifname "\(nic.wire)" ether saddr != \(nic.mac) counter name foreign-mac drop
      iifname "\(nic.wire)" ip saddr != { \(nic.all.map(\.v4).joined(separator: ", ")) } counter name foreign-source drop
      iifname "\(nic.wire)" ip6 saddr != { fe80::/10, ::, \(nic.all.map(\.v6).joined(separator: ", ")) } \
      counter name foreign-source drop

      """
    }
    return """
      table inet vpc {
        counter foreign-mac {}
        counter foreign-source {}
        counter unknown-destination {}
        chain ingress {
          type filter hook prerouting priority -300
          \(checks.joined())
        }
        chain egress {
          type filter hook forward priority 0
          oifname "edge" ip daddr != 203.0.113.0/24 counter name unknown-destination drop
          oifname "edge" ip6 daddr != 2001:db8::/32 counter name unknown-destination drop
        }
      }

      """
  }

  /// Egress to the Internet is translated for IPv4; the load balancer keeps the client's address.
  private static var edgeRules: String {
    let targets = CloudSite.nics.enumerated().map { index, nic in
      "\(9001 + index) : \(nic.secondary[0].v4)"
    }
    return """
      table ip edge {
        chain balancer {
          type nat hook prerouting priority -100
          iifname "public" ip daddr \(CloudSite.loadBalancer) dnat to tcp dport map { \
      \(targets.joined(separator: ", ")) } : 8080
        }
        chain gateway {
          type nat hook postrouting priority 100
          oifname "public" ip saddr != 203.0.113.0/24 masquerade
        }
      }

      """
  }
}
