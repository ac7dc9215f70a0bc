internal import IPAM
internal import IPVLAN
internal import JSON
internal import YAML

/// The `spec` of a SpiderMultusConfig of cniType ipvlan.
struct IPVLANNetwork: Sendable {
  /// What the document asks Spiderpool to make, and must be there already here.
  let prerequisites: [String]
  /// What the document says in vain.
  let remarks: [String]
  /// The link to attach to: a VLAN link is named after its NIC.
  private let master: String
  private let identifier: String
  private let version: String
  private let mtu: Int?
  private let pools: JSONObject
  private let hasCoordinator: Bool
  private let hasIPAM: Bool
  private let chained: [JSONValue]

  /// - Parameter network: `namespace/name` of the definition, by which pools know the network.
  /// - Parameter version: the `cniVersion` of the configuration.
  /// - Throws: ``JSONFieldError`` with the path and the value of the member that is wrong.
  init(_ spec: JSONFields, network: String, version: String) throws(JSONFieldError) {
    identifier = network
    self.version = version
    let ipvlan = try spec.required("ipvlan", spec.fields("ipvlan"))
    try ipvlan.refuseUnknownKeys(known: ["master", "bond", "vlanID", "mtu", "rdmaResourceName", "ippools"])
    let links = try MasterLink(ipvlan)
    (master, prerequisites) = (links.name, links.commands)
    mtu = try ipvlan.int("mtu", in: 0...65535).flatMap { $0 == 0 ? nil : $0 }
    pools = try Self.pools(ipvlan)
    let coordinator = try spec.fields("coordinator")
    let isEnabled = try spec.flag("enableCoordinator") ?? true
    let mode = try coordinator?.string("mode") ?? ""
    guard mode.isEmpty || Self.coordinatorModes.contains(mode) else {
      throw (coordinator ?? spec).error(
        "mode", "must be one of \(Self.coordinatorModes.joined(separator: ", "))")
    }
    hasCoordinator = mode == "disabled" ? false : isEnabled
    hasIPAM = try !(spec.flag("disableIPAM") ?? false)
    chained = try Self.chained(spec)
    remarks = links.remarks + (try Self.unused(ipvlan, coordinator))
  }

  /// The CNI configuration list that stands for it.
  /// - Throws: ``UserError`` when the plugin would not take it.
  func configurationList(name: String, mode: String) throws(UserError) -> JSONObject {
    var plugin: JSONObject = ["type": .string("ipvlan"), "master": .string(master), "mode": .string(mode)]
    plugin["mtu"] = mtu.map(JSONValue.int)
    // What the coordinator does there.
    if hasCoordinator, mode != "l2" { plugin["hostAccess"] = .bool(true) }
    if hasIPAM {
      var ipam: JSONObject = [
        "type": .string(AllocatorType.ippool.rawValue), "multusName": .string(identifier),
      ]
      if !pools.members.isEmpty { ipam["pools"] = .object(pools) }
      plugin["ipam"] = .object(ipam)
    }
    do throws(JSONFieldError) { _ = try PluginConfiguration(checking: JSONFields(plugin)) } catch {
      throw UserError("\(identifier) cannot be rendered: \(error)")
    }
    return [
      "cniVersion": .string(version), "name": .string(name), "plugins": .array([.object(plugin)] + chained),
    ]
  }

  /// Those of Spiderpool. A word that is none of them would give host access to pods that are to have none.
  private static let coordinatorModes = ["auto", "underlay", "overlay", "disabled"]

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
