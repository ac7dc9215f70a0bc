internal import CYAML
internal import JSON

/// Turns libyaml's events into a value.
///
/// Refused beyond the grammar: aliases (a few lines of them stand for gigabytes), names that occur twice, names
/// that are no text, and nesting deeper than `maximumDepth`.
struct YAMLReader {
  private static let maximumDepth = 64

  /// The line of the text on which this part of it starts.
  private let firstLine: Int
  private var lines: [String: Int] = [:]

  init(firstLine: Int) { self.firstLine = firstLine }

  /// Reads a text that holds one document at most; `nil` when it holds none.
  mutating func document(in text: [UInt8]) throws(YAMLError) -> YAMLDocument? {
    let events: [YAMLEvent]
    do throws(YAMLError) {
      events = try YAMLEvent.all(in: text, maximumDepth: Self.maximumDepth)
    } catch {
      throw YAMLError(problem: error.problem, line: error.line + firstLine)
    }
    var rest = events[...]
    guard let first = rest.first else { return nil }
    let value = try value(&rest, path: "")
    if let extra = rest.first { throw fault("a second value where the document ends", extra) }
    return value == .null ? nil : YAMLDocument(value: value, line: first.line + firstLine, lines: lines)
  }

  private mutating func value(
    _ events: inout ArraySlice<YAMLEvent>, path: String
  ) throws(YAMLError) -> JSONValue {
    guard let event = events.popFirst() else {
      throw YAMLError(problem: "the document ends where a value is expected", line: firstLine)
    }
    if !path.isEmpty { lines[path] = event.line + firstLine }
    switch event.kind {
    case .scalar(let text, let isPlain): return isPlain ? Self.plain(text) : .string(text)
    case .alias: throw fault("aliases (*name) are not supported; write the value itself", event)
    case .sequenceStart: return try sequence(&events, path: path)
    case .mappingStart: return try mapping(&events, path: path)
    case .sequenceEnd, .mappingEnd: throw fault("an end where a value is expected", event)
    }
  }

  private mutating func sequence(
    _ events: inout ArraySlice<YAMLEvent>, path: String
  ) throws(YAMLError) -> JSONValue {
    var elements: [JSONValue] = []
    while let next = events.first, next.kind != .sequenceEnd {
      elements.append(try value(&events, path: "\(path)[\(elements.count)]"))
    }
    _ = events.popFirst()
    return .array(elements)
  }

  private mutating func mapping(
    _ events: inout ArraySlice<YAMLEvent>, path: String
  ) throws(YAMLError) -> JSONValue {
    var object = JSONObject()
    while let next = events.first, next.kind != .mappingEnd {
      guard case .scalar(let name, _) = next.kind else { throw fault("a name that is no text", next) }
      events.removeFirst()
      guard object[name] == nil else { throw fault("the name \"\(name)\" occurs twice in one mapping", next) }
      let path = path.isEmpty ? name : "\(path).\(name)"
      object[name] = try value(&events, path: path)
      lines[path] = next.line + firstLine
    }
    _ = events.popFirst()
    return .object(object)
  }

  /// The core schema (YAML 1.2.2, section 10.3.2), as far as JSON can write its values.
  private static func plain(_ text: String) -> JSONValue {
    switch text {
    case "", "~", "null", "Null", "NULL": return .null
    case "true", "True", "TRUE": return .bool(true)
    case "false", "False", "FALSE": return .bool(false)
    default:
      // What JSON takes for a number YAML takes for one too; `1.2.3.4`, `012` and `0x1F` stay text.
      if case .number(let number)? = try? JSONValue(parsing: Array(text.utf8)) { return .number(number) }
      return .string(text)
    }
  }

  private func fault(_ problem: String, _ event: YAMLEvent) -> YAMLError {
    YAMLError(problem: problem, line: event.line + firstLine)
  }
}
