import JSON
import Platform

@testable import CNI

/// JSON as it is written in a test.
func json(_ text: String) throws -> JSONValue { try JSONValue(parsing: Array(text.utf8)) }

/// The environment of a complete ADD, with changes; an empty value removes a variable.
func environment(_ changes: [String: String] = [:]) -> Environment {
  var environment = Environment([
    "CNI_COMMAND": "ADD", "CNI_CONTAINERID": "c1", "CNI_NETNS": "/run/netns/c1", "CNI_IFNAME": "eth0",
    "CNI_PATH": "/opt/cni/bin:/usr/lib/cni",
  ])
  for (name, value) in changes { environment[name] = value }
  return environment
}

/// An input that is there at once.
struct GivenInput: InputSource {
  var bytes: [UInt8]
  var failure: Errno?

  init(_ text: String) { bytes = Array(text.utf8) }

  func readAll(limit: Int) throws(Errno) -> [UInt8] {
    if let failure { throw failure }
    guard bytes.count <= limit else { throw .fileTooLarge }
    return bytes
  }

  func readAvailable() -> [UInt8] { bytes }
}

/// An output that takes what it is given, or refuses it.
final class GivenOutput: OutputSink {
  var answer: [UInt8]?
  var remarks = ""
  let failure: Errno?

  init(failure: Errno? = nil) { self.failure = failure }

  func write(_ answer: [UInt8]) throws(Errno) {
    if let failure { throw failure }
    self.answer = answer
  }
  func remark(_ text: String) { remarks += text }
}

/// A plugin that notes what it was asked for, and answers as told.
final class RecordingPlugin: PluginCommands {
  var commands: [Command] = []
  var result = CNIResult()
  var failure: CNIError?

  func add(_ request: Request) throws(CNIError) -> CNIResult {
    try note(request)
    return result
  }
  func delete(_ request: Request) throws(CNIError) { try note(request) }
  func check(_ request: Request) throws(CNIError) { try note(request) }
  func collectGarbage(_ request: Request) throws(CNIError) { try note(request) }
  func status(_ request: Request) throws(CNIError) { try note(request) }

  private func note(_ request: Request) throws(CNIError) {
    commands.append(request.command)
    if let failure { throw failure }
  }
}
