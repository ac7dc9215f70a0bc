internal import Addressing
internal import IPAM
internal import JSON
internal import Netlink
internal import YAML

/// A SpiderIPPool for the addresses of one family that a NIC of the instance owns.
struct InstancePool {
  /// `metadata.name`.
  var name: String
  /// The name of the link.
  let link: String
  let subnet: CIDR
  /// What pods can have.
  var addresses: AddressSet
  private let comment: String
  private let gateway: IPAddress?
  private let nodeName: String
  private let network: String

  init(
    _ interface: NetworkInterface, _ link: Link, _ subnet: CIDR, _ addresses: AddressSet,
    gateway: IPAddress?, nodeName: String, network: String
  ) {
    name = Self.name(link.name, subnet.family, on: nodeName)
    self.link = link.name
    self.subnet = subnet
    self.addresses = addresses
    comment = "\(interface.id), device \(interface.deviceNumber), \(interface.mac)"
    self.gateway = gateway
    self.nodeName = nodeName
    self.network = network.split(separator: "%", omittingEmptySubsequences: false).joined(
      separator: link.name)
  }

  /// `master-v4-ens5`, as Kubernetes takes it: lower case letters, digits, dashes and dots.
  static func name(_ link: String, _ family: IPFamily, on node: String) -> String {
    let text = "\(node)-v\(family.rawValue)-\(link)".lowercased().map {
      $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == ".") ? $0 : "-"
    }
    return String(text.drop { $0 == "-" || $0 == "." })
  }

  /// The document.
  var text: String {
    """
    # \(comment)
    apiVersion: spiderpool.spidernet.io/v2beta1
    kind: SpiderIPPool
    metadata:
      name: \(YAMLText.scalar(name))
    spec:
      ipVersion: \(subnet.family.rawValue)
      subnet: "\(subnet)"
      ips:
    \(addresses.ranges.map { "    - \"\($0)\"" }.joined(separator: "\n"))
      gateway: "\(gateway.map(\.description) ?? "")"
      default: true
      nodeName: [\(Self.quoted(nodeName))]
      multusName: [\(Self.quoted(network))]

    """
  }

  private static func quoted(_ text: String) -> String {
    String(decoding: JSONValue.string(text).serialized(), as: UTF8.self)
  }
}
