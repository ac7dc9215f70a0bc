public import JSON

/// One attachment as a runtime keeps it: configuration, container, and the result of ADD.
public struct PodAttachment: Sendable {
  /// The node that it is on.
  public let node: Node
  /// The pod.
  public let pod: Pod
  /// CNI_IFNAME.
  public var ifname = "eth0"
  /// The document for the plugin's stdin, without what the runtime adds.
  public var configuration: JSONObject
  /// CNI_ARGS, unless empty.
  public var arguments = ""
  /// CNI_PATH.
  public var path = "\(Plugin.directory):\(Plugin.referenceDirectory)"
  /// More variables, or others.
  public var environment: [String: String] = [:]
  /// The plugin.
  public var plugin = Plugin()
  /// The result of ADD, which the runtime passes to CHECK and DEL.
  public private(set) var result: JSONObject?

  /// An attachment that is to be made.
  public init(_ pod: Pod, on node: Node, _ configuration: JSONObject, ifname: String = "eth0") {
    self.node = node
    self.pod = pod
    self.configuration = configuration
    self.ifname = ifname
  }

  /// The environment of a call.
  public func variables(_ command: Plugin.Command) -> [String: String] {
    var variables = Program.environment
    variables["CNI_COMMAND"] = command.rawValue
    variables["CNI_CONTAINERID"] = pod.containerID
    variables["CNI_NETNS"] = pod.namespace.path
    variables["CNI_IFNAME"] = ifname
    variables["CNI_PATH"] = path
    if !arguments.isEmpty { variables["CNI_ARGS"] = arguments }
    return variables.merging(environment) { $1 }
  }

  /// The document of a call: the runtime adds the result of ADD for CHECK and DEL.
  public func document(_ command: Plugin.Command) -> JSONObject {
    var document = configuration
    if let result, command == .check || command == .delete { document["prevResult"] = .object(result) }
    return document
  }

  /// The runtime has lost the result of ADD.
  public mutating func forgetResult() { result = nil }

  /// Calls the plugin whatever comes of it; ADD's result is kept.
  @discardableResult
  public mutating func call(_ command: Plugin.Command) throws -> PluginReply {
    let input = JSONValue.object(document(command)).serialized()
    let reply = try plugin.call(variables(command), input: input, on: node)
    if command == .add, reply.isSuccess { result = reply.document }
    return reply
  }

  /// ADD that must succeed.
  @discardableResult
  public mutating func add() throws -> PluginReply { try succeed(.add) }

  /// CHECK that must succeed silently.
  public mutating func check() throws { try succeedSilently(.check) }

  /// DEL that must succeed silently.
  public mutating func delete() throws { try succeedSilently(.delete) }

  private mutating func succeed(_ command: Plugin.Command) throws -> PluginReply {
    let reply = try call(command)
    guard reply.isSuccess else { throw SupportError("\(command.rawValue) failed: \(reply)") }
    return reply
  }

  private mutating func succeedSilently(_ command: Plugin.Command) throws {
    let reply = try succeed(command)
    guard reply.completion.output.isEmpty else {
      throw SupportError("\(command.rawValue) is to be silent on success: \(reply)")
    }
  }
}
