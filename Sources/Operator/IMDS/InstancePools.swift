internal import Addressing
internal import Netlink

/// SpiderIPPool documents for the addresses that this instance's NICs own.
package struct InstancePools: Sendable {
  /// The documents, as YAML.
  package private(set) var text = ""
  /// What could not be used, and why.
  package private(set) var remarks: [String] = []

  /// Writes a pool for each NIC and family that has addresses for pods.
  ///
  /// - Parameters:
  ///   - network: the name of the network of a link: `ipvlan-%` with the link's name for `%`.
  init(
    _ interfaces: [NetworkInterface], detached: [String], links: [Link], nodeName: String, network: String
  ) {
    remarks = detached.map { "interface \($0) is listed and has no data: it was detached a moment ago" }
    for interface in interfaces {
      // Slaves have their master's address.
      guard let link = links.first(where: { $0.mac == interface.mac && !$0.isIPVLAN }) else {
        remarks.append("\(interface.id) (\(interface.mac)) has no link on this node; see: ip -br link")
        continue
      }
      let network = network.split(separator: "%", omittingEmptySubsequences: false).joined(
        separator: link.name)
      if let subnet = interface.subnet {
        add(interface, link, subnet, interface.podAddresses, subnet.firstAddress.successor, nodeName, network)
      }
      let inside = { (range: IPRange) in interface.subnets6.first { $0.contains(range.lower) } }
      for subnet in interface.subnets6 {
        let ranges = interface.podAddresses6.filter { inside($0) == subnet }
        // AWS has the IPv6 gateway of every subnet there.
        add(interface, link, subnet, ranges, IPAddress("fe80:ec2::1"), nodeName, network)
      }
    }
  }

  /// For the node that the tool runs on.
  /// - Throws: ``Refusal`` when the service or the node's links do not answer.
  package init(_ endpoint: MetadataEndpoint, nodeName: String, network: String) throws(Refusal) {
    let (interfaces, detached) = try NetworkInterface.all(endpoint)
    let links: [Link]
    do throws(NetlinkError) {
      var socket = try NetlinkSocket()
      links = try socket.links()
    } catch {
      throw Refusal("the links of this node cannot be listed: \(error); try: ip -br link")
    }
    self.init(interfaces, detached: detached, links: links, nodeName: nodeName, network: network)
  }

  private mutating func add(
    _ interface: NetworkInterface, _ link: Link, _ subnet: CIDR, _ ranges: [IPRange], _ gateway: IPAddress?,
    _ nodeName: String, _ network: String
  ) {
    let version = subnet.family.rawValue
    // The first four addresses and the last are the subnet's own; a delegated prefix never has them.
    guard !ranges.isEmpty else {
      remarks.append("\(interface.id) (\(link.name)) has no IPv\(version) addresses for pods")
      return
    }
    if !text.isEmpty { text += "---\n" }
    text += """
      # \(interface.id), device \(interface.deviceNumber), \(interface.mac)
      apiVersion: spiderpool.spidernet.io/v2beta1
      kind: SpiderIPPool
      metadata:
        name: \(Self.name("\(nodeName)-v\(version)-\(link.name)"))
      spec:
        ipVersion: \(version)
        subnet: "\(subnet)"
        ips:
      \(ranges.map { "    - \"\($0)\"" }.joined(separator: "\n"))
        gateway: "\(gateway.map(\.description) ?? "")"
        default: true
        nodeName: ["\(nodeName)"]
        multusName: ["\(network)"]

      """
  }

  /// As Kubernetes takes it: lower case letters, digits, dashes and dots.
  private static func name(_ text: String) -> String {
    String(
      text.lowercased().map {
        $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == ".") ? $0 : "-"
      })
  }
}
