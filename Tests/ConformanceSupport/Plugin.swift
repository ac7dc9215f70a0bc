internal import Glibc
public import JSON

/// The plugin's executable, called as a runtime calls it.
public struct Plugin: Sendable {
  /// A command of the protocol.
  public enum Command: String, Sendable, CaseIterable {
    case add = "ADD"
    case check = "CHECK"
    case delete = "DEL"
    case gc = "GC"
    case status = "STATUS"
    case version = "VERSION"
  }

  /// The directory that holds `ipvlan` and `ippool`: $IPVLAN_DIST, by scripts/test dist/ of this repository.
  public static let directory = environmentVariable("IPVLAN_DIST") ?? "dist"
  /// Where the reference plugins lie.
  public static let referenceDirectory = "/usr/lib/cni"

  /// The path of the executable.
  public let executable: String

  /// An executable of dist/.
  public init(_ name: String = "ipvlan") { executable = "\(Self.directory)/\(name)" }

  /// The reference plugin of that name.
  public static func reference(_ name: String) -> Plugin {
    Plugin(executable: "\(referenceDirectory)/\(name)")
  }

  /// Another program in the plugin's place.
  public init(executable: String) { self.executable = executable }

  /// Calls the plugin with exactly this environment and stdin, in the node's namespace.
  ///
  /// - Parameter input: `nil` leaves stdin open without ever writing to it.
  public func call(
    _ environment: [String: String], input: [UInt8]?, on node: Node
  ) throws -> PluginReply {
    PluginReply(
      try Program(executable, environment: environment, input: input, seconds: 2 * patience).run(
        in: node.namespace))
  }
}

/// What the plugin answered.
public struct PluginReply: Sendable, CustomStringConvertible {
  /// How the process ended.
  public let completion: Completion

  init(_ completion: Completion) { self.completion = completion }

  /// Whether it returned 0.
  public var isSuccess: Bool { completion.isSuccess }
  /// The document on stdout; `nil` when there is none, or anything else than exactly one.
  public var document: JSONObject? { (try? JSONValue(parsing: completion.output))?.object }
  /// The code of an error document.
  public var code: Int? { isSuccess ? nil : document?["code"]?.int }
  /// The message of an error document.
  public var message: String { document?["msg"]?.string ?? "" }
  /// The details of an error document.
  public var details: String { document?["details"]?.string ?? "" }

  /// The addresses of a result with prefix lengths.
  public var addresses: [String] {
    (document?["ips"]?.array ?? []).compactMap { $0.object?["address"]?.string }
  }

  /// For a failed expectation.
  public var description: String { completion.description }
}
