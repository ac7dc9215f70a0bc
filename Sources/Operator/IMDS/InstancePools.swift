internal import Addressing
internal import IPAM
internal import Netlink

/// SpiderIPPool documents for the addresses that this instance's NICs own.
package struct InstancePools: Sendable {
  /// The documents, as YAML.
  package var text: String { pools.map(\.text).joined(separator: "---\n") }
  /// What could not be used, and why.
  package private(set) var remarks: [String] = []

  private(set) var pools: [InstancePool] = []
  /// The links of the NICs that the service describes.
  private(set) var describedLinks: Set<String> = []
  let nodeName: String
  let links: [Link]
  private let network: String
  /// The node's own addresses, which no pod can have.
  private let node: NodeAddresses

  /// Writes a pool for each NIC and family that has addresses for pods.
  ///
  /// - Parameter network: the name of the network of a link: `ipvlan-%` with the link's name for `%`.
  private init(
    _ instance: Instance, _ links: [Link], _ node: NodeAddresses, nodeName: String, network: String
  ) {
    self.nodeName = nodeName
    self.links = links
    self.network = network
    self.node = node
    remarks = instance.remarks
    for interface in instance.interfaces {
      // Slaves and VLANs have the address of the NIC that they stand on.
      let candidates = links.filter { $0.mac == interface.mac && !$0.isIPVLAN }
      guard let link = candidates.first(where: { $0.kind == nil }) ?? candidates.first else {
        remarks.append("\(interface.id) (\(interface.mac)) has no link on this node; see: ip -br link")
        continue
      }
      describedLinks.insert(link.name)
      if let subnet = interface.subnet {
        add(interface, link, subnet, interface.podAddresses, subnet.firstAddress.successor)
      }
      let inside = { (range: IPRange) in interface.subnets6.first { $0.contains(range.lower) } }
      for subnet in interface.subnets6 {
        let ranges = interface.podAddresses6.filter { inside($0) == subnet }
        // AWS has the IPv6 gateway of every subnet there.
        add(interface, link, subnet, ranges, IPAddress("fe80:ec2::1"))
      }
    }
  }

  /// For the node that the tool runs on.
  /// - Throws: ``UserError`` when the service or the node's links do not answer.
  package init(_ endpoint: MetadataEndpoint, nodeName: String, network: String) throws(UserError) {
    let instance = try Instance(endpoint)
    let (links, node): ([Link], NodeAddresses)
    do throws(NetlinkError) {
      var socket = try NetlinkSocket()
      links = try socket.links()
      node = NodeAddresses(try socket.addresses(), links: links)
    } catch {
      throw UserError("the links of this node cannot be listed: \(error); try: ip -br link")
    }
    self.init(instance, links, node, nodeName: nodeName, network: network)
  }

  /// Replaces a file at once: a plugin that reads it meanwhile sees the old pools or the new. What pods hold, and
  /// what the service says nothing of, stays in it.
  ///
  /// - Parameter sources: where to look for what pods hold.
  /// - Throws: ``UserError`` when there is no pool, when something would be lost, or when the file cannot be written;
  ///   then it is as it was.
  package mutating func write(to file: String, _ sources: NodeSources) throws(UserError) {
    do throws(UserError) {
      guard !pools.isEmpty else {
        throw UserError("\(file) stays as it is: the NICs own no addresses for pods")
      }
      let old = try InstancePoolFile(file, pools: self)
      let kept = try old.keep(HeldAddresses.all(sources), in: &pools)
      remarks += kept.remarks
      try PublicFile.replace(file, with: ([text] + kept.documents).joined(separator: "---\n"))
    } catch {
      throw UserError(([error.description] + remarks).joined(separator: "\nnote: "))
    }
  }

  private mutating func add(
    _ interface: NetworkInterface, _ link: Link, _ subnet: CIDR, _ owned: [IPRange], _ gateway: IPAddress?
  ) {
    // The subnet's own addresses are never assigned; the first prefix of an IPv6 subnet begins with its routers'.
    let unusable = AddressSet(UnusableAddresses.all(in: subnet).map(\.range))
    let addresses = withoutTaken(AddressSet(owned).subtracting(unusable))
    guard !addresses.isEmpty else {
      remarks.append("\(interface.id) (\(link.name)) has no IPv\(subnet.family.rawValue) addresses for pods")
      return
    }
    var pool = InstancePool(
      interface, link, subnet, addresses, gateway: gateway, nodeName: nodeName, network: network)
    // ens5.1 and ens5_1 become the same name, and two IPv6 subnets have one link.
    let name = pool.name
    var number = 2
    while pools.contains(where: { $0.name == pool.name }) {
      pool.name = "\(name)-\(number)"
      number += 1
    }
    pools.append(pool)
  }

  /// DHCPv6 and some distributions' tools give addresses of the NIC to the link itself.
  private mutating func withoutTaken(_ owned: AddressSet) -> AddressSet {
    let taken = node.all.filter { owned.contains($0.address.address) }
    remarks += taken.map { taken in
      let remedy = node.removal(of: taken).map { "; to give it to pods: \($0)" } ?? ""
      return "\(taken.address.address) is left out, since the node itself has it\(remedy)"
    }
    return owned.subtracting(AddressSet(taken.map { IPRange($0.address.address) }))
  }
}
