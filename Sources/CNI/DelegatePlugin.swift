package import JSON
package import Platform

/// Another plugin that does a part of the work, such as IPAM (CNI SPEC 1.1.0, section 4).
package struct DelegatePlugin: Sendable, Hashable {
  /// The plugin's type.
  package let type: String
  /// The path of its executable.
  package let executable: String
  /// A plugin that has not answered after so many seconds is killed.
  package static let timeLimit = 60

  /// Finds the executable of `type` in the directories of CNI_PATH, in their order.
  /// - Throws: ``CNIError`` with code 7 for a type that is no file name, 4 when no directory has it.
  package init(type: String, in path: [String]) throws(CNIError) {
    // By bytes, as the kernel looks: "/" with a combining accent is one character, and another one than "/".
    guard !type.isEmpty, type != ".", type != "..", !type.utf8.contains(where: { $0 == 0x2F || $0 == 0 })
    else {
      throw CNIError(
        code: .invalidConfiguration, message: "plugin type \"\(type)\" is not the name of an executable")
    }
    self.type = type
    guard let found = path.map({ "\($0)/\(type)" }).first(where: Files.isRegularFile) else {
      throw CNIError(
        code: .invalidEnvironment, message: "plugin \"\(type)\" is in no directory of CNI_PATH",
        details: path.isEmpty ? "CNI_PATH is not set" : "searched \(path.joined(separator: ", "))")
    }
    executable = found
  }

  /// Whether the executable is the one that this process runs, under whatever name.
  package var isThisExecutable: Bool { Files.isSameFile(executable, "/proc/self/exe") }

  /// Runs the plugin as IPAM plugin, with the request's own environment and configuration.
  ///
  /// - Returns: its result; `nil` for commands that have none.
  /// - Throws: ``CNIError``: the plugin's own error, or code 5 for one that gave no proper answer.
  ///
  /// - Parameter variables: further variables for its environment.
  @discardableResult
  package func run(
    _ command: Command, _ request: Request, variables: KeyValuePairs<String, String> = [:]
  ) throws(CNIError) -> CNIResult? {
    var environment = request.environment
    for (name, value) in variables { environment[name] = value }
    guard let answer = try call(command, environment, input: request.configuration.bytes) else { return nil }
    do throws(JSONFieldError) {
      return try CNIResult(ofIPAM: JSONFields(answer, ignoringCase: true))
    } catch {
      throw unusable(error)
    }
  }

  /// Runs the plugin.
  ///
  /// - Parameters:
  ///   - environment: all of its environment but CNI_COMMAND.
  ///   - input: its stdin.
  /// - Returns: the result as the plugin wrote it; `nil` for commands that have none.
  /// - Throws: ``CNIError``: the plugin's own error, or code 5 for one that gave no proper answer.
  package func call(
    _ command: Command, _ environment: Environment, input: [UInt8]
  ) throws(CNIError) -> JSONObject? {
    var environment = environment
    environment["CNI_COMMAND"] = command.rawValue
    let process = Subprocess(
      executable: executable, environment: environment, input: input, timeLimit: Self.timeLimit)
    let outcome = try start(process)
    switch outcome.end {
    case .exited(0): return command == .add ? try object(outcome.output) : nil
    case .exited(let status): throw failure(outcome.output, "ended with status \(status)")
    case .killed(let signal): throw failure([], "was killed by signal \(signal)")
    case .timedOut: throw failure([], "gave no answer within \(Self.timeLimit) s and was killed")
    case .wroteTooMuch: throw failure([], "wrote more than \(process.maximumOutput >> 20) MiB and was killed")
    }
  }

  /// What is said of a result that is an object, and not one of the specification's.
  package func unusable(_ error: JSONFieldError) -> CNIError {
    failure([], "answered with a result that cannot be used: \(error)")
  }

  /// A file that is still being written cannot be executed (ETXTBSY): an installer is at work.
  private func start(_ process: Subprocess) throws(CNIError) -> Subprocess.Outcome {
    var attempts = 0
    while true {
      do throws(Errno) {
        return try process.run()
      } catch  where error == .textFileBusy && attempts < 8 {
        attempts += 1
        pause(milliseconds: 20 << attempts)
      } catch {
        throw CNIError(
          code: .ioFailure, message: "plugin \"\(type)\" cannot be started",
          details: "\(executable): \(error)")
      }
    }
  }

  private func object(_ output: [UInt8]) throws(CNIError) -> JSONObject {
    guard let object = (try? JSONValue(parsing: output))?.object else {
      throw failure([], "succeeded, but its answer is not a JSON object: \(excerpt(output))")
    }
    return object
  }

  /// The plugin's own error document, or what can be said without one.
  private func failure(_ output: [UInt8], _ end: String) -> CNIError {
    let fields = (try? JSONValue(parsing: output))?.object.map { JSONFields($0, ignoringCase: true) }
    if let fields, let code = try? fields.int("code", in: 0...Int(UInt32.max)),
      let message = try? fields.string("msg")
    {
      return CNIError(
        code: ErrorCode(rawValue: code), message: message,
        details: (try? fields.string("details")).flatMap { $0 } ?? "")
    }
    return CNIError(
      code: .ioFailure, message: "plugin \"\(type)\" \(end)",
      details: output.isEmpty ? executable : "\(executable): \(excerpt(output))")
  }

  private func excerpt(_ output: [UInt8]) -> String { String(decoding: output.prefix(200), as: UTF8.self) }
}
