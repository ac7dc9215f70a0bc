internal import Addressing
internal import Netlink

/// SpiderIPPool documents for the addresses that this instance's NICs own.
package struct InstancePools: Sendable {
  /// The documents, as YAML.
  package private(set) var text = ""
  /// What could not be used, and why.
  package private(set) var remarks: [String] = []

  private let nodeName: String
  /// The addresses of the node's own links, which no pod can have.
  private let taken: [InterfaceAddress]
  private let linkNames: [Int32: String]

  /// Writes a pool for each NIC and family that has addresses for pods.
  ///
  /// - Parameter network: the name of the network of a link: `ipvlan-%` with the link's name for `%`.
  init(_ instance: Instance, _ links: [Link], taken: [InterfaceAddress], nodeName: String, network: String) {
    self.nodeName = nodeName
    self.taken = taken
    linkNames = Dictionary(links.map { ($0.index, $0.name) }) { first, _ in first }
    remarks = instance.remarks
    for interface in instance.interfaces {
      // Slaves have their master's address.
      guard let link = links.first(where: { $0.mac == interface.mac && !$0.isIPVLAN }) else {
        remarks.append("\(interface.id) (\(interface.mac)) has no link on this node; see: ip -br link")
        continue
      }
      let network = network.split(separator: "%", omittingEmptySubsequences: false).joined(
        separator: link.name)
      if let subnet = interface.subnet {
        add(interface, link, subnet, interface.podAddresses, subnet.firstAddress.successor, network)
      }
      let inside = { (range: IPRange) in interface.subnets6.first { $0.contains(range.lower) } }
      for subnet in interface.subnets6 {
        let ranges = interface.podAddresses6.filter { inside($0) == subnet }
        // AWS has the IPv6 gateway of every subnet there.
        add(interface, link, subnet, ranges, IPAddress("fe80:ec2::1"), network)
      }
    }
  }

  /// For the node that the tool runs on.
  /// - Throws: ``Refusal`` when the service or the node's links do not answer.
  package init(_ endpoint: MetadataEndpoint, nodeName: String, network: String) throws(Refusal) {
    let instance = try Instance(endpoint)
    let (links, addresses): ([Link], [InterfaceAddress])
    do throws(NetlinkError) {
      var socket = try NetlinkSocket()
      links = try socket.links()
      addresses = try socket.addresses()
    } catch {
      throw Refusal("the links of this node cannot be listed: \(error); try: ip -br link")
    }
    self.init(instance, links, taken: addresses, nodeName: nodeName, network: network)
  }

  /// Replaces a file at once: a plugin that reads it meanwhile sees the old pools or the new.
  /// - Throws: ``Refusal`` when there is no pool, or the file cannot be written; then it is as it was.
  package func write(to file: String) throws(Refusal) {
    guard !text.isEmpty else { throw Refusal("\(file) stays as it is: the NICs own no addresses for pods") }
    try PublicFile.replace(file, with: text)
  }

  private mutating func add(
    _ interface: NetworkInterface, _ link: Link, _ subnet: CIDR, _ owned: [IPRange], _ gateway: IPAddress?,
    _ network: String
  ) {
    let version = subnet.family.rawValue
    let ranges = withoutTaken(AddressSet(owned))
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

  /// DHCPv6 and some distributions' tools give addresses of the NIC to the link itself.
  private mutating func withoutTaken(_ owned: AddressSet) -> [IPRange] {
    let taken = taken.filter { owned.contains($0.address.address) }
    remarks += taken.map { taken in
      "\(taken.address.address) is left out, since the node itself has it; to give it to pods: ip address delete "
        + "\(taken.address) dev \(linkNames[taken.linkIndex] ?? "?")"
    }
    return owned.subtracting(AddressSet(taken.map { IPRange($0.address.address) })).ranges
  }

  /// As Kubernetes takes it: lower case letters, digits, dashes and dots.
  private static func name(_ text: String) -> String {
    String(
      text.lowercased().map {
        $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == ".") ? $0 : "-"
      })
  }
}
