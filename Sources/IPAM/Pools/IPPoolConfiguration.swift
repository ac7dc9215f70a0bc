internal import Addressing
internal import JSON
internal import Platform

/// The keys of `"type": "ippool"`.
struct IPPoolConfiguration: Sendable {
  /// Where the pool documents lie.
  let poolDirectory: String
  /// Where the leases lie.
  let dataDirectory: String
  /// Where `ipvlan-agent` leaves what it knows of pods.
  let runDirectory: String
  /// Names or globs of pools by family, in order of preference; `nil` takes the default pools.
  let pools: [IPFamily: [String]]?
  /// The node's name, for `nodeName` lists.
  let nodeName: String
  /// The network's name, for `multusName` lists.
  let multusName: String
  /// The cooldown of a released address, in seconds.
  let cooldown: Int
  /// Routes that are added to the pools' own.
  let routes: [IPRoute]
  /// This node is the only one: what is written for several cannot be given twice.
  let isSingleNode: Bool
  /// A key that nobody reads.
  let unknownKey: JSONFieldError?

  /// Reads the keys.
  ///
  /// - Parameters:
  ///   - network: the network's name.
  ///   - environment: has NODE_NAME, perhaps.
  /// - Throws: ``JSONFieldError`` with the path and the value of the member that is wrong.
  init(_ fields: JSONFields, network: String, environment: Environment) throws(JSONFieldError) {
    poolDirectory = try fields.absolutePath("poolDir") ?? Self.defaultPoolDirectory
    dataDirectory = try fields.absolutePath("dataDir") ?? Self.defaultDataDirectory
    runDirectory = try fields.absolutePath("runDir") ?? Self.defaultRunDirectory
    pools = try Self.pools(fields)
    nodeName =
      try Self.text(fields, "nodeName")
      ?? NodeNameFile.name(of: environment, poolDirectory: poolDirectory)
    multusName = try Self.text(fields, "multusName") ?? "default/\(network)"
    cooldown = try Self.cooldown(fields) ?? Self.defaultCooldown
    var routes: [IPRoute] = []
    for entry in try fields.objects("routes") ?? [] { routes.append(try IPRoute(entry)) }
    self.routes = routes
    isSingleNode = try fields.bool("singleNode") ?? false
    unknownKey = Self.unknownKey(fields)
  }

  private static let keys = [
    "type", "inProcess", "poolDir", "dataDir", "runDir", "pools", "nodeName", "multusName", "cooldownSeconds",
    "routes", "singleNode",
  ]

  /// Names that begin with `_` or `/` are comments, for which JSON has no other place.
  private static func unknownKey(_ fields: JSONFields) -> JSONFieldError? {
    for (key, value) in fields.object.members
    where !fields.isKnown(key, keys) && !key.hasPrefix("_")
      && !key.hasPrefix("/")
    {
      return JSONFieldError(
        path: fields.path(of: key), value: value,
        problem: "is not known; the keys are: \(keys.joined(separator: ", "))")
    }
    do throws(JSONFieldError) {
      let hasFamilies = fields.value("pools")?.object != nil
      if hasFamilies { try fields.fields("pools")?.refuseUnknownKeys(known: ["ipv4", "ipv6"]) }
      return nil
    } catch {
      return error
    }
  }

  /// A mistyped `pools` would let any pool's addresses out. Only those who give addresses ask: addresses are taken
  /// back whatever the configuration says.
  func refuseUnknownKeys() throws(AllocationError) {
    if let unknownKey { throw AllocationError(.invalidConfiguration, "\(unknownKey)") }
  }

  /// Reads what is needed to take addresses back: the cooldown is as it is written, or as it is by default.
  /// - Throws: ``JSONFieldError`` when `dataDir` cannot be read.
  init(ofLeases fields: JSONFields, network: String) throws(JSONFieldError) {
    dataDirectory = try fields.absolutePath("dataDir") ?? Self.defaultDataDirectory
    cooldown = (try? Self.cooldown(fields)) ?? Self.defaultCooldown
    (poolDirectory, runDirectory) = (Self.defaultPoolDirectory, Self.defaultRunDirectory)
    (pools, nodeName, multusName, routes) = (nil, "", network, [])
    isSingleNode = false
    unknownKey = nil
  }

  private static let defaultPoolDirectory = "/etc/cni/ippool.d"
  private static let defaultDataDirectory = "/var/lib/cni/ippool"
  private static let defaultRunDirectory = "/run/ipvlan"
  private static let defaultCooldown = 30

  private static func cooldown(_ fields: JSONFields) throws(JSONFieldError) -> Int? {
    try fields.int("cooldownSeconds", in: 0...86400)
  }

  private static func text(_ fields: JSONFields, _ key: String) throws(JSONFieldError) -> String? {
    try fields.string(key).flatMap { $0.isEmpty ? nil : $0 }
  }

  /// A list for both families, or `{"ipv4": [...], "ipv6": [...]}`.
  private static func pools(_ fields: JSONFields) throws(JSONFieldError) -> [IPFamily: [String]]? {
    guard let value = fields.value("pools") else { return nil }
    guard value.object != nil else {
      let names = try fields.strings("pools") ?? []
      return names.isEmpty ? nil : [.v4: names, .v6: names]
    }
    return try byFamily(fields.required("pools", fields.fields("pools")))
  }

  /// Reads `{"ipv4": [...], "ipv6": [...]}`, as the pod's annotation is written too.
  static func byFamily(_ fields: JSONFields) throws(JSONFieldError) -> [IPFamily: [String]] {
    [.v4: try fields.strings("ipv4") ?? [], .v6: try fields.strings("ipv6") ?? []]
  }
}
