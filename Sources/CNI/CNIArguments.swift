/// CNI_ARGS: `K=V` pairs separated by semicolons.
package struct CNIArguments: Sendable, Hashable {
  /// The keys that the plugin or its allocators read, and those that Kubernetes sends.
  static let knownKeys = [
    "IgnoreUnknown", "IP", "GATEWAY", "MAC", "K8S_POD_NAMESPACE", "K8S_POD_NAME",
    "K8S_POD_INFRA_CONTAINER_ID",
    "K8S_POD_UID",
  ]

  private struct Pair: Sendable, Hashable {
    let key: String
    let value: String
  }

  /// A handful, searched from the end: the last of a key that occurs twice counts.
  private var pairs: [Pair] = []

  /// No arguments.
  package init() {}

  /// Reads the variable as far as it can be read.
  init(lenient text: String) {
    for pair in text.utf8.split(separator: UInt8(ascii: ";")) { append(pair) }
  }

  /// Reads the variable.
  /// - Throws: ``CNIError`` with code 4 for a pair without `=`, a key without name, and a key that is not
  ///   known unless `IgnoreUnknown` says 1 or true.
  package init(_ text: String) throws(CNIError) {
    for pair in text.utf8.split(separator: UInt8(ascii: ";")) {
      guard append(pair) else {
        throw CNIError(
          code: .invalidEnvironment,
          message: "CNI_ARGS has \"\(Substring(pair))\", which is not of the form KEY=VALUE",
          details: "CNI_ARGS is \"\(text)\"")
      }
    }
    let ignoresUnknown = ["1", "true", "TRUE", "True", "t", "T"].contains(self["IgnoreUnknown"] ?? "")
    if !ignoresUnknown, let unknown = pairs.first(where: { !Self.knownKeys.contains($0.key) }) {
      throw CNIError(
        code: .invalidEnvironment,
        message: "CNI_ARGS has the unknown key \"\(unknown.key)\" with value \"\(unknown.value)\"",
        details: "add IgnoreUnknown=1 to pass keys that a plugin does not know")
    }
  }

  /// - Returns: whether it is a pair.
  @discardableResult
  private mutating func append(_ pair: Substring.UTF8View) -> Bool {
    guard let equals = pair.firstIndex(of: UInt8(ascii: "=")), equals > pair.startIndex else { return false }
    pairs.append(
      Pair(
        key: String(Substring(pair[..<equals])),
        value: String(Substring(pair[pair.index(after: equals)...]))))
    return true
  }

  /// The value of a key; `nil` when it is absent or empty.
  package subscript(key: String) -> String? {
    pairs.last { $0.key == key }.flatMap { $0.value.isEmpty ? nil : $0.value }
  }
}
