/// Mode iptables.
extension KubeProxy {
  /// The input of iptables-restore or ip6tables-restore.
  func iptablesRules(isIPv6: Bool, node: String) -> String {
    let perService = services.flatMap { service in
      ["tcp", "udp"].map { chains(service, $0, isIPv6: isIPv6, node: node) }
    }
    return """
      *filter
      :INPUT ACCEPT
      :FORWARD ACCEPT
      :OUTPUT ACCEPT
      :KUBE-FORWARD -
      -A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
      -A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
      -A KUBE-FORWARD -m mark --mark 0x4000/0x4000 -j ACCEPT
      -A KUBE-FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
      COMMIT
      *nat
      :PREROUTING ACCEPT
      :INPUT ACCEPT
      :OUTPUT ACCEPT
      :POSTROUTING ACCEPT
      :KUBE-SERVICES -
      :KUBE-NODEPORTS -
      :KUBE-POSTROUTING -
      :KUBE-MARK-MASQ -
      -A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
      -A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
      -A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
      -A KUBE-MARK-MASQ -j MARK --or-mark 0x4000
      -A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
      -A KUBE-POSTROUTING -j MARK --xor-mark 0x4000
      -A KUBE-POSTROUTING -j MASQUERADE --random-fully
      \(perService.joined())
      -A KUBE-SERVICES -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
      COMMIT

      """
  }

  private func chains(_ service: Service, _ transport: String, isIPv6: Bool, node: String) -> String {
    let name = "\(service.number)\(transport.uppercased())"
    let endpoint = service.endpoint[isIPv6: isIPv6]
    let target = isIPv6 ? "[\(endpoint)]:8080" : "\(endpoint):8080"
    let clusterIP = service.clusterIP[isIPv6: isIPv6]
    let cluster = clusterCIDR(isIPv6: isIPv6)
    let match = "-p \(transport) -m \(transport) --dport"
    var rules = ["SVC", "SEP", "EXT", "XTL", "SVL"].map { ":KUBE-\($0)-\(name) -" }
    rules.append("-A KUBE-SERVICES -d \(clusterIP) \(match) 80 -j KUBE-SVC-\(name)")
    if flavour == .masquerading {
      rules.append("-A KUBE-SVC-\(name) ! -s \(cluster) -d \(clusterIP) \(match) 80 -j KUBE-MARK-MASQ")
    }
    rules += [
      "-A KUBE-SVC-\(name) -j KUBE-SEP-\(name)",
      // Hairpin: an endpoint that reaches itself.
      "-A KUBE-SEP-\(name) -s \(endpoint) -j KUBE-MARK-MASQ",
      "-A KUBE-SEP-\(name) -p \(transport) -m \(transport) -j DNAT --to-destination \(target)",
      "-A KUBE-NODEPORTS \(match) \(service.nodePort) -j KUBE-EXT-\(name)",
      "-A KUBE-EXT-\(name) -j KUBE-MARK-MASQ",
      "-A KUBE-EXT-\(name) -j KUBE-SVC-\(name)",
      "-A KUBE-NODEPORTS \(match) \(service.localNodePort) -j KUBE-XTL-\(name)",
    ]
    if flavour == .masquerading {
      rules.append("-A KUBE-XTL-\(name) -s \(cluster) -j KUBE-SVC-\(name)")
    }
    rules += [
      "-A KUBE-XTL-\(name) -m addrtype --src-type LOCAL -j KUBE-MARK-MASQ",
      "-A KUBE-XTL-\(name) -m addrtype --src-type LOCAL -j KUBE-SVC-\(name)",
      "-A KUBE-XTL-\(name) -j KUBE-SVL-\(name)",
    ]
    if service.node == node { rules.append("-A KUBE-SVL-\(name) -j KUBE-SEP-\(name)") }
    return rules.map { "\($0)\n" }.joined()
  }
}
