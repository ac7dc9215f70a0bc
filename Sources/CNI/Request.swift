public import Platform

/// One call of the plugin, checked: nothing in it has an effect yet.
public struct Request: Sendable {
  /// What is asked for.
  public let command: Command
  /// The runtime's name of the container; empty for GC and STATUS.
  public let containerID: String
  /// The path of the container's network namespace; `nil` when there is none any more.
  public let netns: String?
  /// The interface in the container; empty for GC and STATUS.
  public let ifname: String
  /// CNI_ARGS.
  public let arguments: CNIArguments
  /// The directories of CNI_PATH.
  public let path: [String]
  /// CNI_NETNS_OVERRIDE: the container's namespace may be the plugin's own.
  public let allowsOwnNamespace: Bool
  /// The document on stdin.
  public let configuration: NetworkConfiguration
  /// The environment, for delegates.
  public let environment: Environment

  /// Checks the environment of `command` and reads the configuration.
  ///
  /// - Parameter annotations: the annotations of the pod that are read.
  /// - Throws: ``CNIError`` with code 4 for the environment, 1, 6 or 7 for the configuration.
  public init(
    _ command: Command, _ environment: Environment, stdin: [UInt8], annotations: [String] = []
  ) throws(CNIError) {
    let missing = command.requiredVariables.filter { environment[$0]?.isEmpty ?? true }
    guard missing.isEmpty else {
      throw CNIError(
        code: .invalidEnvironment,
        message: "required env variables [\(missing.joined(separator: ","))] missing",
        details: "CNI_COMMAND is \(command.rawValue)")
    }
    self.command = command
    self.environment = environment
    containerID = environment["CNI_CONTAINERID"] ?? ""
    ifname = environment["CNI_IFNAME"] ?? ""
    netns = environment["CNI_NETNS"].flatMap { $0.isEmpty ? nil : $0 }
    allowsOwnNamespace = ["1", "true"].contains(environment["CNI_NETNS_OVERRIDE"] ?? "")
    path = (environment["CNI_PATH"] ?? "").split(separator: ":").map(String.init)
    if !command.requiredVariables.isEmpty { try Self.check(containerID: containerID, ifname: ifname) }
    arguments = try CNIArguments(environment["CNI_ARGS"] ?? "")
    configuration = try NetworkConfiguration(stdin, for: command, annotations: annotations)
  }

  private static func check(containerID: String, ifname: String) throws(CNIError) {
    guard Identifiers.isIdentifier(containerID) else {
      throw CNIError(
        code: .invalidEnvironment, message: "CNI_CONTAINERID \"\(containerID)\" is not a container ID",
        details: "letters, digits, '_', '.' and '-', the first a letter or digit")
    }
    guard Identifiers.isInterfaceName(ifname) else {
      throw CNIError(
        code: .invalidEnvironment, message: "CNI_IFNAME \"\(ifname)\" is not an interface name",
        details: "1 to 15 bytes, not '.' or '..', without '/', ':' and white space")
    }
  }
}
