/// What is wrong with a JSON text, and where.
public struct JSONSyntaxError: Error, Sendable, Hashable, CustomStringConvertible {
  /// What was expected or found.
  public let problem: String
  /// The line, counted from 1.
  public let line: Int
  /// The column in bytes, counted from 1.
  public let column: Int

  /// Describes a fault.
  public init(problem: String, line: Int, column: Int) {
    self.problem = problem
    self.line = line
    self.column = column
  }

  /// The problem with its place.
  public var description: String { "\(problem) at line \(line), column \(column)" }
}

extension JSONValue {
  /// Reads one JSON document; white space may surround it, nothing else may follow it.
  ///
  /// Refused beyond the grammar: invalid UTF-8, a name that occurs twice in one object (readers disagree
  /// on which counts), and nesting deeper than `maximumDepth` (the parser recurses).
  /// - Parameter selection: of one object only the members that are wanted; in the others no fault is found but one
  ///   that hides their end.
  /// - Throws: ``JSONSyntaxError`` with the position of the first fault.
  public init(
    parsing text: [UInt8], maximumDepth: Int = 64, selecting selection: JSONSelection? = nil
  ) throws(JSONSyntaxError) {
    var parser = JSONParser(text: text, remainingDepth: maximumDepth, selection)
    self = try parser.document()
  }
}

/// A recursive-descent parser over the bytes of the text.
struct JSONParser {
  private static let digits = UInt8(ascii: "0")...UInt8(ascii: "9")

  let text: [UInt8]
  var remainingDepth: Int
  private var position = 0
  private var selector: JSONSelector

  init(text: [UInt8], remainingDepth: Int, _ selection: JSONSelection?) {
    self.text = text
    self.remainingDepth = remainingDepth
    selector = JSONSelector(selection)
  }

  mutating func document() throws(JSONSyntaxError) -> JSONValue {
    let value = try value()
    skipWhitespace()
    guard position == text.count else { throw error("unexpected text after the JSON document") }
    return value
  }

  private mutating func value() throws(JSONSyntaxError) -> JSONValue {
    skipWhitespace()
    switch peek {
    case UInt8(ascii: "{"): return try nested { parser throws(JSONSyntaxError) in try parser.object() }
    case UInt8(ascii: "["): return try nested { parser throws(JSONSyntaxError) in try parser.array() }
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try literal("true", .bool(true))
    case UInt8(ascii: "f"): return try literal("false", .bool(false))
    case UInt8(ascii: "n"): return try literal("null", .null)
    case UInt8(ascii: "-"): return try number()
    case let byte? where JSONParser.digits.contains(byte): return try number()
    default: throw error("\(found) where a value is expected")
    }
  }

  private mutating func nested(
    _ body: (inout JSONParser) throws(JSONSyntaxError) -> JSONValue
  ) throws(JSONSyntaxError) -> JSONValue {
    guard remainingDepth > 0 else { throw error("arrays and objects are nested too deeply") }
    remainingDepth -= 1
    selector.open()
    defer {
      remainingDepth += 1
      selector.close()
    }
    position += 1
    return try body(&self)
  }

  private mutating func object() throws(JSONSyntaxError) -> JSONValue {
    var members = JSONObject()
    var wanted = selector.wanted
    skipWhitespace()
    if take(UInt8(ascii: "}")) { return .object(members) }
    repeat {
      skipWhitespace()
      guard peek == UInt8(ascii: "\"") else { throw error("\(found) where a member name is expected") }
      if let wanted, try passesOverMembers(wanted) { continue }
      try member(&members)
      if wanted != nil, let read = members.members.last, read.value != .null { wanted?.didRead(read.name) }
    } while take(UInt8(ascii: ","))
    guard take(UInt8(ascii: "}")) else { throw error("\(found) where ',' or '}' is expected") }
    return .object(members)
  }

  private mutating func member(_ members: inout JSONObject) throws(JSONSyntaxError) {
    let start = position
    let name = try string()
    guard members[name] == nil else {
      position = start
      throw error("the name \"\(name)\" occurs twice in one object")
    }
    try colon()
    let isOnPath = selector.enter(name)
    members.append(name, try value())
    if isOnPath { selector.leave() }
    skipWhitespace()
  }

  private mutating func colon() throws(JSONSyntaxError) {
    skipWhitespace()
    guard take(UInt8(ascii: ":")) else { throw error("\(found) where ':' is expected") }
  }

  /// Goes behind a member, or several, unless rules want the first.
  private mutating func passesOverMembers(_ rules: JSONNameRules) throws(JSONSyntaxError) -> Bool {
    let start = position
    position = JSONSkimmer.endOfUnread(rules, in: text.span, from: start)
    guard position == start else {
      skipWhitespace()
      return true
    }
    guard let end = JSONSkimmer.endOfString(in: text.span, from: start + 1) else { throw endless() }
    let name = start + 1..<end - 1
    let isWanted =
      text[name].contains(UInt8(ascii: "\\"))
      ? rules.read(Array(try string().utf8).span) : rules.read(text.span.extracting(name))
    position = start
    if isWanted { return false }
    position = end
    try colon()
    skipWhitespace()
    guard let next = JSONSkimmer.endOfValue(in: text.span, from: position) else { throw endless() }
    guard next > position else { throw error("\(found) where a value is expected") }
    position = next
    skipWhitespace()
    return true
  }

  private mutating func endless() -> JSONSyntaxError {
    position = text.count
    return error("the text ends inside of a value")
  }

  private mutating func array() throws(JSONSyntaxError) -> JSONValue {
    var elements: [JSONValue] = []
    skipWhitespace()
    if take(UInt8(ascii: "]")) { return .array(elements) }
    repeat {
      elements.append(try value())
      skipWhitespace()
    } while take(UInt8(ascii: ","))
    guard take(UInt8(ascii: "]")) else { throw error("\(found) where ',' or ']' is expected") }
    return .array(elements)
  }

  private mutating func literal(_ word: StaticString, _ value: JSONValue) throws(JSONSyntaxError) -> JSONValue
  {
    let word = Array("\(word)".utf8)
    guard text[position...].starts(with: word) else { throw error("a word that is not JSON") }
    position += word.count
    return value
  }

  private mutating func number() throws(JSONSyntaxError) -> JSONValue {
    let start = position
    _ = take(UInt8(ascii: "-"))
    if !take(UInt8(ascii: "0")) { try digits() }
    if take(UInt8(ascii: ".")) { try digits() }
    if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
      if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
      try digits()
    }
    return .number(JSONNumber(text: String(decoding: text[start..<position], as: UTF8.self)))
  }

  private mutating func digits() throws(JSONSyntaxError) {
    let start = position
    while let digit = peek, JSONParser.digits.contains(digit) { position += 1 }
    guard position > start else { throw error("\(found) where a digit is expected") }
  }

  private mutating func string() throws(JSONSyntaxError) -> String {
    position += 1
    let start = position
    while let byte = peek, byte >= 0x20, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") {
      position += 1
    }
    // Most strings have no escape.
    if peek == UInt8(ascii: "\""), let string = String(validating: text[start..<position], as: UTF8.self) {
      position += 1
      return string
    }
    var bytes = Array(text[start..<position])
    while let byte = peek {
      switch byte {
      case UInt8(ascii: "\""):
        position += 1
        guard let string = String(validating: bytes, as: UTF8.self) else {
          throw error("a string that is not valid UTF-8")
        }
        return string
      case UInt8(ascii: "\\"): try escape(&bytes)
      case 0..<0x20: throw error("an unescaped control character in a string")
      default:
        bytes.append(byte)
        position += 1
      }
    }
    throw error("the text ends inside of a string")
  }

  private mutating func escape(_ bytes: inout [UInt8]) throws(JSONSyntaxError) {
    position += 1
    guard let letter = peek else { throw error("the text ends inside of a string") }
    position += 1
    switch letter {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): bytes.append(letter)
    case UInt8(ascii: "b"): bytes.append(0x08)
    case UInt8(ascii: "f"): bytes.append(0x0C)
    case UInt8(ascii: "n"): bytes.append(0x0A)
    case UInt8(ascii: "r"): bytes.append(0x0D)
    case UInt8(ascii: "t"): bytes.append(0x09)
    case UInt8(ascii: "u"): bytes += String(Character(try unicodeEscape())).utf8
    default: throw error("an unknown escape in a string")
    }
  }

  /// Reads what follows `\u`, joining a surrogate pair.
  private mutating func unicodeEscape() throws(JSONSyntaxError) -> Unicode.Scalar {
    let first = try hexadecimal()
    if let scalar = Unicode.Scalar(first) { return scalar }
    guard (0xD800..<0xDC00).contains(first), take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else {
      throw error("half of a surrogate pair in a string")
    }
    let second = try hexadecimal()
    guard (0xDC00..<0xE000).contains(second),
      let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
    else { throw error("half of a surrogate pair in a string") }
    return scalar
  }

  private mutating func hexadecimal() throws(JSONSyntaxError) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = peek, let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else {
        throw error("a \\u escape without four hexadecimal digits")
      }
      value = value << 4 | UInt32(digit)
      position += 1
    }
    return value
  }

  private var peek: UInt8? { position < text.count ? text[position] : nil }

  private mutating func take(_ byte: UInt8) -> Bool {
    guard peek == byte else { return false }
    position += 1
    return true
  }

  private mutating func skipWhitespace() {
    while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
  }

  /// The byte at hand, for a message: quoted when printable, else in hexadecimal.
  private var found: String {
    guard let byte = peek else { return "the text ends" }
    return (0x21..<0x7F).contains(byte)
      ? "'\(Character(Unicode.Scalar(byte)))'" : "byte 0x\(String(byte, radix: 16))"
  }

  private func error(_ problem: String) -> JSONSyntaxError {
    let before = text[..<min(position, text.count)]
    let line = before.count { $0 == 0x0A } + 1
    let column = before.count - (before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0) + 1
    return JSONSyntaxError(problem: problem, line: line, column: column)
  }
}
