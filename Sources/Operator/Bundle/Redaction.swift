internal import JSON

/// Leaves secrets out of what leaves the node.
enum Redaction {
  /// A document without the values of members whose name sounds like a secret.
  static func redacted(_ value: JSONValue) -> JSONValue {
    switch value {
    case .array(let elements): return .array(elements.map(redacted))
    case .object(let object):
      var clean = JSONObject()
      for (name, value) in object.members {
        clean[name] = isSecret(name) ? .string("(left out)") : redacted(value)
      }
      return .object(clean)
    default: return value
    }
  }

  private static let words = ["password", "passwd", "secret", "token", "credential", "privatekey", "apikey"]

  private static func isSecret(_ name: String) -> Bool {
    let plain = name.lowercased().filter { $0 != "-" && $0 != "_" }
    return words.contains(where: plain.contains)
  }
}
