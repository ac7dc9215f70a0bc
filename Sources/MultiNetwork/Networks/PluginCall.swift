internal import CNI
internal import IPVLAN
internal import JSON
internal import Platform

/// How the plugins of one network are called for one request: as libcni does it, each with its own part of the
/// configuration.
struct PluginCall {
  /// Tells the plugins that are started who has started them. The specification knows no such variable; others pass over
  /// it.
  static let mark = "IPVLAN_MULTI_ATTACHES"
  /// The type that is served in this process.
  private static let inProcess = "ipvlan"

  private let list: NetworkList
  private let capabilities: JSONObject
  private let environment: Environment
  private let path: [String]

  /// - Parameters:
  ///   - request: the runtime's own.
  ///   - network: the network of the pod.
  init(_ request: Request, _ network: PodNetwork) {
    var environment = request.environment
    environment["CNI_IFNAME"] = network.interface
    if !network.isDefault, let arguments = environment["CNI_ARGS"] {
      environment["CNI_ARGS"] = Self.withoutWishes(arguments)
    }
    var capabilities = network.capabilities
    let key = NetworkConfiguration.annotationsKey
    if capabilities[key] == nil { capabilities[key] = request.configuration.runtimeConfig?.object[key] }
    self.init(network.list, capabilities, environment, request.path)
  }

  /// For what is asked of a network and of no attachment.
  init(_ request: Request, of list: NetworkList) {
    self.init(list, [:], request.environment, request.path)
  }

  private init(
    _ list: NetworkList, _ capabilities: JSONObject, _ environment: Environment, _ path: [String]
  ) {
    self.list = list
    self.capabilities = capabilities
    var environment = environment
    environment[Self.mark] = "1"
    self.environment = environment
    self.path = path
  }

  /// The address that CNI_ARGS may ask for is the default network's.
  private static func withoutWishes(_ arguments: String) -> String {
    arguments.fields(separatedBy: UInt8(ascii: ";"))
      .filter { pair in !["IP=", "GATEWAY=", "MAC="].contains(where: pair.hasPrefix) }
      .joined(separator: ";")
  }

  /// Looks for every plugin, before anything is done.
  /// - Throws: ``CNIError`` for one that is missing, or is this plugin itself.
  func refuseUnusable() throws(CNIError) {
    for type in list.types where type != Self.inProcess {
      if type == MultiNetworkPlugin.name { throw Self.recursion(type) }
      let plugin = try DelegatePlugin(type: type, in: path)
      guard plugin.isThisExecutable else { continue }
      throw IPAMPlugin.hasName(type)
        ? CNIError(
          code: .invalidConfiguration, message: "plugin \"\(type)\" gives addresses, and attaches nothing",
          details: "name it in \"ipam\" of another plugin") : Self.recursion(type)
    }
  }

  /// Refuses a call that comes from a plugin of one of this plugin's own networks.
  /// - Throws: ``CNIError`` with code 7.
  static func refuseRecursion(_ request: Request) throws(CNIError) {
    if request.environment[mark] != nil { throw recursion(request.configuration.type) }
  }

  static func recursion(_ type: String) -> CNIError {
    CNIError(
      code: .invalidConfiguration,
      message:
        "plugin \"\(type)\" would run \(MultiNetworkPlugin.name) once more, and that once more, without end",
      details: "name a plugin there that attaches to one network")
  }

  /// Calls a plugin.
  ///
  /// - Parameters:
  ///   - previous: the result of the plugin before it, or of ADD.
  ///   - members: further members of its configuration.
  /// - Returns: the result; `nil` for commands that have none.
  func run(
    _ command: Command, _ plugin: JSONObject, previous: JSONObject? = nil, with members: JSONObject = [:]
  ) throws(CNIError) -> JSONObject? {
    let type = NetworkList.type(plugin)
    let input = JSONValue.object(configuration(plugin, type, previous, members)).serialized()
    guard type != Self.inProcess else { return try runHere(command, input) }
    return try DelegatePlugin(type: type, in: path).call(command, environment, input: input)
  }

  private func configuration(
    _ plugin: JSONObject, _ type: String, _ previous: JSONObject?, _ members: JSONObject
  ) -> JSONObject {
    var configuration = plugin
    configuration["name"] = .string(list.name)
    configuration["cniVersion"] = .string(list.version.rawValue)
    if let previous { configuration["prevResult"] = .object(previous) }
    var values = JSONObject()
    let declared = NetworkList.capabilities(of: plugin)
    let key = NetworkConfiguration.annotationsKey
    for (name, value) in capabilities.members
    // What the pod says of its pools is known here in any case.
    where declared.contains(name) || (name == key && type == Self.inProcess) {
      values[name] = value
    }
    if !values.members.isEmpty { configuration["runtimeConfig"] = .object(values) }
    for (name, value) in members.members { configuration[name] = value }
    return configuration
  }

  private func runHere(_ command: Command, _ input: [UInt8]) throws(CNIError) -> JSONObject? {
    var environment = environment
    environment["CNI_COMMAND"] = command.rawValue
    let plugin = IPVLANPlugin(start: MonotonicInstant.now())
    let request = try Request(command, environment, stdin: input, annotations: plugin.annotations)
    switch command {
    case .add: return try plugin.add(request).json(version: list.version).object
    case .delete: try plugin.delete(request)
    case .check: try plugin.check(request)
    case .gc: try plugin.collectGarbage(request)
    case .status: try plugin.status(request)
    case .version: break
    }
    return nil
  }
}
