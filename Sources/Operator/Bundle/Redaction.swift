internal import JSON

/// Leaves secrets out of what leaves the node.
enum Redaction {
  /// A document without the values of members whose name sounds like a secret, and without passwords in URLs.
  static func redacted(_ value: JSONValue) -> JSONValue {
    switch value {
    case .array(let elements): return .array(elements.map(redacted))
    case .object(let object):
      var clean = JSONObject()
      for (name, value) in object.members {
        clean[name] = isSecret(name) ? .string("(left out)") : redacted(value)
      }
      return .object(clean)
    case .string(let text): return .string(withoutUserInformation(text))
    default: return value
    }
  }

  private static let words = ["passw", "secret", "token", "credential", "key", "auth", "cookie"]

  private static func isSecret(_ name: String) -> Bool {
    let plain = name.lowercased()
    return words.contains(where: plain.contains)
  }

  /// `https://user:password@host` (RFC 3986, section 3.2.1); several URLs may stand in one text.
  private static func withoutUserInformation(_ text: String) -> String {
    let parts = text.split(separator: "://", omittingEmptySubsequences: false)
    guard parts.count > 1 else { return text }
    return parts[0]
      + parts.dropFirst().map { part in
        let authority = part.prefix { $0 != "/" && $0 != "," && $0 != " " }
        guard let at = authority.lastIndex(of: "@") else { return "://\(part)" }
        return "://(left out)\(part[at...])"
      }.joined()
  }
}
