package import Addressing
package import IPAM
package import JSON
internal import YAML

/// A network that a pod is to be attached to, and what is asked of it: an element of the annotation
/// `k8s.v1.cni.cncf.io/networks` (Network Custom Resource Definition De-facto Standard, section 4.1.2).
package struct NetworkSelection: Sendable, Hashable {
  /// The NetworkAttachmentDefinition.
  package let name: NetworkName
  /// The name of the interface in the pod; `nil` takes `net1`, `net2`, by the network's place in the list.
  package var interface: String?
  /// The addresses that are asked for.
  package var ips: [RequestedAddress] = []
  /// The MAC address that is asked for.
  package var mac: MACAddress?
  /// The pod's default route leads to these gateways, by this network. Empty: to the network's own.
  package var defaultRoute: [IPAddress]?
  /// What `args.cni` of the network's configuration gets.
  package var arguments: JSONObject?
  /// Values for the capabilities of that name, as they are written.
  package var portMappings: JSONValue?
  /// As `portMappings`.
  package var bandwidth: JSONValue?

  /// A network of which nothing is asked.
  package init(_ name: NetworkName, interface: String? = nil) {
    self.name = name
    self.interface = interface
  }
}

extension NetworkSelection {
  private static let keys = [
    "name", "namespace", "interface", "ips", "mac", "default-route", "cni-args", "portMappings", "bandwidth",
  ]

  /// What other meta plugins honour and this one does not, each with the reason.
  private static let refused = [
    (key: "infiniband-guid", reason: "is not supported: no network here is InfiniBand's"),
    (
      key: "deviceID",
      reason: "is not supported: devices that the kubelet has given to the pod are not handed on to networks"
    ),
    (
      key: "ipam-claim-reference",
      reason: "is not supported: addresses come from the network's own IPAM, and no claim is looked up"
    ),
  ]

  /// Reads an element of a JSON list.
  ///
  /// - Parameter namespace: where a network lies that names no namespace.
  /// - Throws: ``JSONFieldError`` with the path and the value of the member that is wrong.
  init(_ fields: JSONFields, in namespace: String) throws(JSONFieldError) {
    for (key, reason) in Self.refused where fields.value(key) != nil {
      throw fields.error(key, reason, kind: .unsupported)
    }
    try fields.refuseUnknownKeys(known: Self.keys)
    let own = try fields.string("namespace").flatMap { $0.isEmpty ? nil : $0 }
    let text = try fields.required("name", fields.string("name"))
    guard let name = NetworkName(namespace: own ?? namespace, name: text) else {
      throw fields.error(
        own.map(ObjectName.isLabel) ?? true ? "name" : "namespace",
        "must consist of lower-case letters, digits and '-' (a name also of '.'), and start and end with one of the first two"
      )
    }
    self.init(name)
    interface = try fields.string("interface").flatMap { $0.isEmpty ? nil : $0 }
    ips =
      try fields.parsedElements(
        "ips", "an IP address, with or without prefix length", RequestedAddress.init) ?? []
    mac = try fields.parsed("mac", "a MAC address such as 02:42:ac:11:00:02", MACAddress.init)
    defaultRoute = try fields.parsedElements("default-route", "an IP address", IPAddress.init)
    for family in IPFamily.allCases where (defaultRoute ?? []).count(where: { $0.family == family }) > 1 {
      throw fields.error("default-route", "must have one address of a family: a pod has one default route")
    }
    arguments = try fields.fields("cni-args")?.object
    portMappings = try fields.array("portMappings").map(JSONValue.array)
    bandwidth = try fields.fields("bandwidth").map { .object($0.object) }
  }
}
