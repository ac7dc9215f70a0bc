internal import CNI
internal import IPPool
internal import IPVLAN
internal import JSON
internal import Platform

/// Judges one document: a CNI configuration, a SpiderMultusConfig or a NetworkAttachmentDefinition.
enum DocumentCheck {
  /// What is wrong, each with the path of its key.
  static func errors(_ value: JSONValue) -> [JSONFieldError] {
    guard let object = value.object else {
      return [JSONFieldError(.wrongType, path: "document", value: value, problem: "must be an object")]
    }
    let fields = JSONFields(object)
    switch object["kind"]?.string {
    case "SpiderMultusConfig":
      return collect { () throws(JSONFieldError) in _ = try MultusConfiguration(fields) }
    case "NetworkAttachmentDefinition": return definition(fields)
    case let kind?:
      return [
        JSONFieldError(
          .unsupported, path: "kind", value: .string(kind),
          problem: "must be SpiderIPPool, SpiderReservedIP, SpiderMultusConfig or NetworkAttachmentDefinition"
        )
      ]
    case nil: return network(fields)
    }
  }

  /// The configuration in a definition is a text: its keys' lines are those of the text's first line.
  private static func definition(_ fields: JSONFields) -> [JSONFieldError] {
    let text = fields.object["spec"]?.object?["config"]?.string ?? ""
    // Without one, Multus looks for a file of that name on the node.
    guard !text.isEmpty else { return [] }
    do throws(JSONSyntaxError) {
      guard let object = try JSONValue(parsing: Array(text.utf8)).object else { return [] }
      return network(JSONFields(object, path: "spec.config"))
    } catch {
      return [JSONFieldError(path: "spec.config", value: nil, problem: "is not valid JSON: \(error)")]
    }
  }

  private static func network(_ document: JSONFields) -> [JSONFieldError] {
    var errors: [JSONFieldError] = []
    var network: Network?
    errors += collect { () throws(JSONFieldError) in
      network = try Network(document, source: "")
      if let version = try document.string("cniVersion"), SpecVersion(rawValue: version) == nil {
        throw document.error(
          "cniVersion", "must be one of \(SpecVersion.allCases.map(\.rawValue).joined(separator: ", "))")
      }
    }
    for plugin in network?.plugins ?? [] {
      errors += collect { () throws(JSONFieldError) in
        _ = try plugin.required("type", plugin.string("type"))
      }
      guard plugin.object["type"]?.string == "ipvlan" else { continue }
      errors += collect { () throws(JSONFieldError) in _ = try PluginConfiguration(checking: plugin) }
      errors += collect { () throws(JSONFieldError) in try allocator(plugin, network?.name ?? "") }
    }
    return errors
  }

  private static func allocator(_ plugin: JSONFields, _ network: String) throws(JSONFieldError) {
    guard let ipam = try plugin.fields("ipam"), !ipam.object.members.isEmpty else { return }
    switch try ipam.required("type", ipam.string("type")) {
    case "ippool": _ = try IPPoolAllocator(ipam, network: network, environment: .current())
    case "host-local": _ = try HostLocalAllocator(ipam, network: network)
    case "static": _ = try StaticAllocator(ipam)
    default: break
    }
  }

  private static func collect(_ body: () throws(JSONFieldError) -> Void) -> [JSONFieldError] {
    do throws(JSONFieldError) {
      try body()
      return []
    } catch {
      return [error]
    }
  }
}
