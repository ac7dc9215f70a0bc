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
          failure = unsafe YAMLError(problem: problem, line: Int(parser.problem_mark.line))
          return
        }
        isAtEnd = unsafe event.type == YAML_STREAM_END_EVENT
        let line = unsafe Int(event.start_mark.line)
        if let kind = unsafe kind(of: event) {
          events.append(YAMLEvent(kind: kind, line: line))
          depth += kind.step
        }
        unsafe yaml_event_delete(&event)
        if depth > maximumDepth {
          failure = YAMLError(problem: "lists and mappings are nested too deeply", line: line)
          return
        }
      }
    }
    if let failure { throw failure }
    return events
  }

  private static func kind(of event: yaml_event_t) -> Kind? {
    switch unsafe event.type {
    case YAML_SCALAR_EVENT:
      let scalar = unsafe event.data.scalar
      let text = unsafe String(
        decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
      return unsafe .scalar(text, isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE)
    case YAML_ALIAS_EVENT: return .alias
    case YAML_SEQUENCE_START_EVENT: return .sequenceStart
    case YAML_SEQUENCE_END_EVENT: return .sequenceEnd
    case YAML_MAPPING_START_EVENT: return .mappingStart
    case YAML_MAPPING_END_EVENT: return .mappingEnd
    default: return nil
    }
  }
}
