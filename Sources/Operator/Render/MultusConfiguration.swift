internal import CNI
internal import IPVLAN
package import JSON
package import YAML

/// A SpiderMultusConfig document for ipvlan, as Spiderpool's guide writes it.
package struct MultusConfiguration: Sendable {
  /// The name of the NetworkAttachmentDefinition: `metadata.name`, unless an annotation gives another.
  package let name: String
  /// `metadata.namespace`.
  package let namespace: String
  /// The network's name in its configuration.
  let network: String
  /// The link to attach to: a VLAN link is named after its NIC.
  let master: String
  /// What the document asks Spiderpool to make, and must be there already here.
  let prerequisites: [String]
  /// What the document says in vain.
  let remarks: [String]
  private let version: String
  private let mtu: Int?
  private let pools: JSONObject
  private let hasCoordinator: Bool
  private let hasIPAM: Bool
  private let chained: [JSONValue]

  private static let keys = [
    "cniType", "ipvlan", "enableCoordinator", "coordinator", "disableIPAM", "customCNI", "chainCNIJsonData",
  ]

  /// Reads a document. A key that is not known is refused on every level: without the pools that were meant, pods
  /// get addresses of any.
  /// - Throws: ``JSONFieldError`` with the path and the value of the member that is wrong.
  package init(_ object: KubernetesObject) throws(JSONFieldError) {
    try object.requireGroup("spiderpool.spidernet.io", version: "v2beta1")
    try object.refuseUnknownKeys()
    (name, network) = try Self.names(object)
    namespace = try object.namespace()
    version = try Self.version(object)
    let spec = try object.fields.required("spec", object.fields.fields("spec"))
    let type = try spec.required("cniType", spec.string("cniType"))
    guard type == "ipvlan" else { throw spec.error("cniType", "must be ipvlan", kind: .unsupported) }
    try spec.refuseUnknownKeys(known: Self.keys)
    if let custom = try spec.string("customCNI"), !custom.isEmpty {
      throw spec.error("customCNI", "is for cniType custom", kind: .unsupported)
    }
    let ipvlan = try spec.required("ipvlan", spec.fields("ipvlan"))
    try ipvlan.refuseUnknownKeys(known: ["master", "bond", "vlanID", "mtu", "rdmaResourceName", "ippools"])
    let links = try MasterLink(ipvlan)
    (master, prerequisites) = (links.name, links.commands)
    mtu = try ipvlan.int("mtu", in: 0...65535).flatMap { $0 == 0 ? nil : $0 }
    pools = try Self.pools(ipvlan)
    let coordinator = try spec.fields("coordinator")
    let isEnabled = try spec.flag("enableCoordinator") ?? true
    hasCoordinator = try coordinator?.string("mode") == "disabled" ? false : isEnabled
    hasIPAM = try !(spec.flag("disableIPAM") ?? false)
    chained = try Self.chained(spec)
    remarks = links.remarks + (try Self.unused(ipvlan, coordinator))
  }

  /// The CNI configuration list that stands for it.
  ///
  /// - Parameter mode: the document has none, and Spiderpool always takes l2; access from the node needs another.
  package func configurationList(mode: String) throws(Refusal) -> JSONObject {
    var plugin: JSONObject = ["type": .string("ipvlan"), "master": .string(master), "mode": .string(mode)]
    plugin["mtu"] = mtu.map(JSONValue.int)
    // What the coordinator does there.
    if hasCoordinator, mode != "l2" { plugin["hostAccess"] = .bool(true) }
    if hasIPAM {
      var ipam: JSONObject = ["type": .string("ippool"), "multusName": .string("\(namespace)/\(name)")]
      if !pools.members.isEmpty { ipam["pools"] = .object(pools) }
      plugin["ipam"] = .object(ipam)
    }
    do throws(JSONFieldError) { _ = try PluginConfiguration(checking: JSONFields(plugin)) } catch {
      throw Refusal("\(namespace)/\(name) cannot be rendered: \(error)")
    }
    return [
      "cniVersion": .string(version), "name": .string(network),
      "plugins": .array([.object(plugin)] + chained),
    ]
  }

  /// The names of the definition and of the network.
  private static func names(_ object: KubernetesObject) throws(JSONFieldError) -> (String, String) {
    let own = try object.name()
    var names = [own, own]
    for (index, key) in ["multus.spidernet.io/cr-name", "cni.spidernet.io/cniconfig-name"].enumerated() {
      guard let name = try object.annotation(key), !name.isEmpty else { continue }
      guard KubernetesObject.isName(name) else {
        throw annotationError(object, key, "must consist of lower case letters, digits, '-' and '.'")
      }
      names[index] = name
      // The configuration is named as the definition, unless it has a name of its own.
      if index == 0 { names[1] = name }
    }
    return (names[0], names[1])
  }

  private static func version(_ object: KubernetesObject) throws(JSONFieldError) -> String {
    let key = "multus.spidernet.io/cni-version"
    guard let version = try object.annotation(key), !version.isEmpty else { return "1.0.0" }
    guard SpecVersion(rawValue: version) != nil else {
      let known = SpecVersion.allCases.map(\.rawValue).joined(separator: ", ")
      throw annotationError(object, key, "must be one of \(known)")
    }
    return version
  }

  private static func annotationError(
    _ object: KubernetesObject, _ key: String, _ problem: String
  ) -> JSONFieldError {
    JSONFieldError(
      path: "\(object.fields.path(of: "metadata.annotations")).\(key)",
      value: (try? object.annotation(key)).map(JSONValue.string), problem: problem)
  }

  private static func pools(_ ipvlan: JSONFields) throws(JSONFieldError) -> JSONObject {
    var pools = JSONObject()
    guard let fields = try ipvlan.fields("ippools") else { return pools }
    try fields.refuseUnknownKeys(known: ["ipv4", "ipv6", "matchMasterSubnet"])
    if try fields.flag("matchMasterSubnet") ?? false {
      throw fields.error("matchMasterSubnet", "is not supported: name the pools", kind: .unsupported)
    }
    for key in ["ipv4", "ipv6"] {
      if let names = try fields.strings(key), !names.isEmpty { pools[key] = .list(names) }
    }
    return pools
  }

  private static func chained(_ spec: JSONFields) throws(JSONFieldError) -> [JSONValue] {
    try spec.parsedElements("chainCNIJsonData", "the text of a JSON object that has a type") { text in
      (try? JSONValue(parsing: Array(text.utf8))).flatMap { $0.object?["type"]?.string == nil ? nil : $0 }
    } ?? []
  }

  private static func unused(
    _ ipvlan: JSONFields, _ coordinator: JSONFields?
  ) throws(JSONFieldError) -> [String] {
    var unused: [String] = []
    if let name = try ipvlan.string("rdmaResourceName"), !name.isEmpty { unused.append("rdmaResourceName") }
    for key in ["hijackCIDR", "policyRoutes"] where coordinator?.value(key)?.array?.isEmpty == false {
      unused.append("coordinator.\(key)")
    }
    return unused.map { "\($0) says nothing here, and is left out" }
  }
}
