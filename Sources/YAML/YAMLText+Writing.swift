internal import JSON

extension YAMLText {
  /// A text as a value that every reader takes for a text: YAML 1.1 has more words and numbers than one thinks, and
  /// kubectl reads them.
  package static func scalar(_ text: String) -> String {
    let isPlain =
      (text.utf8.first.map { (0x61...0x7A).contains($0 | 0x20) } ?? false)
      && text.utf8.allSatisfy { byte in
        (0x61...0x7A).contains(byte | 0x20) || (0x30...0x39).contains(byte) || byte == 0x2D || byte == 0x2E
      }
      && !["y", "n", "yes", "no", "on", "off", "true", "false", "null"].contains(text.lowercased())
    return isPlain ? text : String(decoding: JSONValue.string(text).serialized(), as: UTF8.self)
  }
}
