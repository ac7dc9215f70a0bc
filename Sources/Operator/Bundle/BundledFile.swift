internal import JSON
internal import YAML

/// What of a file may leave the node. What is not understood may hold secrets where they cannot be found: it stays.
enum BundledFile {
  /// This, without secrets.
  case text([UInt8])
  /// Nothing, for this reason.
  case unsafe(String)

  /// A network configuration. Kubeconfigs and keys lie beside them.
  static func configuration(_ content: [UInt8]) -> BundledFile {
    guard let value = try? JSONValue(parsing: content), let object = value.object else {
      return .unsafe("it does not parse, and may hold secrets; doctor tells its fault")
    }
    guard object["plugins"] != nil || object["type"] != nil else {
      return .unsafe("it is no network configuration, and may hold secrets")
    }
    return redacted(content, [value])
  }

  /// Pool documents.
  static func pools(_ content: [UInt8]) -> BundledFile {
    var values: [JSONValue] = []
    for document in YAMLText.documents(in: content) {
      guard let value = (try? document.get())?.value, let object = value.object else {
        return .unsafe("it does not parse, and may hold secrets; doctor tells its fault")
      }
      guard
        object["apiVersion"]?.string?.hasPrefix("spiderpool.spidernet.io/") ?? false
          || object["kind"]?.string?.hasPrefix("Spider") ?? false
      else { return .unsafe("it holds more than pools, perhaps secrets") }
      values.append(value)
    }
    return redacted(content, values)
  }

  /// The end of an operation log; its first line may have lost its beginning.
  static func log(_ content: [UInt8]) -> BundledFile {
    var kept: [UInt8] = []
    var strangers = 0
    for line in content.split(separator: 0x0A) {
      guard let value = try? JSONValue(parsing: Array(line)), value.object?["command"] != nil else {
        strangers += 1
        continue
      }
      let clean = Redaction.redacted(value)
      kept += (clean == value ? Array(line) : clean.serialized()) + [0x0A]
    }
    // A path that leads to somebody else's file.
    return kept.isEmpty && strangers > 0 ? .unsafe("it is no operation log") : .text(kept)
  }

  /// As it was written where there is nothing to hide, since findings name its lines.
  private static func redacted(_ content: [UInt8], _ values: [JSONValue]) -> BundledFile {
    let clean = values.map(Redaction.redacted)
    guard clean != values else { return .text(content) }
    return .text(Array(clean.map { $0.serialized(indented: true) + [0x0A] }.joined()))
  }
}
