internal import CYAML

/// What libyaml's parser reports, without stream and document ends.
struct YAMLEvent: Sendable, Hashable {
  enum Kind: Sendable, Hashable {
    /// Text; plain text may stand for a number, a truth value or nothing.
    case scalar(String, isPlain: Bool)
    case alias
    case sequenceStart
    case sequenceEnd
    case mappingStart
    case mappingEnd

    /// By how much it changes the depth.
    var step: Int {
      switch self {
      case .scalar, .alias: 0
      case .sequenceStart, .mappingStart: 1
      case .sequenceEnd, .mappingEnd: -1
      }
    }
  }

  let kind: Kind
  /// Counted from 0.
  let line: Int
  /// The name that a value is given by `&name`; of an alias, the name that it uses.
  var anchor: String?
  /// The tag, with the handle `!!` written out.
  var tag: String?

  /// Parses a whole text, in which lists and mappings are nested `maximumDepth` deep at most: for each of its tokens
  /// libyaml looks at all that are open.
  static func all(in text: [UInt8], maximumDepth: Int) throws(YAMLError) -> [YAMLEvent] {
    var parser = unsafe yaml_parser_t()
    guard unsafe yaml_parser_initialize(&parser) == 1 else {
      throw YAMLError(problem: "out of memory", line: 0)
    }
    defer { unsafe yaml_parser_delete(&parser) }
    var events: [YAMLEvent] = []
    var failure: YAMLError?
    unsafe text.withUnsafeBufferPointer { buffer in
      unsafe yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING)
      unsafe yaml_parser_set_input_string(&parser, buffer.baseAddress, buffer.count)
      var isAtEnd = false
      var depth = 0
      while !isAtEnd {
        var event = unsafe yaml_event_t()
        guard unsafe yaml_parser_parse(&parser, &event) == 1 else {
          let problem = unsafe parser.problem.map { unsafe String(cString: $0) } ?? "it cannot be read"
          let line = unsafe Int(parser.problem_mark.line)
          failure = YAMLError(problem: cause(in: text, line: line) ?? problem, line: line)
          return
        }
        isAtEnd = unsafe event.type == YAML_STREAM_END_EVENT
        if let event = unsafe YAMLEvent(event) {
          events.append(event)
          depth += event.kind.step
        }
        unsafe yaml_event_delete(&event)
        if depth > maximumDepth {
          failure = YAMLError(
            problem: "lists and mappings are nested too deeply", line: events.last?.line ?? 0)
          return
        }
      }
    }
    if let failure { throw failure }
    return events
  }

  private init?(_ event: yaml_event_t) {
    line = unsafe Int(event.start_mark.line)
    switch unsafe event.type {
    case YAML_SCALAR_EVENT:
      let scalar = unsafe event.data.scalar
      let text = unsafe String(
        decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
      kind = unsafe .scalar(text, isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE)
      (anchor, tag) = unsafe (Self.text(scalar.anchor), Self.text(scalar.tag))
    case YAML_ALIAS_EVENT:
      kind = .alias
      anchor = unsafe Self.text(event.data.alias.anchor)
    case YAML_SEQUENCE_START_EVENT:
      kind = .sequenceStart
      let start = unsafe event.data.sequence_start
      (anchor, tag) = unsafe (Self.text(start.anchor), Self.text(start.tag))
    case YAML_MAPPING_START_EVENT:
      kind = .mappingStart
      let start = unsafe event.data.mapping_start
      (anchor, tag) = unsafe (Self.text(start.anchor), Self.text(start.tag))
    case YAML_SEQUENCE_END_EVENT: kind = .sequenceEnd
    case YAML_MAPPING_END_EVENT: kind = .mappingEnd
    default: return nil
    }
  }

  private static func text(_ pointer: UnsafeMutablePointer<yaml_char_t>?) -> String? {
    unsafe pointer.map { unsafe String(cString: $0) }
  }

  /// What cannot be seen in an editor, of which libyaml says that a key or a token is missing.
  private static func cause(in text: [UInt8], line: Int) -> String? {
    let lines = text.split(
      separator: 0x0A, maxSplits: line + 1, omittingEmptySubsequences: false)
    guard lines.indices.contains(line) else { return nil }
    if lines[line].starts(with: TextPart.byteOrderMark) {
      return "a byte order mark in the middle of the document: a line --- is missing before it"
    }
    return lines[line].prefix { $0 == 0x20 || $0 == 0x09 }.contains(0x09)
      ? "a tab in the indentation, where YAML takes blanks only" : nil
  }
}
