package import CNI
package import JSON

/// A network as libcni keeps it: a list of plugins that are run one after the other.
package struct NetworkList: Sendable {
  /// The `name` of the configuration.
  package let name: String
  /// The version that its plugins are told.
  package let version: SpecVersion
  /// The plugins' own parts, in their order.
  package private(set) var plugins: [JSONObject]
  /// CHECK is not for this network.
  package let isCheckDisabled: Bool
  /// GC is not for this network.
  package let isGarbageCollectionDisabled: Bool

  /// Reads a configuration: of one plugin, or a list of several.
  ///
  /// - Parameter fallback: the network's name, where the configuration has none.
  /// - Throws: ``JSONFieldError`` for a member that is missing or wrong.
  package init(_ object: JSONObject, named fallback: String) throws(JSONFieldError) {
    let fields = JSONFields(object, ignoringCase: true)
    name = try fields.string("name").flatMap { $0.isEmpty ? nil : $0 } ?? fallback
    guard Identifiers.isIdentifier(name) else {
      throw fields.error(
        "name", "must consist of letters, digits, '_', '.', '-' and start with one of the first two")
    }
    version = try Self.version(fields)
    if let members = try fields.objects("plugins") {
      guard !members.isEmpty else { throw fields.error("plugins", "must have a plugin") }
      plugins = members.map { $0.object }
      for member in members { try Self.refuseMissingType(member) }
    } else {
      plugins = [object]
      try Self.refuseMissingType(fields)
    }
    isCheckDisabled = try Self.flag(fields, "disableCheck")
    isGarbageCollectionDisabled = try Self.flag(fields, "disableGC")
  }

  /// The type of each plugin.
  package var types: [String] { plugins.map { Self.type($0) } }

  static func type(_ plugin: JSONObject) -> String {
    (try? JSONFields(plugin, ignoringCase: true).string("type")).flatMap { $0 } ?? ""
  }

  /// Gives every plugin more members of `args.cni`, in the place of those it has.
  /// - Throws: ``JSONFieldError`` when a plugin has an `args` that is none.
  mutating func add(arguments: JSONObject) throws(JSONFieldError) {
    for position in plugins.indices {
      let args = try JSONFields(plugins[position], ignoringCase: true).fields("args")
      var (all, own) = (args?.object ?? [:], try args?.fields("cni")?.object ?? [:])
      for (key, value) in arguments.members { own[key] = value }
      all["cni"] = .object(own)
      plugins[position]["args"] = .object(all)
    }
  }

  /// The list without `args`, which are about one attachment.
  var withoutArguments: NetworkList {
    var list = self
    for position in list.plugins.indices { list.plugins[position]["args"] = nil }
    return list
  }

  /// The names of the capabilities that a plugin declares.
  static func capabilities(of plugin: JSONObject) -> [String] {
    let declared = (try? JSONFields(plugin, ignoringCase: true).fields("capabilities")).flatMap { $0 }
    return (declared?.object.members ?? []).filter { $0.value == .bool(true) }.map { $0.name }
  }

  /// Whether a plugin declares a capability.
  func declares(_ capability: String) -> Bool {
    plugins.contains { Self.capabilities(of: $0).contains(capability) }
  }

  private static func refuseMissingType(_ fields: JSONFields) throws(JSONFieldError) {
    let type = try fields.required("type", fields.string("type"))
    guard !type.isEmpty else { throw fields.error("type", "is required", kind: .missing) }
  }

  /// The newest of those that the configuration offers (CNI SPEC 1.1.0, `cniVersions`); without any the oldest of all.
  private static func version(_ fields: JSONFields) throws(JSONFieldError) -> SpecVersion {
    let own = try fields.string("cniVersion").flatMap { $0.isEmpty ? nil : $0 }
    let others = try fields.strings("cniVersions") ?? []
    let offered = (own.map { [$0] } ?? []) + others
    guard !offered.isEmpty else { return .v0_1_0 }
    guard let newest = offered.compactMap({ SpecVersion(rawValue: $0) }).max() else {
      throw fields.error(own == nil ? "cniVersions" : "cniVersion", "is not supported", kind: .unsupported)
    }
    return newest
  }

  /// libcni takes a text for a flag, too.
  private static func flag(_ fields: JSONFields, _ key: String) throws(JSONFieldError) -> Bool {
    if let text = fields.value(key)?.string, text == "true" || text == "false" { return text == "true" }
    return try fields.bool(key) ?? false
  }
}

extension NetworkList {
  /// What ``json`` has written.
  /// - Throws: ``JSONFieldError`` for a member that is missing or wrong.
  init(recorded fields: JSONFields) throws(JSONFieldError) {
    try self.init(try fields.required("configuration", fields.fields("configuration")).object, named: "")
  }

  /// The list as a configuration.
  package var json: JSONObject {
    var object: JSONObject = [
      "cniVersion": .string(version.rawValue), "name": .string(name),
      "plugins": .array(plugins.map(JSONValue.object)),
    ]
    if isCheckDisabled { object["disableCheck"] = .bool(true) }
    if isGarbageCollectionDisabled { object["disableGC"] = .bool(true) }
    return object
  }
}
