internal import JSON

/// Turns libyaml's events into a value.
///
/// Aliases and merge keys stand for what they mean, as kubectl takes them, within bounds: a few lines of them can
/// stand for gigabytes. Refused beyond the grammar: names that occur twice, names that are no text, and nesting
/// deeper than `maximumDepth`.
struct YAMLReader {
  private static let maximumDepth = 64
  /// How much may stand in a document by way of aliases, in bytes: as much as in a whole file.
  private static let largestExpansion = 1 << 20

  /// A value, and what it costs to repeat it.
  private struct Node {
    var value: JSONValue
    var size = 1
    var height = 0
  }

  /// The line of the text on which this part of it starts.
  private let firstLine: Int
  private var lines: [String: Int] = [:]
  private var anchors: [String: Node] = [:]
  private var expansion = 0

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
    let value = try node(&rest, path: "", depth: 0).value
    if let extra = rest.first { throw fault("a second value where the document ends", extra) }
    return value == .null ? nil : YAMLDocument(value: value, line: first.line + firstLine, lines: lines)
  }

  private mutating func node(
    _ events: inout ArraySlice<YAMLEvent>, path: String, depth: Int
  ) throws(YAMLError) -> Node {
    guard let event = events.popFirst() else {
      throw YAMLError(problem: "the document ends where a value is expected", line: firstLine)
    }
    if !path.isEmpty { lines[path] = event.line + firstLine }
    let node: Node
    switch event.kind {
    case .scalar(let text, let isPlain):
      node = Node(value: try scalar(text, isPlain: isPlain, event), size: 1 + text.utf8.count)
    case .alias: return try alias(event, depth: depth)
    case .sequenceStart: node = try sequence(&events, event, path: path, depth: depth)
    case .mappingStart: node = try mapping(&events, event, path: path, depth: depth)
    case .sequenceEnd, .mappingEnd: throw fault("an end where a value is expected", event)
    }
    // Only now: an alias inside of it would stand for something without end.
    if let anchor = event.anchor { anchors[anchor] = node }
    return node
  }

  private mutating func alias(_ event: YAMLEvent, depth: Int) throws(YAMLError) -> Node {
    let name = event.anchor ?? ""
    guard let node = anchors[name] else {
      throw fault("the alias *\(name) has no anchor &\(name) before it, or lies inside of it", event)
    }
    expansion += node.size
    guard expansion <= Self.largestExpansion else {
      throw fault("the aliases of the document stand for too much", event)
    }
    guard depth + node.height <= Self.maximumDepth else {
      throw fault("lists and mappings are nested too deeply", event)
    }
    return node
  }

  private mutating func sequence(
    _ events: inout ArraySlice<YAMLEvent>, _ start: YAMLEvent, path: String, depth: Int
  ) throws(YAMLError) -> Node {
    try refuseTag(of: start, unless: "seq")
    var elements: [JSONValue] = []
    var (size, height) = (1, 0)
    while let next = events.first, next.kind != .sequenceEnd {
      let element = try node(&events, path: "\(path)[\(elements.count)]", depth: depth + 1)
      elements.append(element.value)
      (size, height) = (size + element.size, max(height, element.height))
    }
    _ = events.popFirst()
    return Node(value: .array(elements), size: size, height: height + 1)
  }

  private mutating func mapping(
    _ events: inout ArraySlice<YAMLEvent>, _ start: YAMLEvent, path: String, depth: Int
  ) throws(YAMLError) -> Node {
    try refuseTag(of: start, unless: "map")
    var object = JSONObject()
    var merged: [(object: JSONObject, line: Int)] = []
    var (size, height) = (1, 0)
    while let next = events.first, next.kind != .mappingEnd {
      guard case .scalar(let name, let isPlain) = next.kind else {
        throw fault("a name that is no text", next)
      }
      events.removeFirst()
      guard object[name] == nil else { throw fault("the name \"\(name)\" occurs twice in one mapping", next) }
      let memberPath = path.isEmpty ? name : "\(path).\(name)"
      let member = try node(&events, path: memberPath, depth: depth + 1)
      (size, height) = (size + name.utf8.count + member.size, max(height, member.height))
      lines[memberPath] = next.line + firstLine
      if name == "<<", next.tag == Self.core + "merge" || (isPlain && next.tag == nil) {
        merged += try objects(toMerge: member.value, next).map { ($0, next.line + firstLine) }
      } else {
        object[name] = member.value
      }
    }
    _ = events.popFirst()
    for (other, line) in merged {
      for (name, value) in other.members where object[name] == nil {
        object[name] = value
        lines[path.isEmpty ? name : "\(path).\(name)"] = line
      }
    }
    return Node(value: .object(object), size: size, height: height + 1)
  }

  /// A merge key brings the members of a mapping, or of several of which the first counts most; the mapping's own
  /// members count more (yaml.org/type/merge.html).
  private func objects(toMerge value: JSONValue, _ event: YAMLEvent) throws(YAMLError) -> [JSONObject] {
    if let object = value.object { return [object] }
    guard let objects = value.array?.map({ $0.object }), !objects.contains(nil) else {
      throw fault("the merge key << must have a mapping, or a list of mappings", event)
    }
    return objects.compactMap { $0 }
  }

  private static let core = "tag:yaml.org,2002:"

  private func scalar(_ text: String, isPlain: Bool, _ event: YAMLEvent) throws(YAMLError) -> JSONValue {
    switch event.tag {
    case nil: return isPlain ? Self.plain(text) : .string(text)
    case "!", Self.core + "str": return .string(text)
    case Self.core + "int", Self.core + "float", Self.core + "bool", Self.core + "null":
      let value = Self.plain(text)
      guard value.string == nil else { throw fault("\"\(text)\" is not what its tag says", event) }
      return value
    case let tag?: throw fault("the tag \(tag) is not supported", event)
    }
  }

  private func refuseTag(of event: YAMLEvent, unless name: String) throws(YAMLError) {
    guard let tag = event.tag, tag != "!", tag != Self.core + name else { return }
    throw fault("the tag \(tag) is not supported", event)
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
