internal import CNI
internal import IPAM
internal import IPVLAN
internal import JSON
internal import Platform
internal import YAML

/// Judges one object: a CNI configuration, a SpiderMultusConfig or a NetworkAttachmentDefinition.
enum DocumentCheck {
  /// What must not be there twice: of two the reader takes one, and does not say which.
  struct Identity: Hashable, CustomStringConvertible {
    let kind: String?
    let namespace: String
    let name: String
    /// The key that has the name.
    var path: String

    var description: String { kind.map { "\($0) \(namespace)/\(name)" } ?? "network \(name)" }

    static func == (left: Identity, right: Identity) -> Bool {
      (left.kind, left.namespace, left.name) == (right.kind, right.namespace, right.name)
    }

    func hash(into hasher: inout Hasher) {
      hasher.combine(kind)
      hasher.combine(namespace)
      hasher.combine(name)
    }
  }

  /// What an object is called; `nil` when that is told as an error.
  static func identity(_ object: KubernetesObject) -> Identity? {
    let fields = object.fields
    guard let kind = object.kind else {
      return (try? fields.string("name")).map {
        Identity(kind: nil, namespace: "", name: $0, path: fields.path(of: "name"))
      }
    }
    guard kinds.contains(kind), let name = try? object.name(), let namespace = try? object.namespace() else {
      return nil
    }
    return Identity(
      kind: kind, namespace: namespace, name: name, path: fields.path(of: "metadata.name"))
  }

  private static let kinds = ["SpiderMultusConfig", "NetworkAttachmentDefinition"]

  /// What is wrong, each with the path of its key.
  static func errors(_ object: KubernetesObject) -> [JSONFieldError] {
    switch object.kind {
    case "SpiderMultusConfig":
      return collect { () throws(JSONFieldError) in _ = try MultusConfiguration(object) }
    case "NetworkAttachmentDefinition": return definition(object)
    case .some:
      let known = "SpiderIPPool, SpiderReservedIP, SpiderMultusConfig or NetworkAttachmentDefinition"
      return [object.fields.error("kind", "must be \(known)", kind: .unsupported)]
    case nil: return network(JSONFields(object.fields.object, path: object.fields.path, ignoringCase: true))
    }
  }

  /// Where a CNI configuration takes addresses from pools; `nil` for any other object.
  static func poolAllocator(_ object: KubernetesObject) -> IPPoolAllocator? {
    guard object.kind == nil else { return nil }
    let fields = JSONFields(object.fields.object, path: object.fields.path, ignoringCase: true)
    return (try? Network(fields, source: ""))?.poolAllocator
  }

  /// The configuration in a definition is a text: its keys' lines are those of the text's first line.
  private static func definition(_ object: KubernetesObject) -> [JSONFieldError] {
    var text: String?
    let errors = collect { () throws(JSONFieldError) in
      try object.requireGroup("k8s.cni.cncf.io", version: "v1")
      try object.refuseUnknownKeys()
      _ = try (object.name(), object.namespace())
      let spec = try object.fields.fields("spec")
      try spec?.refuseUnknownKeys(known: ["config"])
      text = try spec?.string("config")
    }
    // Without one, Multus looks for a file of that name on the node.
    guard errors.isEmpty, let text, !text.isEmpty else { return errors }
    let path = object.fields.path(of: "spec.config")
    do throws(JSONSyntaxError) {
      let value = try JSONValue(parsing: Array(text.utf8))
      guard var configuration = value.object else {
        return [JSONFieldError(.wrongType, path: path, value: value, problem: "must be a JSON object")]
      }
      // Multus writes the definition's name where the configuration has none.
      if (configuration["name"]?.string ?? "").isEmpty {
        configuration["name"] = (try? object.name()).map(JSONValue.string)
      }
      return network(JSONFields(configuration, path: path, ignoringCase: true))
    } catch {
      return [JSONFieldError(path: path, value: nil, problem: "is not valid JSON: \(error)")]
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
      let isOurs = plugin.value("type")?.string == "ipvlan"
      if isOurs {
        errors += collect { () throws(JSONFieldError) in _ = try PluginConfiguration(checking: plugin) }
        errors += KeySpelling.errors(plugin)
      }
      let ipam = (try? plugin.fields("ipam")) ?? nil
      if isOurs || ipam?.value("type")?.string == AllocatorType.ippool.rawValue {
        errors += addresses(plugin, network?.name ?? "")
      }
    }
    return errors
  }

  /// What is wrong with `ipam`.
  static func addresses(_ plugin: JSONFields, _ network: String) -> [JSONFieldError] {
    collect { () throws(JSONFieldError) in
      guard let ipam = try plugin.fields("ipam"), !ipam.object.members.isEmpty else { return }
      switch AllocatorType(rawValue: try ipam.required("type", ipam.string("type"))) {
      case .ippool:
        let allocator = try IPPoolAllocator(ipam, network: network, environment: .current())
        if let error = allocator.unknownKey { throw error }
      case .hostLocal: _ = try HostLocalAllocator(ipam, network: network)
      case .static: _ = try StaticAllocator(ipam)
      case nil: break
      }
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
