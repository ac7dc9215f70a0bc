internal import IPVLAN
package import JSON

/// A SpiderMultusConfig document for ipvlan, as Spiderpool's guide writes it.
package struct MultusConfiguration: Sendable {
  /// `metadata.name`.
  package let name: String
  /// `metadata.namespace`.
  package let namespace: String
  /// The link to attach to: a VLAN link is named after its NIC.
  let master: String
  /// What the document asks Spiderpool to make, and must be there already here.
  let prerequisites: [String]
  private let mtu: Int?
  private let pools: JSONObject
  private let hasCoordinator: Bool
  private let hasIPAM: Bool
  private let chained: [JSONValue]

  /// Reads a document.
  /// - Throws: ``JSONFieldError`` with the path and the value of the member that is wrong.
  package init(_ document: JSONFields) throws(JSONFieldError) {
    let metadata = try document.required("metadata", document.fields("metadata"))
    name = try metadata.required("name", metadata.string("name"))
    namespace = try metadata.string("namespace") ?? "default"
    if name.contains("${") {
      throw metadata.error(
        "name", "has a shell variable: pass the document through the shell or envsubst first")
    }
    let spec = try document.required("spec", document.fields("spec"))
    let type = try spec.required("cniType", spec.string("cniType"))
    guard type == "ipvlan" else { throw spec.error("cniType", "must be ipvlan", kind: .unsupported) }
    let ipvlan = try spec.required("ipvlan", spec.fields("ipvlan"))
    (master, prerequisites) = try Self.master(ipvlan)
    mtu = try ipvlan.int("mtu", in: 0...65535).flatMap { $0 == 0 ? nil : $0 }
    pools = try Self.pools(ipvlan)
    hasCoordinator = try spec.bool("enableCoordinator") ?? true
    hasIPAM = try !(spec.bool("disableIPAM") ?? false)
    chained = try Self.chained(spec)
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
      "cniVersion": .string("1.0.0"), "name": .string(name), "plugins": .array([.object(plugin)] + chained),
    ]
  }

  private static func master(_ ipvlan: JSONFields) throws(JSONFieldError) -> (String, [String]) {
    let masters = try ipvlan.required("master", ipvlan.strings("master"))
    guard var master = masters.first else { throw ipvlan.error("master", "must not be empty") }
    if let variable = masters.first(where: { $0.contains("${") }) {
      throw ipvlan.error(
        "master", "has the shell variable \(variable): pass the document through the shell or envsubst first")
    }
    var prerequisites: [String] = []
    if masters.count > 1 {
      let bond = try ipvlan.required("bond", ipvlan.fields("bond"))
      master = try bond.required("name", bond.string("name"))
      let mode = try bond.int("mode", in: 0...6) ?? 0
      prerequisites.append("ip link add \(master) type bond mode \(mode)")
      prerequisites += masters.map { "ip link set \($0) down && ip link set \($0) master \(master)" }
    }
    if let vlan = try ipvlan.int("vlanID", in: 0...4094), vlan > 0 {
      prerequisites.append("ip link add link \(master) name \(master).\(vlan) type vlan id \(vlan)")
      master += ".\(vlan)"
    }
    if !prerequisites.isEmpty { prerequisites.append("ip link set \(master) up") }
    return (master, prerequisites)
  }

  private static func pools(_ ipvlan: JSONFields) throws(JSONFieldError) -> JSONObject {
    var pools = JSONObject()
    guard let fields = try ipvlan.fields("ippools") else { return pools }
    for key in ["ipv4", "ipv6"] {
      if let names = try fields.strings(key), !names.isEmpty { pools[key] = .list(names) }
    }
    return pools
  }

  private static func chained(_ spec: JSONFields) throws(JSONFieldError) -> [JSONValue] {
    try spec.parsedElements("chainCNIJsonData", "the text of a JSON object") { text in
      (try? JSONValue(parsing: Array(text.utf8))).flatMap { $0.object == nil ? nil : $0 }
    } ?? []
  }
}
