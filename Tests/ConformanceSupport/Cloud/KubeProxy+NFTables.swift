/// Mode nftables: one table a family, whose maps lead to a chain for each Service and each endpoint.
extension KubeProxy {
  /// The input of nft.
  func nftablesRules(isIPv6: Bool, node: String) -> String {
    let (table, type) = isIPv6 ? ("ip6", "ipv6_addr") : ("ip", "ipv4_addr")
    let named = services.flatMap { service in ["tcp", "udp"].map { (service, $0) } }
    let nodeIPs = CloudSite.nics.filter { $0.node == node }.map { $0.own[isIPv6: isIPv6] }
    let clusterIPs = services.map { $0.clusterIP[isIPv6: isIPv6] }
    let serviceIPs = named.map { service, transport in
      "\(service.clusterIP[isIPv6: isIPv6]) . \(transport) . 80 : goto service-\(service.number)-\(transport)"
    }
    let nodePorts = named.flatMap { service, transport in
      [
        "\(transport) . \(service.nodePort) : goto external-\(service.number)-\(transport)",
        "\(transport) . \(service.localNodePort) : goto local-\(service.number)-\(transport)",
      ]
    }
    return """
      table \(table) kube-proxy {
        set cluster-ips { type \(type); elements = { \(clusterIPs.joined(separator: ", ")) } }
        set nodeport-ips { type \(type); elements = { \(nodeIPs.joined(separator: ", ")) } }
        map no-endpoint-services { type \(type) . inet_proto . inet_service : verdict; }
        map no-endpoint-nodeports { type inet_proto . inet_service : verdict; }
        map firewall-ips { type \(type) . inet_proto . inet_service : verdict; }
        map service-ips {
          type \(type) . inet_proto . inet_service : verdict
          elements = { \(serviceIPs.joined(separator: ", ")) }
        }
        map service-nodeports {
          type inet_proto . inet_service : verdict
          elements = { \(nodePorts.joined(separator: ", ")) }
        }
        chain filter-prerouting { type filter hook prerouting priority -110; ct state new jump firewall-check; }
        chain filter-input {
          type filter hook input priority -110
          ct state new jump nodeport-endpoints-check
          ct state new jump service-endpoints-check
        }
        chain filter-forward {
          type filter hook forward priority -110
          ct state new jump service-endpoints-check
          ct state new jump cluster-ips-check
        }
        chain filter-output {
          type filter hook output priority -110
          ct state new jump service-endpoints-check
          ct state new jump firewall-check
        }
        chain filter-output-post-dnat { type filter hook output priority -90; ct state new jump cluster-ips-check; }
        chain nat-prerouting { type nat hook prerouting priority -100; jump services; }
        chain nat-output { type nat hook output priority -100; jump services; }
        chain nat-postrouting { type nat hook postrouting priority 100; jump masquerading; }
        chain nodeport-endpoints-check {
          \(table) daddr @nodeport-ips meta l4proto . th dport vmap @no-endpoint-nodeports
        }
        chain service-endpoints-check { \(table) daddr . meta l4proto . th dport vmap @no-endpoint-services; }
        chain firewall-check { \(table) daddr . meta l4proto . th dport vmap @firewall-ips; }
        chain cluster-ips-check {
          \(table) daddr @cluster-ips reject
          \(table) daddr \(isIPv6 ? "fd00:96::/108" : "10.96.0.0/12") drop
        }
        chain services {
          \(table) daddr . meta l4proto . th dport vmap @service-ips
          \(table) daddr @nodeport-ips meta l4proto . th dport vmap @service-nodeports
        }
        chain masquerading {
          mark and 0x4000 == 0 return
          mark set mark xor 0x4000
          masquerade fully-random
        }
        chain mark-for-masquerade { mark set mark or 0x4000; }
      \(named.map { chains($0, $1, table, isIPv6: isIPv6, node: node) }.joined())
      }

      """
  }

  private func chains(
    _ service: Service, _ transport: String, _ table: String, isIPv6: Bool, node: String
  ) -> String {
    let name = "\(service.number)-\(transport)"
    let endpoint = service.endpoint[isIPv6: isIPv6]
    let target = isIPv6 ? "[\(endpoint)]:8080" : "\(endpoint):8080"
    let cluster = clusterCIDR(isIPv6: isIPv6)
    let toEndpoint = "numgen random mod 1 vmap { 0 : goto endpoint-\(name) }"
    let masquerading = flavour == .masquerading
    let clusterIP = service.clusterIP[isIPv6: isIPv6]
    let service = [
      masquerading
        ? "\(table) daddr \(clusterIP) \(transport) dport 80 \(table) saddr != \(cluster) jump mark-for-masquerade"
        : "",
      toEndpoint,
    ]
    // Policy Local.
    let local = [
      masquerading ? "\(table) saddr \(cluster) goto service-\(name)" : "",
      "fib saddr type local jump mark-for-masquerade", "fib saddr type local goto service-\(name)",
      self.services.contains { $0.endpoint[isIPv6: isIPv6] == endpoint && $0.node == node } ? toEndpoint : "",
    ]
    return chain("service-\(name)", service)
      + chain("external-\(name)", ["jump mark-for-masquerade", "goto service-\(name)"])
      + chain("local-\(name)", local)
      + chain(
        "endpoint-\(name)",
        // Hairpin: an endpoint that reaches itself.
        [
          "\(table) saddr \(endpoint) jump mark-for-masquerade",
          "meta l4proto \(transport) dnat to \(target)",
        ])
  }

  private func chain(_ name: String, _ rules: [String]) -> String {
    "chain \(name) {\n\(rules.filter { !$0.isEmpty }.joined(separator: "\n"))\n}\n"
  }
}
