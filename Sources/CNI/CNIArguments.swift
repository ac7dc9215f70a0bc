/// CNI_ARGS: `K=V` pairs separated by semicolons.
public struct CNIArguments: Sendable, Hashable {
  /// The keys that the plugin or its allocators read, and those that Kubernetes sends.
  static let knownKeys: Set<String> = [
    "IgnoreUnknown", "IP", "GATEWAY", "MAC", "K8S_POD_NAMESPACE", "K8S_POD_NAME",
    "K8S_POD_INFRA_CONTAINER_ID",
    "K8S_POD_UID",
  ]

  private let values: [String: String]

  /// No arguments.
  public init() { values = [:] }

  /// Reads the variable.
  /// - Throws: ``CNIError`` with code 4 for a pair without `=`, a key without name, and a key that is not
  ///   known unless `IgnoreUnknown` says 1 or true.
  public init(_ text: String) throws(CNIError) {
    var values: [String: String] = [:]
    for pair in text.split(separator: ";") {
      guard let equals = pair.firstIndex(of: "="), equals > pair.startIndex else {
        throw CNIError(
          code: .invalidEnvironment, message: "CNI_ARGS has \"\(pair)\", which is not of the form KEY=VALUE",
          details: "CNI_ARGS is \"\(text)\"")
      }
      values[String(pair[..<equals])] = String(pair[pair.index(after: equals)...])
    }
    let ignoresUnknown = ["1", "true", "TRUE", "True", "t", "T"].contains(values["IgnoreUnknown"] ?? "")
    if !ignoresUnknown, let unknown = values.keys.sorted().first(where: { !Self.knownKeys.contains($0) }) {
      throw CNIError(
        code: .invalidEnvironment,
        message: "CNI_ARGS has the unknown key \"\(unknown)\" with value \"\(values[unknown] ?? "")\"",
        details: "add IgnoreUnknown=1 to pass keys that a plugin does not know")
    }
    self.values = values
  }

  /// The value of a key; `nil` when it is absent or empty.
  public subscript(key: String) -> String? { values[key].flatMap { $0.isEmpty ? nil : $0 } }
}
