package import JSON
package import Platform

/// One call of the plugin, checked: nothing in it has an effect yet.
package struct Request: Sendable {
  /// What is asked for.
  package let command: Command
  /// The runtime's name of the container; empty for GC and STATUS.
  package let containerID: String
  /// The path of the container's network namespace; `nil` when there is none any more.
  package let netns: String?
  /// The interface in the container; empty for GC and STATUS.
  package let ifname: String
  /// CNI_ARGS.
  package let arguments: CNIArguments
  /// The directories of CNI_PATH.
  package let path: [String]
  /// CNI_NETNS_OVERRIDE: the container's namespace may be the plugin's own.
  package let allowsOwnNamespace: Bool
  /// The document on stdin.
  package let configuration: NetworkConfiguration
  /// The environment, for delegates.
  package let environment: Environment

  /// Checks the environment of `command` and reads the configuration.
  ///
  /// - Parameter annotations: the annotations of the pod that are read.
  /// - Throws: ``CNIError`` with code 4 for the environment, 1, 6 or 7 for the configuration.
  package init(
    _ command: Command, _ environment: Environment, stdin: [UInt8], annotations: [JSONSelection.Rule] = []
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
    netns = try Self.netns(command, environment)
    allowsOwnNamespace = ["1", "true"].contains((environment["CNI_NETNS_OVERRIDE"] ?? "").lowercased())
    path = (environment["CNI_PATH"] ?? "").fields(separatedBy: UInt8(ascii: ":"))
    if !command.requiredVariables.isEmpty {
      try Self.check(command, containerID: containerID, ifname: ifname)
    }
    let text = environment["CNI_ARGS"] ?? ""
    arguments = try command.isLenient ? CNIArguments(lenient: text) : CNIArguments(text)
    configuration = try NetworkConfiguration(stdin, for: command, annotations: annotations)
  }

  /// A path that is no text could be told to nobody: results, records and messages would name another one.
  private static func netns(_ command: Command, _ environment: Environment) throws(CNIError) -> String? {
    guard let netns = environment["CNI_NETNS"], !netns.isEmpty else { return nil }
    if environment.isText("CNI_NETNS") { return netns }
    guard command.isLenient else {
      throw CNIError(
        code: .invalidEnvironment, message: "CNI_NETNS \"\(netns)\" is not UTF-8 text",
        details: "bytes that are none are shown as U+FFFD")
    }
    return nil
  }

  private static func check(
    _ command: Command, containerID: String, ifname: String
  ) throws(CNIError) {
    guard Identifiers.isIdentifier(containerID) else {
      throw CNIError(
        code: .invalidEnvironment, message: "CNI_CONTAINERID \"\(containerID)\" is not a container ID",
        details: "letters, digits, '_', '.' and '-', the first a letter or digit")
    }
    // A runtime calls DEL also after an ADD that was refused. Such a DEL finds nothing, and succeeds.
    let isName =
      command == .delete ? Identifiers.isInterfaceName(ifname) : Identifiers.isNameOfNewInterface(ifname)
    guard isName else {
      throw CNIError(
        code: .invalidEnvironment, message: "CNI_IFNAME \"\(ifname)\" is not an interface name",
        details: "1 to 15 bytes, not '.' or '..', without '/', ':', '%' and white space")
    }
  }
}
