internal import Addressing
internal import CNI
package import IPAM
internal import IPVLAN
package import JSON

/// An attachment as libcni has written it down (`<cache>/results/<network>-<containerID>-<ifname>`): what the
/// runtime asked for, and what the plugin answered.
package struct CachedAttachment: Sendable {
  /// The path of the file.
  package let file: String
  /// The attachment.
  package let id: AttachmentID
  /// The path of the container's namespace.
  package let netns: String?
  /// The Kubernetes pod, `namespace/name`.
  package let pod: String?
  /// The configuration list, or the single plugin's configuration, that was used.
  package let configuration: JSONObject?
  /// What the chain of plugins answered; `nil` when it cannot be read.
  let result: CNIResult?

  /// Reads a file of the cache.
  /// - Throws: ``JSONFieldError`` for one of another shape.
  init(file: String, _ fields: JSONFields) throws(JSONFieldError) {
    self.file = file
    guard try fields.string("kind") == "cniCacheV1" else { throw fields.error("kind", "must be cniCacheV1") }
    id = AttachmentID(
      network: try fields.required("networkName", fields.string("networkName")),
      containerID: try fields.required("containerId", fields.string("containerId")),
      ifname: try fields.required("ifName", fields.string("ifName")))
    netns = try fields.string("netns").flatMap { $0.isEmpty ? nil : $0 }
    pod = Self.pod(try fields.array("cniArgs") ?? [])
    configuration = try fields.string("config").flatMap(Base64.decode)
      .flatMap { (try? JSONValue(parsing: $0))?.object }
    // A result that cannot be read does not make the attachment unknown.
    result = try fields.fields("result").flatMap { try? CNIResult($0) }
  }

  /// The addresses that the plugin answered for the interface.
  var addresses: [IPAddress] { assignments.map(\.address.address) }

  /// The next hops that the plugin answered with them.
  var gateways: [IPAddress] { assignments.compactMap(\.gateway) }

  private var assignments: [AddressAssignment] {
    result.map { $0.addresses(ofInterface: $0.position(of: id.ifname), andUnassigned: true) } ?? []
  }

  /// The plugin configurations of the chain.
  private var plugins: [JSONFields] {
    guard let configuration else { return [] }
    let fields = JSONFields(configuration, ignoringCase: true)
    return (try? fields.objects("plugins")) ?? [fields]
  }

  private var ipvlan: JSONFields? { plugins.first { $0.value("type")?.string == "ipvlan" } }

  /// Whether one of the chain's plugins is `ipvlan`.
  var usesIPVLAN: Bool { ipvlan != nil }

  /// The keys of the plugin as they were when the attachment was made; `nil` where that is not written down.
  var keys: PluginConfiguration? { ipvlan.flatMap { try? PluginConfiguration(checking: $0) } }

  /// `cniArgs` is a list of pairs.
  private static func pod(_ arguments: [JSONValue]) -> String? {
    let value = { (key: String) in
      arguments.compactMap(\.array).first { $0.first?.string == key }?.dropFirst().first?.string
    }
    guard let namespace = value("K8S_POD_NAMESPACE"), let name = value("K8S_POD_NAME") else { return nil }
    return "\(namespace)/\(name)"
  }
}
