internal import Netlink
internal import Platform

/// The EC2 instance that this node is, as its metadata service describes it.
package struct Instance: Sendable {
  /// The NICs, by device number.
  let interfaces: [NetworkInterface]
  /// What the service lists and knows nothing of, or not all.
  let remarks: [String]

  /// Asks the service.
  /// - Throws: ``UserError`` when it does not answer.
  init(_ endpoint: MetadataEndpoint) throws(UserError) {
    let listing = try NetworkInterface.all(endpoint)
    interfaces = listing.interfaces
    remarks =
      listing.detached.map { "interface \($0) is listed and has no data: it was detached a moment ago" }
      + listing.partial.map { "interface \($0) is described in part only, and is not looked at; try again" }
  }

  /// The NIC that a link is.
  func interface(of link: Link) -> NetworkInterface? { interfaces.first { $0.mac == link.mac } }

  /// Whether this machine says that it is an EC2 instance: by its firmware's maker, or on Xen by the hypervisor's
  /// identifier (EC2 user guide, "Identify EC2 instances").
  package static var isHere: Bool {
    contains("/sys/class/dmi/id/sys_vendor", "Amazon EC2") || contains("/sys/hypervisor/uuid", "ec2")
  }

  private static func contains(_ file: String, _ beginning: String) -> Bool {
    (try? Files.read(file, limit: 256)).map { $0.starts(with: beginning.utf8) } ?? false
  }
}
