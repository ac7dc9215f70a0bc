internal import JSON
package import Platform

/// The life of a plugin's process: environment and stdin in, one document on stdout and a status out.
package struct PluginMain: Sendable {
  /// What the process says and returns.
  package struct Reply: Sendable, Hashable {
    /// The exit status.
    package var status: Int32
    /// The document for stdout; empty for commands that are silent on success.
    package var output: [UInt8] = []
    /// Text for people, on stderr.
    package var remarks = ""
  }

  /// A configuration larger than this is no configuration.
  ///
  /// A pod's annotations have up to 256 KiB, and six bytes stand for some characters; GC's list has every attachment of
  /// the node.
  package static let maximumInput = 16 << 20

  /// What the plugin is, for people who call it by hand.
  private let about: String

  /// A plugin that introduces itself as `about`.
  package init(about: String) { self.about = about }

  /// Serves one call and hands the answer over. An ADD whose result cannot be handed over has failed: it is taken
  /// back.
  ///
  /// - Parameter input: where the configuration comes from.
  /// - Returns: the exit status.
  package func serve(
    _ environment: Environment, verbs: some PluginCommands, input: some InputSource, output: some OutputSink
  ) -> Int32 {
    var attached: Request?
    let reply = reply(to: environment, verbs: verbs, input: input, attached: &attached)
    if !reply.remarks.isEmpty { output.remark(reply.remarks) }
    guard !reply.output.isEmpty else { return reply.status }
    do throws(Errno) {
      try output.write(reply.output)
      return reply.status
    } catch {
      let end = attached.map { takeBack($0, verbs) } ?? ""
      let command = environment["CNI_COMMAND"] ?? ""
      output.remark("the answer to \(command) cannot be written to stdout: \(error)\(end)\n")
      return max(reply.status, 1)
    }
  }

  private func takeBack(_ request: Request, _ verbs: some PluginCommands) -> String {
    let subject = "interface \(request.ifname) of container \(request.containerID)"
    do throws(CNIError) {
      try verbs.delete(Request(.delete, request.environment, stdin: request.configuration.bytes))
      return "; \(subject) was taken back"
    } catch {
      return "; \(subject) could not be taken back: \(error.message) (\(error.details)); DEL removes it"
    }
  }

  /// Serves one call.
  ///
  /// - Parameter input: where the configuration comes from.
  package func reply(
    to environment: Environment, verbs: some PluginCommands, input: some InputSource
  ) -> Reply {
    var attached: Request?
    return reply(to: environment, verbs: verbs, input: input, attached: &attached)
  }

  /// - Parameter attached: the request of an ADD that succeeded.
  private func reply(
    to environment: Environment, verbs: some PluginCommands, input source: some InputSource,
    attached: inout Request?
  ) -> Reply {
    guard let name = environment["CNI_COMMAND"], !name.isEmpty else {
      return Reply(status: 0, remarks: "\(about)\nCNI protocol versions supported: \(versions)\n")
    }
    var input: [UInt8] = []
    do throws(CNIError) {
      guard let command = Command(rawValue: name) else { throw unknown(name) }
      if command == .version {
        return Reply(status: 0, output: document(versionInformation(for: source.readAvailable())))
      }
      input = try readInput(source)
      let request = try Request(command, environment, stdin: input, annotations: verbs.annotations)
      let output = try serve(request, verbs)
      if request.command == .add { attached = request }
      return Reply(status: 0, output: output)
    } catch {
      return Reply(status: 1, output: document(error.json(version: Self.versionForErrors(input))))
    }
  }

  private func serve(_ request: Request, _ verbs: some PluginCommands) throws(CNIError) -> [UInt8] {
    switch request.command {
    case .add: return document(try verbs.add(request).json(version: request.configuration.cniVersion))
    case .delete: try verbs.delete(request)
    case .check: try verbs.check(request)
    case .gc: try verbs.collectGarbage(request)
    case .status: try verbs.status(request)
    case .version: break
    }
    return []
  }

  private var versions: String { SpecVersion.allCases.map { $0.rawValue }.joined(separator: ", ") }

  private func readInput(_ source: some InputSource) throws(CNIError) -> [UInt8] {
    do throws(Errno) {
      return try source.readAll(limit: Self.maximumInput)
    } catch  where error == .fileTooLarge {
      throw CNIError(
        code: .decodingFailure,
        message: "the network configuration on stdin is larger than \(Self.maximumInput >> 20) MiB")
    } catch {
      throw CNIError(
        code: .ioFailure, message: "cannot read the network configuration from stdin", details: "\(error)")
    }
  }

  /// The answer echoes the version of the input (CNI SPEC 1.1.0, "VERSION").
  private func versionInformation(for input: [UInt8]) -> JSONValue {
    .object([
      "cniVersion": .string(Self.versionForErrors(input).rawValue),
      "supportedVersions": .array(SpecVersion.allCases.map { .string($0.rawValue) }),
    ])
  }

  private func unknown(_ command: String) -> CNIError {
    CNIError(
      code: .invalidEnvironment, message: "CNI_COMMAND \"\(command)\" is not known",
      details: "known are \(Command.allCases.map { $0.rawValue }.joined(separator: ", "))")
  }

  private func document(_ value: JSONValue) -> [UInt8] { value.serialized() + [0x0A] }

  /// The version of the configuration if it can be told, else the latest.
  private static func versionForErrors(_ input: [UInt8]) -> SpecVersion {
    let document = try? JSONValue(parsing: input, selecting: NetworkConfiguration.selection([]))
    guard let object = document?.object else { return .latest }
    return (try? NetworkConfiguration.version(JSONFields(object, ignoringCase: true))) ?? .latest
  }
}
