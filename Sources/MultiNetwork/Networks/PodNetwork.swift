internal import Addressing
internal import CNI
internal import IPAM
package import JSON

/// A network of a pod with all that its plugins are told: what ADD plans, and what DEL and CHECK go by.
package struct PodNetwork: Sendable {
  /// `namespace/name` of the definition.
  package let name: String
  /// The interface in the pod.
  package let interface: String
  /// Whether its result is the runtime's.
  package let isDefault: Bool
  /// The configuration, with what the pod asks for.
  package let list: NetworkList
  /// Values for capabilities, of which each plugin gets those that it declares.
  package let capabilities: JSONObject
  /// Where the pod's default route leads to by this network (``NetworkSelection/defaultRoute``).
  let defaultRoute: [IPAddress]?

  /// Puts together what was chosen and what is configured.
  ///
  /// - Parameter runtime: the values that the runtime gives for capabilities; they are about the default network.
  /// - Throws: ``CNIError`` when the network has no use for what the pod asks for.
  init(
    _ network: PodNetworks.Network, _ list: NetworkList, runtime: JSONObject
  ) throws(CNIError) {
    var list = list
    let selection = network.selection
    var arguments = selection.arguments ?? [:]
    var capabilities = runtime
    if !network.isDefault {
      // Ports of the node, for example, lead to one interface.
      capabilities = [:]
      capabilities[NetworkConfiguration.annotationsKey] = runtime[NetworkConfiguration.annotationsKey]
    }
    if !selection.ips.isEmpty {
      let texts = JSONValue.array(selection.ips.map { .string("\($0)") })
      if list.declares("ips") { capabilities["ips"] = texts } else { arguments["ips"] = texts }
    }
    if let mac = selection.mac {
      if list.declares("mac") {
        capabilities["mac"] = .string("\(mac)")
      } else {
        arguments["mac"] = .string("\(mac)")
      }
    }
    for (key, value) in [("portMappings", selection.portMappings), ("bandwidth", selection.bandwidth)] {
      guard let value else { continue }
      guard list.declares(key) else {
        throw CNIError(
          code: .unsupportedField,
          message:
            "\(network.source): \(selection.name) is asked for \(key), and no plugin of it can do that",
          details: "its plugins are \(list.types.joined(separator: ", ")); one that declares the capability "
            + "\(key) must be among them")
      }
      capabilities[key] = value
    }
    do throws(JSONFieldError) {
      if !arguments.members.isEmpty { try list.add(arguments: arguments) }
    } catch {
      throw CNIError(error)
    }
    name = "\(selection.name)"
    interface = network.interface
    isDefault = network.isDefault
    self.list = list
    self.capabilities = capabilities
    defaultRoute = selection.defaultRoute
  }

  /// Reads what ``json`` writes.
  /// - Throws: ``JSONFieldError`` for a member that is missing or wrong.
  init(_ fields: JSONFields) throws(JSONFieldError) {
    name = try fields.required("name", fields.string("name"))
    interface = try fields.required("interface", fields.string("interface"))
    isDefault = try fields.bool("default") ?? false
    list = try NetworkList(recorded: fields)
    capabilities = try fields.fields("runtimeConfig")?.object ?? [:]
    defaultRoute = nil
  }

  /// As a record has it. The pod's annotations, which are long, are for ADD alone.
  var json: JSONObject {
    var capabilities = capabilities
    capabilities[NetworkConfiguration.annotationsKey] = nil
    var object: JSONObject = ["name": .string(name), "interface": .string(interface)]
    if isDefault { object["default"] = .bool(true) }
    object["configuration"] = .object(list.json)
    if !capabilities.members.isEmpty { object["runtimeConfig"] = .object(capabilities) }
    return object
  }

  /// What messages call it.
  var subject: String { "network \(name), interface \(interface)" }
}
